import { readFileSync, rmSync, writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, testRedisUrl } from '@app/testing';
import { Client } from 'pg';
import { parse } from 'yaml';
import { describeWithPromtool, promtool } from './support/promtool';
import { keys, Stack } from './support/stack';

/** What is shipped for Prometheus and Grafana, against what the processes really show. */

const FOREVER = { min: 3_600_000, max: 3_600_000 };
const regions = ['cn-shanghai', 'cn-beijing'];
const hasRedis = testRedisUrl() !== null;
const root = join(__dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

interface Alert {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: Record<string, string>;
}
const alerts: Alert[] = parse(read('monitoring/alerts.yml')).groups.flatMap((group: { rules: Alert[] }) => group.rules);

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string; legendFormat: string }[];
}
const panels: Panel[] = JSON.parse(read('monitoring/grafana.json')).panels;
const drawn = panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));

let stack: Stack;
/** Before anybody has asked for anything. */
let fresh: Series[];

beforeAll(async () => {
  stack = await Stack.start({
    env: { VOD_REGIONS: regions.join(',') },
    queue: hasRedis ? 'redis' : 'postgres',
    emulator: { jobTimeMs: FOREVER },
  });
  // On a busy machine the first look takes longer than a scrape waits for it.
  await eventually('what the database holds is shown', async () =>
    (await scrape(stack.api.url)).includes('\nvodai_jobs{'),
  );
  fresh = seriesIn((await Promise.all(servers().map(({ url }) => scrape(url)))).join('\n'));
});
afterAll(() => stack.stop());

const servers = () => [stack.api, ...stack.workers, ...stack.webhooks];

async function scrape(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status).toBe(200);
  return answer.text();
}

interface Series {
  name: string;
  labels: Record<string, string>;
  value: number;
}

function seriesIn(text: string): Series[] {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, is]) => [label, is])),
    value: Number(value),
  }));
}

interface Selector {
  name: string;
  matchers: { label: string; how: string; value: string }[];
}

function selectorsIn(expr: string): Selector[] {
  return [...expr.matchAll(/\b((?:vodai|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', matchers = '']) => ({
      name,
      matchers: [...matchers.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(
        ([, label = '', how = '', value = '']) => ({
          label,
          how,
          value,
        }),
      ),
    }),
  );
}

/** One for each value that a selector names: `a|b` wants both. */
function alternativesOf({ name, matchers }: Selector): Selector[] {
  return matchers.reduce<Selector[]>(
    (made, matcher) =>
      made.flatMap((one) =>
        (matcher.how === '=~' ? matcher.value.split('|') : [matcher.value]).map((value) => ({
          name,
          matchers: [...one.matchers, { ...matcher, value }],
        })),
      ),
    [{ name, matchers: [] }],
  );
}

function matching(series: Series[], { name, matchers }: Selector): Series[] {
  return series.filter(
    (one) =>
      one.name === name &&
      matchers.every(({ label, how, value }) =>
        how === '=~' ? new RegExp(`^(?:${value})$`).test(one.labels[label] ?? '') : one.labels[label] === value,
      ),
  );
}

/** `expr` with its variables filled in. */
function filledIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll('$region', '.*');
}

describe('Alerts', () => {
  const conditions = alerts.map(({ alert, expr }) => ({ alert, selectors: selectorsIn(expr).flatMap(alternativesOf) }));

  it.each(conditions.filter(({ selectors }) => selectors.length > 0))(
    '$alert reads series that are there before anything happens, in every region',
    ({ alert, selectors }) => {
      if (alert === 'VodaiQueueStoreMayEvict' && !hasRedis) return; // nothing could evict
      for (const selector of selectors) {
        const found = matching(fresh, selector);
        expect({ selector, found: found.length > 0 }).toEqual({ selector, found: true });
        if (found.some(({ labels }) => 'region' in labels)) {
          expect(new Set(found.map(({ labels }) => labels['region']))).toEqual(new Set(regions));
        }
      }
    },
  );

  it.each(alerts)('$alert says what is wrong, how bad that is, and what to do', ({ alert, labels, annotations }) => {
    expect(['page', 'ticket']).toContain(labels.severity);
    expect(Object.keys(annotations).toSorted()).toEqual(['description', 'runbook', 'summary']);
    expect(annotations['description']?.length).toBeGreaterThan(60);
    expect(`${alert} ${annotations['runbook']}`).toMatch(/ docs\/operations\.md#[\w-]+$/);
  });

  it('are those of the table in docs/operations.md, which links to where their runbooks lead', () => {
    const operations = read('docs/operations.md');
    const rows = [...operations.matchAll(/^\| `(Vodai\w+)` +\| (\w+) +\|.*\]\((#[\w-]+)\) +\|$/gm)];
    const told = rows.map(([, alert, severity, anchor]) => ({
      alert,
      severity,
      runbook: `docs/operations.md${anchor}`,
    }));
    const shipped = alerts.map(({ alert, labels, annotations }) => ({
      alert,
      severity: labels.severity,
      runbook: annotations['runbook'],
    }));
    const byName = (a: { alert?: string | undefined }, b: { alert?: string | undefined }) =>
      String(a.alert) < String(b.alert) ? -1 : 1;
    expect(told.toSorted(byName)).toEqual(shipped.toSorted(byName));
    const anchors = [...operations.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const { runbook } of shipped) expect(anchors).toContain(runbook?.split('#')[1]);
  });

  it('each have a test that makes them fire', () => {
    const tests = read('monitoring/alerts.test.yml');
    for (const { alert } of alerts) expect(tests).toContain(`ALERTS{alertname="${alert}", alertstate="firing", `);
  });
});

describe('The dashboard', () => {
  it('draws metrics and labels that there are', async () => {
    await stack.get('/v1/jobs');
    const seen = seriesIn((await Promise.all(servers().map(({ url }) => scrape(url)))).join('\n'));
    expect(drawn.length).toBeGreaterThan(20);
    for (const { title, expr, legendFormat } of drawn) {
      const known = new Set(['job', 'instance', 'le']);
      for (const { name } of selectorsIn(expr)) {
        if (name === 'vodai_queue_store_may_evict' && !hasRedis) continue;
        const found = seen.filter((one) => one.name === name);
        expect({ title, name, found: found.length > 0 }).toEqual({ title, name, found: true });
        for (const { labels } of found) for (const label of Object.keys(labels)) known.add(label);
      }
      const used = [
        ...selectorsIn(expr).flatMap(({ matchers }) => matchers.map(({ label }) => label)),
        ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/, */)),
        ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label),
      ];
      for (const label of used)
        expect({ title, label, isKnown: known.has(label ?? '') }).toEqual({ title, label, isKnown: true });
    }
  });

  it('leaves out only what is no help to look at', () => {
    const shown = new Set(
      drawn.flatMap(({ expr }) => selectorsIn(expr).map(({ name }) => name.replace(/_(bucket|count|sum)$/, ''))),
    );
    const served = fresh.map(({ name }) => name).filter((name) => name.startsWith('vodai_'));
    const left = [...new Set(served.map((name) => name.replace(/_(bucket|count|sum)$/, '')))].filter(
      (name) => !shown.has(name),
    );
    expect(left).toEqual([]);
  });

  it('has a place for every panel, and none over another', () => {
    const cells = new Set<string>();
    for (const { gridPos } of panels as unknown as { gridPos: { x: number; y: number; w: number; h: number } }[]) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(cells.has(`${x} ${y}`)).toBe(false);
          cells.add(`${x} ${y}`);
        }
      }
    }
  });
});

describeWithPromtool('promtool', () => {
  it('finds nothing wrong with the rules, their tests pass, and the example of a scrape is one', () => {
    for (const args of [
      ['check', 'rules', 'monitoring/alerts.yml'],
      ['test', 'rules', 'monitoring/alerts.test.yml'],
      ['check', 'config', 'monitoring/prometheus.yml'],
    ]) {
      expect({ args, ...promtool(args) }).toEqual({ args, status: 0, output: expect.stringContaining('SUCCESS') });
    }
  });

  it('reads every expression of the dashboard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vodai-rules-'));
    try {
      const file = join(folder, 'panels.json'); // JSON is YAML
      const rules = drawn.map(({ expr }, i) => ({ record: `panel:${i}`, expr: filledIn(expr) }));
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
      expect(promtool(['check', 'rules', file])).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("has no complaint about any process's metrics, the emulator's included", async () => {
    await stack.untilJob((await stack.enqueue('for-the-metrics')).jobs[0].id, 'processing');
    await stack.call('POST', '/v1/jobs', { body: {}, key: keys.viewer });
    for (const url of [...servers().map((server) => server.url), stack.emulatorUrl]) {
      const text = await (await fetch(`${url}/metrics`)).text();
      expect({ url, ...promtool(['check', 'metrics'], text) }).toEqual({ url, status: 0, output: '' });
    }
  });
});

describe('What the database holds', () => {
  const gauges = async () => seriesIn(await scrape(stack.api.url));
  const value = (series: Series[], name: string, labels: Record<string, string>) =>
    series.find((one) => one.name === name && Object.entries(labels).every(([label, is]) => one.labels[label] === is))
      ?.value;
  const shanghai = { region: 'cn-shanghai' };
  const tagging = { type: 'AIVideoTag', ...shanghai };

  it('is shown as it stands: accepted, waiting, at VOD, late, and whether somebody works', async () => {
    const accepted = value(await gauges(), 'vodai_jobs_accepted_total', tagging) ?? 0;
    const before = value(await gauges(), 'vodai_jobs_in_flight', tagging) ?? 0;
    const [worker] = stack.workers;
    const { jobs } = await stack.enqueue('at-vod', ['AIVideoTag']);
    await stack.untilJob(jobs[0].id, 'processing');
    await eventually(
      'it is in flight',
      async () => value(await gauges(), 'vodai_jobs_in_flight', tagging) === before + 1,
    );
    expect(value(await gauges(), 'vodai_workers_alive', shanghai)).toBe(1);
    expect(value(await gauges(), 'vodai_oldest_wait_seconds', shanghai)).toBe(0);

    if (worker) await stack.stopWorker(worker);
    await stack.enqueue('waits', ['AIVideoTag']);
    await eventually('it waits, and nobody is there', async () => {
      const seen = await gauges();
      return (
        value(seen, 'vodai_jobs', { ...tagging, state: 'queued' }) === 1 &&
        value(seen, 'vodai_workers_alive', shanghai) === 0 &&
        (value(seen, 'vodai_oldest_wait_seconds', shanghai) ?? 0) > 0
      );
    });
    // One that says that it lives, and does nothing.
    await stack.query(
      `insert into process (id, role, host, version, regions, submit_qps, collect_qps, max_in_flight, started_at, last_seen_at)
       values (gen_random_uuid(), 'worker', 'h', '0', '{cn-shanghai}', 30, 20, 0, now(), now())`,
    );
    await stack.query(`update job set due_at = now() - interval '10 minutes' where id = $1`, [jobs[0].id]);
    await eventually(
      'it is late',
      async () => (value(await gauges(), 'vodai_late_alarm_seconds', shanghai) ?? 0) >= 600,
    );
    await stack.query(`delete from process where host = 'h'`);
    expect(value(await gauges(), 'vodai_jobs_accepted_total', tagging)).toBe(accepted + 2);
    await stack.startWorker();
    await eventually('somebody came', async () => {
      const seen = await gauges();
      return (
        value(seen, 'vodai_workers_alive', shanghai) === 1 && value(seen, 'vodai_late_alarm_seconds', shanghai) === 0
      );
    });
  });

  it('is not shown while Postgres is away, and everything else is; who meets that is in the log', async () => {
    const server = new URL(stack.database.url);
    const name = server.pathname.slice(1);
    server.pathname = '/postgres';
    const admin = new Client({ connectionString: server.href });
    await admin.connect();
    try {
      await admin.query(`alter database ${name} allow_connections false`);
      await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name like 'vodai-%'`,
        [name],
      );
      await eventually(
        'the gauges are gone',
        async () => value(await gauges(), 'vodai_jobs', { state: 'held' }) === undefined,
      );
      expect((await stack.get('/v1/jobs')).status).toBe(503);
      const line = stack.logLines.find((each) => each.includes('"msg":"unavailable"'));
      expect(JSON.parse(line ?? '{}')).toMatchObject({ process: 'api', path: '/v1/jobs', client: 'vera' });
      const seen = await gauges();
      expect(value(seen, 'vodai_store_up', { store: 'postgres' })).toBe(0);
      expect(value(seen, 'vodai_workers_alive', shanghai)).toBeUndefined();
      expect(value(seen, 'vodai_jobs_accepted_total', tagging)).toBeGreaterThan(0);
      expect(value(seen, 'vodai_build_info', {})).toBe(1);
    } finally {
      await admin.query(`alter database ${name} allow_connections true`);
      await admin.end();
    }
    await eventually('they are back', async () => value(await gauges(), 'vodai_workers_alive', shanghai) === 1);
  });
});
