import type { JobType } from '@app/domain';

type Refused = { outcome: 'refused'; code: string; message: string; requestId: string | null };
type Busy = { outcome: 'busy'; code: string; retryAfterMs: number; requestId: string | null };
type Blocked = { outcome: 'blocked'; code: string; message: string; requestId: string | null };

/** How a call that submits ended, told apart by what it may have cost. */
export type SubmitOutcome =
  /** At least one job, at most one of each type; maybe fewer than asked for. */
  | { outcome: 'accepted'; jobs: { type: JobType; vodJobId: string }[]; requestId: string | null }
  /** VOD read the request and said no: never billed. */
  | Refused
  /** Throttled: not executed. */
  | Busy
  /** Trouble of the account or of the set-up, not of this job: every other call fails the same way until somebody acts. */
  | Blocked
  /** No byte of the request left this machine. */
  | { outcome: 'not_sent'; cause: string }
  /** May have been executed and billed. After a repeated nonce the cause starts with SignatureNonceUsed. */
  | { outcome: 'unknown'; cause: string; requestId: string | null };

/** How a read ended. `unavailable`: no usable answer came, and asking again costs nothing. */
export type ReadOutcome<T> =
  | { outcome: 'answered'; value: T; requestId: string | null }
  | Refused
  | Busy
  | Blocked
  | { outcome: 'unavailable'; cause: string };

/** Why a call brought no usable answer. All texts in it are short and safe to store and to log. */
export type Fault =
  /** An answer with an error code. */
  | { kind: 'error_code'; httpStatus: number; code: string; message: string; requestId: string | null }
  | { kind: 'no_credentials' }
  | { kind: 'not_sent'; cause: string }
  | { kind: 'no_usable_answer'; cause: string; requestId: string | null };

/** VOD counts calls per second, so a second later the count has started anew. Callers add jitter. */
const retryAfterMs = 1000;

export function submitFault(fault: Fault): SubmitOutcome {
  switch (fault.kind) {
    case 'no_credentials':
      return noCredentials;
    case 'not_sent':
      return { outcome: 'not_sent', cause: fault.cause };
    case 'no_usable_answer':
      return { outcome: 'unknown', cause: fault.cause, requestId: fault.requestId };
    case 'error_code': {
      const verdict = judge(fault);
      return verdict.outcome === 'unclear' ? { ...verdict, outcome: 'unknown' } : verdict;
    }
  }
}

export function readFault(fault: Fault): Exclude<ReadOutcome<never>, { outcome: 'answered' }> {
  switch (fault.kind) {
    case 'no_credentials':
      return noCredentials;
    case 'not_sent':
    case 'no_usable_answer':
      return { outcome: 'unavailable', cause: fault.cause };
    case 'error_code': {
      const verdict = judge(fault);
      return verdict.outcome === 'unclear' ? { outcome: 'unavailable', cause: verdict.cause } : verdict;
    }
  }
}

const noCredentials: Blocked = {
  outcome: 'blocked',
  code: 'NoCredentials',
  message: 'no access key was found where the credential chain looks',
  requestId: null,
};

type Unclear = { outcome: 'unclear'; cause: string; requestId: string | null };

/** The gateway and VOD spell some codes differently (docs/vod.md, "Errors"): only lower case is compared. */
function judge(fault: Extract<Fault, { kind: 'error_code' }>): Refused | Busy | Blocked | Unclear {
  const { code, message, requestId } = fault;
  const lowerCode = code.toLowerCase();
  if (fault.httpStatus >= 500 || unclearCodes.some((each) => each.test(lowerCode))) {
    return { outcome: 'unclear', cause: `${code} (HTTP ${fault.httpStatus})`, requestId };
  }
  if (lowerCode.startsWith('throttling')) return { outcome: 'busy', code, retryAfterMs, requestId };
  if (blockingCodes.some((each) => each.test(lowerCode))) return { outcome: 'blocked', code, message, requestId };
  return { outcome: 'refused', code, message, requestId };
}

/** A used nonce proves that an earlier call with it arrived, and says nothing about how that one ended. */
const unclearCodes = [/^internalerror/, /^serviceunavailable/, /^signaturenonceused/];

/** Whole codes where a longer one is about the job: Forbidden.IllegalStatus says that the media isn't ready. */
const blockingCodes = [
  /^invalidaccesskeyid\b/,
  /^forbidden\.accesskey/,
  /^(invalid|missing)securitytoken\b/,
  /^signaturedoesnotmatch/,
  /^incompletesignature/,
  /^invalidtimestamp\b/,
  /^forbidden(\.ram|\.riskcontrol)?$/,
  /^operationdenied\b/,
  // The wrong host, path or scheme in the configuration: refusing would fail the whole backlog, job by job.
  /^invalid(product|api)\.notfound$/,
  /^invalidprotocol\.needssl$/,
];
