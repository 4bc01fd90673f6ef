import { createClient } from '@app/client';
import { bad, ok, skipped, type Finding } from './finding';

/** Our own api, which knows the events that have come. */
export interface Api {
  url: string;
  /** Of a viewer. */
  key: string;
}

/** VOD tries for about this long. Beyond it an event is lost. */
const PATIENCE_MS = 30_000;
const GAP_MS = 1_000;

interface ArrivalParts {
  api: Api | null;
  wait: (ms: number) => Promise<unknown>;
  now: () => number;
}

/** Whether the event of a job that is over has come, how it is signed, and whether it brings our Extend back. */
export async function checkArrival(
  { api, wait, now }: ArrivalParts,
  region: string,
  jobId: string,
): Promise<Finding[]> {
  const about = { check: 'event', region };
  if (api === null) {
    const how = 'or set VODAI_URL and VODAI_KEY, and it is done here the next time';
    return [skipped(about, `look in GET /v1/events for ${jobId}: has it come, signed, with an Extend? ${how}`)];
  }
  try {
    const client = createClient({ baseUrl: api.url, key: api.key });
    for (const begunAt = now(); ; await wait(GAP_MS)) {
      const [item] = (await client.events({ vodJobId: jobId })).items;
      if (item) return [cameAs(item, region), extendIn((await client.event(item.id)).body, region)];
      if (now() - begunAt >= PATIENCE_MS) break;
    }
    const says = `none of ${jobId} has come within ${PATIENCE_MS / 1000} s of its end`;
    return [bad(about, says, 'docs/operations.md, "Events don\'t arrive"')];
  } catch (error) {
    return [skipped(about, `not known: ${(error as Error).message}`)];
  }
}

function cameAs({ source, signature }: { source: string; signature: string }, region: string): Finding {
  const about = { check: 'event', region };
  const says = `has come by ${source}, signature ${signature}`;
  // What comes by a queue needs none.
  const isTrusted = ['valid', 'unchecked', 'unneeded'].includes(signature);
  return isTrusted ? ok(about, says) : bad(about, says, 'docs/operations.md, "Events don\'t arrive"');
}

/** Nothing depends on it: it is one more way to find a job whose answer was lost. */
function extendIn(body: string, region: string): Finding {
  const about = { check: 'extend', region };
  return ok(
    about,
    /"Extend"\s*:/.test(body) ? 'the event brings ours back' : 'the event has none: that rung finds nothing',
  );
}
