import { eventually } from '@app/testing';
import { faultRule, unlimited } from '@app/vod-emulator';
import { keys, Stack } from '../support/stack';
import { makeDueEarly } from './support/alarms';
import { audit } from '../support/auditor';
import { drawSeed, isFull, report } from './support/report';

const requestsOfEach = isFull ? 40 : 3;

/** Every way in which the answer to a paid call gets lost or says less than it should. VOD has billed all of them. */
const billed = {
  drop_after: { fault: 'drop_after' },
  reset: { fault: 'reset' },
  truncated: { fault: 'truncated' },
  garbage: { fault: 'garbage' },
  delay: { fault: 'delay', ms: 5_000 },
  html_200: { fault: 'html_after', status: 200 },
  html_502: { fault: 'html_after', status: 502 },
  http_500: { fault: 'http_5xx_after', status: 500 },
  http_503: { fault: 'http_5xx_after', status: 503, code: null },
  no_code_500: { fault: 'no_code_500' },
  left_out: { fault: 'missing_type' },
} as const;

/** The same trouble, but the call never came to VOD's work. Nothing was billed, and from here it looks the same. */
const unbilled = {
  drop_before: { fault: 'drop_before' },
  html_before: { fault: 'html_before', status: 502 },
  http_before: { fault: 'http_5xx_before', status: 503 },
} as const;

const kinds = { ...billed, ...unbilled };
type Kind = keyof typeof kinds;

const times = {
  VOD_TIMEOUT: '3s',
  LEASE: '7s',
  POLL_FIRST: '500ms',
  POLL_MAX: '2s',
  RECOVER_AFTER: '100ms,300ms,1s',
  RECOVER_GRACE: '7s',
  SUBMIT_QPS: '1000',
  COLLECT_QPS: '1000',
};

/** What each rung can do alone: find what was billed, and get what was not billed to VOD after all. */
const rungs = [
  { name: 'an echoed Extend', by: 'extend', resend: 'false', finds: true, sendsAgain: false },
  { name: 'an unknown event', by: 'event', resend: 'false', finds: true, sendsAgain: false },
  { name: "VOD's list", by: 'listing', resend: 'false', finds: true, sendsAgain: true },
  { name: 'the same request again', by: 'none', resend: 'true', finds: false, sendsAgain: true },
  { name: 'the whole ladder', by: 'extend,event,listing', resend: 'true', finds: true, sendsAgain: true },
];

describe('Lost answers', () => {
  // Most of the time is waiting.
  it.concurrent.each(rungs)(
    'row 15, row 20, row 21: are found by $name or held, and never paid for twice',
    async ({ name, by, resend, finds, sendsAgain }) => {
      const seed = drawSeed(`lost answers, by ${name}`);
      // A request of which one type is known cannot be sent again, and is decided only when its signature has expired.
      const own = (Object.keys(kinds) as Kind[]).filter((kind) => finds || kind !== 'left_out');
      // Only the first answer of each is lost: what is sent again gets through.
      const medias = Array.from({ length: requestsOfEach }, (_, i) =>
        own.map((kind) => ({ kind, media: `${kind}-${i}` })),
      );
      const faults = medias
        .flat()
        .map(({ kind, media }) => faultRule('SubmitAIJob', kinds[kind], { mediaId: media, limit: 1 }, media));
      const stack = await Stack.start({
        env: { ...times, RECOVER_BY: by, RESEND_PINNED: resend },
        emulator: { faults, faultSeed: seed, seed, echoExtend: by.includes('extend'), qps: unlimited },
      });
      try {
        await stack.enqueue('well-1', ['AIVideoTag', 'AIMediaDNA']); // what proves that VOD lists such jobs at all
        for (const { media } of medias.flat()) await stack.enqueue(media, ['AIVideoTag', 'AIMediaDNA']);
        await untilNoneIsOpen(stack);

        const { faults: struck, rules } = stack.emulator.faults(1);
        const canaries = Object.values(keys);
        const { broken, ...counts } = await audit(stack.database.url, stack.emulatorUrl, {
          canaries,
          texts: stack.logLines,
        });
        const shares = await sharesSettled(stack);
        report({ family: `lost answers, by ${name}`, seed, faults: struck, ...counts, figures: shares });
        expect(medias.flat().filter(({ media }) => rules[media] !== 1)).toEqual([]);
        expect(broken).toEqual([]);
        expect(counts).toMatchObject({ lost: 0, paidTwice: 0 });
        expect(counts.answersLost).toBeGreaterThan(0);
        const wanted = (kind: Kind) => (kind in billed ? finds : sendsAgain);
        expect(shares).toEqual(Object.fromEntries(own.map((kind) => [kind, wanted(kind) ? 1 : expect.any(Number)])));
        if (!finds) expect(counts.held).toBeGreaterThan(0);
      } finally {
        await stack.stop();
      }
    },
    isFull ? 20 * 60_000 : 5 * 60_000,
  );

  it(
    'row 24: reads that are answered with anything but an answer delay the recovery and decide nothing',
    async () => {
      const seed = drawSeed('lost answers, broken reads');
      const trouble = [
        { fault: 'drop_after' },
        { fault: 'truncated' },
        { fault: 'garbage' },
        { fault: 'html_after', status: 502 },
        { fault: 'http_5xx_after', status: 500 },
        { fault: 'no_code_500' },
      ] as const;
      const faults = [
        faultRule('SubmitAIJob', { fault: 'drop_after' }, { probability: 0.5 }),
        ...(['ListAIJob', 'ListJobInfo'] as const).flatMap((operation) => [
          ...trouble.map((fault) => faultRule(operation, fault, { probability: 0.06 }, `${operation} ${fault.fault}`)),
          faultRule(operation, { fault: 'unknown_status' }, { probability: 0.06 }, `${operation} unknown status`),
          faultRule(operation, { fault: 'vanished' }, { probability: 0.06 }, `${operation} vanished`),
        ]),
      ];
      const stack = await Stack.start({ env: times, emulator: { faults, faultSeed: seed, seed, qps: unlimited } });
      try {
        for (let i = 0; i < requestsOfEach * 10; i += 1) await stack.enqueue(`media-${i}`);
        await untilNoneIsOpen(stack);
        const struck = stack.emulator.faults(1).faults;
        const { broken, ...counts } = await audit(stack.database.url, stack.emulatorUrl);
        report({ family: 'lost answers, broken reads', seed, faults: struck, ...counts });
        expect(broken).toEqual([]);
        expect(counts).toMatchObject({ lost: 0, paidTwice: 0, held: 0, adopted: counts.answersLost });
      } finally {
        await stack.stop();
      }
    },
    isFull ? 20 * 60_000 : 5 * 60_000,
  );
});

async function untilNoneIsOpen(stack: Stack): Promise<void> {
  const isOver = async () => {
    await stack.query(makeDueEarly);
    return (await openIn(stack)) === 0;
  };
  // Five stacks share the machine, and each look at VOD may take its time-out.
  await eventually('every job is over or held', isOver, isFull ? 15 * 60_000 : 4 * 60_000);
}

/** How many jobs are in one of these states; without any, how many are neither over nor held. */
async function openIn(stack: Stack, ...states: string[]): Promise<number> {
  const [row] = await stack.query<{ jobs: number }>(
    `select count(*)::int as jobs from job
      where due_at is not null and (cardinality($1::text[]) = 0 or state = any($1))`,
    [states],
  );
  return row?.jobs ?? 0;
}

/** Which share of the jobs of each kind has VOD's verdict, without a person. */
async function sharesSettled(stack: Stack): Promise<Record<string, number>> {
  const rows = await stack.query<{ kind: string; share: number }>(
    `select regexp_replace(media_id, '-[0-9]+$', '') as kind,
            round(avg((state in ('succeeded', 'failed'))::int), 3)::float as share
       from job where media_id not like 'well-%' group by 1 order by 1`,
  );
  return Object.fromEntries(rows.map(({ kind, share }) => [kind, share]));
}
