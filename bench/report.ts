import { cpus, totalmem } from 'node:os';
import type { ProcessName } from './product';

/** What one store's run gave. Times in ms, CPU in ms, memory in MB. */
export interface Figures {
  enqueueAlone: number;
  enqueueUnderLoad: number;
  jobsPerSecond: number;
  latencies: Latencies;
  burst: PerJob;
  steady: PerJob;
  memory: Record<'idle' | 'loaded', Record<ProcessName, { rssMb: number; peakMb: number }>> | null;
  /** That went through all of the product. */
  jobs: number;
}

/** At a steady rate. */
export interface Latencies {
  /** From the webhook's receipt of the event to the stored result. */
  eventP50: number;
  eventP95: number;
  /** From the api's receipt of the request to the stored result. */
  requestP50: number;
  requestP95: number;
  /** Medians of parts of the way: to the claim, on to the send; from the event to its match, on to the result. */
  toClaim: number;
  toSend: number;
  toMatch: number;
  toSettle: number;
}

interface PerJob {
  /** Cores that the machine's other processes kept busy meanwhile; null where the system does not tell. */
  othersCores: number | null;
  /** By operation of VOD. */
  calls: Record<string, number>;
  transactions: number;
  walKb: number;
  /** By process; null where the system does not tell. */
  cpuMs: Record<string, number> | null;
}

export interface Circumstances {
  machine: string;
  node: string;
  postgres: string;
  redis: string;
  date: string;
  seconds: number;
  quick: boolean;
}

/** What the figures depend on. */
export function machine(): string {
  return `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB`;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

interface Row {
  label: string;
  value: (figures: Figures) => number | null | undefined;
  digits?: number;
}

/** The emulator stands for VOD: what it costs is not ours. */
const ours = ['api', 'worker', 'webhook'] as const;
const stores = ['postgres', 'redis'] as const;

const sum = (values: (number | undefined)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);

const perJobRows = (when: 'burst' | 'steady', what: string): Row[] => [
  { label: `VOD calls per job, ${what}`, value: (f) => sum(Object.values(f[when].calls)), digits: 2 },
  { label: '- SubmitAIJob', value: (f) => f[when].calls['SubmitAIJob'], digits: 2 },
  { label: '- ListAIJob', value: (f) => f[when].calls['ListAIJob'], digits: 2 },
  { label: `transactions per job, ${what}`, value: (f) => f[when].transactions, digits: 2 },
  { label: `WAL per job, kB, ${what}`, value: (f) => f[when].walKb, digits: 1 },
  {
    label: `CPU ms per job, stores included, ${what}`,
    value: ({ [when]: { cpuMs } }) => cpuMs && sum([...ours, ...stores].map((name) => cpuMs[name])),
    digits: 2,
  },
  ...[...ours, ...stores].map((name): Row => ({
    label: `- ${name}`,
    value: (f) => f[when].cpuMs?.[name],
    digits: 2,
  })),
];

const memoryRows = ours.flatMap((name): Row[] => [
  { label: `${name}: RSS after its start, MB`, value: (f) => f.memory?.idle[name].rssMb },
  {
    label: '- growth after all jobs, MB',
    value: (f) => f.memory && f.memory.loaded[name].rssMb - f.memory.idle[name].rssMb,
  },
  { label: '- peak, MB', value: (f) => f.memory?.loaded[name].peakMb },
]);

const rows: Row[] = [
  { label: 'enqueue, req/s, no worker running', value: (f) => f.enqueueAlone },
  { label: 'enqueue, req/s, while jobs run', value: (f) => f.enqueueUnderLoad },
  { label: 'end to end, jobs/s', value: (f) => f.jobsPerSecond },
  { label: 'event → succeeded, p50 ms, at 50/s', value: (f) => f.latencies.eventP50, digits: 1 },
  { label: '- event → matched', value: (f) => f.latencies.toMatch, digits: 1 },
  { label: '- matched → succeeded', value: (f) => f.latencies.toSettle, digits: 1 },
  { label: 'event → succeeded, p95 ms, at 50/s', value: (f) => f.latencies.eventP95, digits: 1 },
  { label: 'request → succeeded, p50 ms, at 50/s', value: (f) => f.latencies.requestP50, digits: 1 },
  { label: '- request → claimed', value: (f) => f.latencies.toClaim, digits: 1 },
  { label: '- claimed → about to be sent', value: (f) => f.latencies.toSend, digits: 1 },
  { label: 'request → succeeded, p95 ms, at 50/s', value: (f) => f.latencies.requestP95, digits: 1 },
  { label: 'cores busy with something else, under load', value: (f) => f.burst.othersCores, digits: 2 },
  { label: 'cores busy with something else, at 50/s', value: (f) => f.steady.othersCores, digits: 2 },
  ...perJobRows('burst', 'under load'),
  ...perJobRows('steady', 'at 50/s'),
  ...memoryRows,
];

export function printReport(columns: { name: string; figures: Figures }[], at: Circumstances): void {
  const [first, second] = columns;
  const both = first && second ? { first: first.figures, second: second.figures } : null;
  const table = [
    ['', ...columns.map(({ name }) => `BullMQ on ${name}`), ...(both ? ['redis / postgres'] : [])],
    ...rows.map((row) => [
      row.label,
      ...columns.map(({ figures }) => shown(row.value(figures), row.digits)),
      ...(both ? [ratio(row.value(both.first), row.value(both.second))] : []),
    ]),
  ];
  const jobs = columns.map(({ figures }) => figures.jobs).join(' and ');
  process.stdout.write(
    [
      '',
      `${at.date}, ${at.machine}, Node ${at.node}, Postgres ${at.postgres}, Redis ${at.redis}`,
      `${jobs} jobs through all of the product, ${at.seconds} s in all; rates and times are medians of three rounds`,
      ...(at.quick ? ['A quick run: these figures say nothing.'] : []),
      '',
      ...markdown(table),
      '',
    ].join('\n'),
  );
}

export function shown(value: number | null | undefined, digits = 0): string {
  return typeof value === 'number' && Number.isFinite(value) ? value.toFixed(digits) : '–';
}

function ratio(one: number | null | undefined, other: number | null | undefined): string {
  return typeof one === 'number' && typeof other === 'number' && one > 0 && other > 0 ? (one / other).toFixed(2) : '–';
}

export function markdown(table: string[][]): string[] {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const [head = [], ...body] = table;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...body.map(line)];
}
