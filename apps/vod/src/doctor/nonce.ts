import { jobTypes } from '@app/domain';
import { offers, type SubmitOutcome, type VodClient } from '@app/vod';
import { nobody } from './access';
import { bad, ok, skipped, type Finding } from './finding';
import { submissionOf } from './submission';

/** How often the same bytes are sent once more, a second apart and each over a connection of its own. */
const AGAIN = 3;
const GAP_MS = 1_000;

export interface NonceParts {
  /** A client without a connection yet, so that another node of the gateway may answer. */
  open: () => VodClient;
  wait: (ms: number) => Promise<unknown>;
}

/**
 * Whether VOD's gateway refuses a submission that it has had: what the ladder's resend rests on (docs/reliability.md, "On a
 * real account"). It is one of a media that doesn't exist, so nothing is paid, however the gateway behaves.
 *
 * @param alsoAfterMs once more after this time
 */
export async function checkNonces(
  { open, wait }: NonceParts,
  region: string,
  alsoAfterMs: number | null,
): Promise<Finding> {
  const about = { check: 'nonce memory', region };
  const type = jobTypes.find((each) => offers(region, each));
  if (type === undefined) return skipped(about, 'nothing can be submitted here');
  const submission = submissionOf(type, nobody);
  const send = async () => {
    const vod = open();
    try {
      return await vod.submit(region, submission);
    } finally {
      vod.close();
    }
  };

  const first = await send();
  if (!wasRead(first)) return skipped(about, `not known: the first submission ended with ${wordFor(first)}`);
  const gaps = [...Array.from({ length: AGAIN }, () => GAP_MS), ...(alsoAfterMs === null ? [] : [alsoAfterMs])];
  let remembered = 0;
  for (const gap of gaps) {
    await wait(gap);
    const again = await send();
    if (wasRemembered(again)) remembered += 1;
    else if (!wasRead(again)) return skipped(about, `not known: a repetition ended with ${wordFor(again)}`);
  }
  const times = `${remembered} of ${gaps.length} repetitions of the same bytes refused`;
  if (remembered === gaps.length) return ok(about, times);
  return bad(about, times, 'set RESEND_PINNED=false: a submission that is sent again may be paid twice');
}

/** By VOD itself, behind the gateway that has the memory. */
function wasRead({ outcome }: SubmitOutcome): boolean {
  return outcome === 'refused' || outcome === 'accepted';
}

export function wasRemembered(outcome: SubmitOutcome): boolean {
  return outcome.outcome === 'unknown' && outcome.cause.startsWith('SignatureNonceUsed');
}

function wordFor(outcome: SubmitOutcome): string {
  switch (outcome.outcome) {
    case 'blocked':
    case 'busy':
    case 'refused':
      return outcome.code;
    case 'not_sent':
    case 'unknown':
      return outcome.cause;
    case 'accepted':
      return 'a job';
  }
}
