import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** The sets that labels take their values from: never an id, and no code that VOD may invent tomorrow. */
export interface Known {
  regions: readonly string[];
  types: readonly string[];
  states: readonly string[];
  /** Those of the worker; empty elsewhere. */
  queues: readonly { kind: string; region: string; name: string }[];
  /** The operations of VOD that the worker calls; none elsewhere. */
  operations: { submits: readonly string[]; reads: readonly string[] };
  /** The regions of which the worker takes events from a queue, `*` for several at once; none where it takes none. */
  eventQueues: readonly string[];
}

/** The processes that count. */
export type Counting = 'api' | 'worker' | 'webhook';

/** What a signal changes in a registry. */
export interface Metric<Payload> {
  /** Who shows it. */
  in: readonly Counting[];
  open(registry: Registry, known: Known): (payload: Payload) => void;
}

type Labels<Name extends string> = Record<Name, string>;

interface Described {
  name: string;
  help: string;
  in: readonly Counting[];
}

/**
 * A counter whose series are all there from the start, with 0: an increase over one that appears with 1 is none, and the first
 * held job would go unnoticed.
 */
export function counter<Payload, Name extends string>(
  metric: Described & {
    series: (known: Known) => Labels<Name>[];
    /** Where there may be no series: then none says how it is labelled. */
    labelNames?: readonly Name[];
    /** The series that go up: none, one or several. */
    labels: (payload: Payload) => Labels<Name> | Labels<Name>[];
    /** By how much; 1 unless said otherwise. */
    by?: (payload: Payload) => number;
  },
): Metric<Payload> {
  return {
    in: metric.in,
    open(registry, known) {
      const series = metric.series(known);
      const { name, help, labelNames = namesIn(series) } = metric;
      const opened = new Counter({ name, help, labelNames, registers: [registry] });
      for (const labels of series) opened.inc(labels, 0);
      return (payload) => {
        const raised = metric.labels(payload);
        for (const labels of Array.isArray(raised) ? raised : [raised]) opened.inc(labels, metric.by?.(payload) ?? 1);
      };
    },
  };
}

/** For labels of which nobody has a list: a series appears when it is first counted. */
export function openCounter<Payload, Name extends string>(
  metric: Described & { labelNames: readonly Name[]; labels: (payload: Payload) => Labels<Name> },
): Metric<Payload> {
  return {
    in: metric.in,
    open(registry) {
      const { name, help, labelNames } = metric;
      const opened = new Counter({ name, help, labelNames, registers: [registry] });
      return (payload) => opened.inc(metric.labels(payload));
    },
  };
}

/** A histogram whose series are all there from the start. */
export function histogram<Payload, Name extends string>(
  metric: Described & {
    buckets: number[];
    series: (known: Known) => Labels<Name>[];
    labels: (payload: Payload) => Labels<Name>;
    /** What is observed; null when there is nothing to observe. */
    seconds: (payload: Payload) => number | null;
  },
): Metric<Payload> {
  return {
    in: metric.in,
    open(registry, known) {
      const series = metric.series(known);
      const { name, help, buckets } = metric;
      const opened = new Histogram({ name, help, buckets, labelNames: namesIn(series), registers: [registry] });
      for (const labels of series) opened.zero(labels);
      return (payload) => {
        const seconds = metric.seconds(payload);
        if (seconds !== null) opened.observe(metric.labels(payload), seconds);
      };
    },
  };
}

/** What was heard last. */
export function gauge<Payload, Name extends string>(
  metric: Described & {
    labelNames: readonly Name[];
    labels: (payload: Payload) => Labels<Name>;
    /** Null takes the series away. */
    value: (payload: Payload) => number | null;
  },
): Metric<Payload> {
  return {
    in: metric.in,
    open(registry) {
      const { name, help, labelNames } = metric;
      const opened = new Gauge({ name, help, labelNames, registers: [registry] });
      return (payload) => {
        const value = metric.value(payload);
        if (value === null) opened.remove(metric.labels(payload));
        else opened.set(metric.labels(payload), value);
      };
    },
  };
}

function namesIn<Name extends string>([first]: Labels<Name>[]): Name[] {
  return Object.keys(first ?? {}) as Name[];
}

/** Every combination of these values. */
export function each<Name extends string>(values: Record<Name, readonly string[]>): Labels<Name>[] {
  const names = Object.keys(values) as Name[];
  return names.reduce<Labels<Name>[]>(
    (combined, name) => combined.flatMap((labels) => values[name].map((value) => ({ ...labels, [name]: value }))),
    [{} as Labels<Name>],
  );
}
