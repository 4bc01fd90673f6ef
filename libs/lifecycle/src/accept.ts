import type { JobType, Priority } from '@app/domain';
import type { Signals } from '@app/observability';
import type { Acceptance, RequestStore } from '@app/persistence';
import { offers } from '@app/vod/offer';
import { v7 as uuidv7 } from 'uuid';

/** What a client asks for, already checked for its shape. */
export interface AcceptInput {
  client: string;
  idempotencyKey: string | null;
  mediaId: string;
  types: readonly JobType[];
  config: Record<string, unknown>;
  region: string;
  priority: Priority;
  labels: Record<string, string>;
  extend: string | null;
  force: boolean;
}

export type AcceptOutcome = Acceptance | { outcome: 'unsupported_in_region'; types: JobType[] };

/** The first step: from a client's call to jobs that are queued. Nothing is promised before it is committed. */
export class Accept {
  constructor(
    private readonly requests: RequestStore,
    private readonly signals: Signals,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async accept(input: AcceptInput): Promise<AcceptOutcome> {
    const types = [...new Set(input.types)];
    const unsupported = types.filter((type) => !offers(input.region, type));
    if (unsupported.length > 0) return { outcome: 'unsupported_in_region', types: unsupported };

    const drafted = types.map((type) => ({ type, jobId: uuidv7() }));
    const acceptance = await this.requests.accept({ ...input, id: uuidv7(), types: drafted, now: this.now() });
    if (acceptance.outcome === 'mismatch' || acceptance.outcome === 'dropped') return acceptance;
    const { outcome, request } = acceptance;
    this.signals.emit('request.accepted', {
      requestId: request.id,
      client: input.client,
      mediaId: input.mediaId,
      region: input.region,
      types,
      // The others are jobs of an earlier request.
      newTypes: drafted.filter(({ jobId }) => request.jobs.some(({ id }) => id === jobId)).map(({ type }) => type),
      outcome,
    });
    return acceptance;
  }
}
