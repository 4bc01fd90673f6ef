import { printable } from '@app/text';
import type { ReadOutcome } from '@app/vod';

export type NoAnswer = Exclude<ReadOutcome<unknown>, { outcome: 'answered' }>;

export const policyPage = 'the RAM policy of the access key, docs/deployment.md ("At VOD: permissions")';

/** By VOD's code (docs/vod.md, "Errors"), the more special first. */
const byCode: readonly (readonly [RegExp, string])[] = [
  [
    /^nocredentials/,
    'set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or give this host a RAM role',
  ],
  [
    /^(invalidaccesskeyid|forbidden\.accesskey)/,
    'look at ALIBABA_CLOUD_ACCESS_KEY_ID: a key of this account, and active?',
  ],
  [
    /^(signaturedoesnotmatch|incompletesignature)/,
    'look at ALIBABA_CLOUD_ACCESS_KEY_SECRET: it is not that of this key',
  ],
  [
    /^(invalid|missing)securitytoken/,
    'the temporary key is over: get another, or leave it to the default credential chain',
  ],
  [/^invalidtimestamp/, 'set the clock of this machine: VOD takes at most 15 minutes'],
  [/^forbidden\.riskcontrol/, 'ask the support of Alibaba Cloud'],
  [/^forbidden/, `allow it: ${policyPage}`],
  [/^operationdenied\.suspended/, 'pay the overdue bill of the account'],
  [/^operationdenied/, 'activate VOD for the account, in the console'],
  [/^invalid(api|product)\.notfound/, 'look at VOD_ENDPOINT and VOD_REGIONS: does VOD have a host there?'],
  [/^invalidprotocol/, 'VOD_ENDPOINT has to begin with https:'],
  [/^throttling/, 'too many calls just now: run it again'],
];

/** What to do about a code; null for one that is nobody's fault but the call's. */
export function remedyFor(code: string): string | null {
  return byCode.find(([pattern]) => pattern.test(code.toLowerCase()))?.[1] ?? null;
}

/** A permission that is missing is about the one operation; what else blocks a call blocks them all. */
export function lacksPermission(outcome: { outcome: string; code?: string }): boolean {
  return outcome.outcome === 'blocked' && /^forbidden(\.ram)?$/i.test(outcome.code ?? '');
}

/** What VOD said instead of an answer, and what to do about it. */
export function explained(outcome: NoAnswer): { says: string; remedy: string | null } {
  switch (outcome.outcome) {
    case 'refused':
    case 'blocked': {
      const { code, message } = outcome;
      const said = printable(message === '' ? code : `${code}: ${message}`);
      return { says: `VOD refuses: ${said}`, remedy: remedyFor(code) };
    }
    case 'busy':
      return { says: `VOD throttles: ${outcome.code}`, remedy: remedyFor(outcome.code) };
    case 'unavailable':
      return {
        says: `no usable answer: ${outcome.cause}`,
        remedy: 'can this machine reach VOD_ENDPOINT? Look at HTTPS_PROXY, firewalls and VOD_TIMEOUT',
      };
  }
}
