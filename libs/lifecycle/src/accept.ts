import type { JobType, Priority } from '@app/domain';
import type { Acceptance, RequestStore } from '@app/persistence';
import { offers } from '@app/vod';
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
    private readonly now: () => Date = () => new Date(),
  ) {}

  async accept(input: AcceptInput): Promise<AcceptOutcome> {
    const types = [...new Set(input.types)];
    const unsupported = types.filter((type) => !offers(input.region, type));
    if (unsupported.length > 0) return { outcome: 'unsupported_in_region', types: unsupported };

    return this.requests.accept({
      ...input,
      id: uuidv7(),
      types: types.map((type) => ({ type, jobId: uuidv7() })),
      now: this.now(),
    });
  }
}
