import { RESEND_WITHIN_MS, type Rung } from '@app/domain';
import type { Case } from '@app/persistence';
import { conclude, type Candidate, type Conclusion, type Findings, type RecoverOptions } from './conclude';

/** What follows from a look: one row a rule. Every row starts from a submission of noon and a look that found nothing. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const after = (ms: number) => new Date(Date.parse('2026-11-22T12:00:00.000Z') + ms);

const call = { number: 1, types: ['AIVideoTag'], nonce: 'n', signer: 'key', resends: 0 };
const sent = { ...call, signedAt: after(0), sentAt: after(0), resentAt: null, nonceSeenAt: null };
/** Of the job itself only the number of its looks matters. */
const job = (tries: number) => ({ tries }) as Case['job'];
const lost: Case = { job: job(0), config: {}, submission: sent, absences: 0, siblingFound: false };
const resentAt = (ms: number) => ({ submission: { ...sent, resentAt: after(ms) } });
const nonceSeen = { submission: { ...sent, nonceSeenAt: after(2 * MINUTE) } };

const nothing = { candidates: [], listed: true, unexplained: [], rivals: 0, eventsSeen: 0, trouble: null };
const silent = { cause: 'no answer within 10 s', passes: true };
const refusal = { cause: 'refused: InvalidVideo.NotFound', passes: false };

const gaps = { leaseMs: MINUTE, pollFirstMs: MINUTE, pollMaxMs: 10 * MINUTE, jobDeadlineMs: 24 * HOUR };
const rules = { ...gaps, recoverAfterMs: [10 * SECOND, 30 * SECOND, 2 * MINUTE], recoverGraceMs: 20 * MINUTE };
const options: RecoverOptions = { rules, by: ['extend', 'event', 'listing'], resendPinned: true, callMs: 20 * SECOND };

const found = (vodJobId: string, rung: Rung = 'listing'): Candidate => ({ vodJobId, rung, evidence: 'e' });
const adopt = (candidate: Candidate): Conclusion => ({ outcome: 'adopt', candidate });
const resend: Conclusion = { outcome: 'resend' };
const askNeighbour: Conclusion = { outcome: 'ask_neighbour' };
const note = (text: string): Conclusion => ({ outcome: 'note', note: text });
const wait = (againInMs: number): Conclusion => {
  return { outcome: 'wait', note: 'not decided yet: no answer within 10 s', againInMs };
};
const hold = (reason: string, candidates: string[] = []): Conclusion => ({ outcome: 'hold', reason, candidates });

const unlisted = note('no event of VOD names it yet, and VOD does not list it');
const early = after(10 * SECOND);
const looksOver = after(2 * MINUTE);
const tooOld = after(RESEND_WITHIN_MS);
const graceOver = after(20 * MINUTE);
const twentyOne = Array.from({ length: 21 }, (_, i) => `v${i + 1}`);
const twenty = twentyOne.slice(0, 20);

interface Row {
  it: string;
  case?: Partial<Case>;
  findings?: Partial<Findings>;
  now: Date;
  options?: Partial<RecoverOptions>;
  expected: Conclusion;
}

const rows: Row[] = [
  // Adopt
  {
    it: 'adopts the only candidate, as no other job waits for one like it',
    findings: { candidates: [found('v1')] },
    now: early,
    expected: adopt(found('v1')),
  },
  {
    it: 'adopts it although VOD could not be asked about everything',
    findings: { candidates: [found('v1', 'event')], listed: false, trouble: silent },
    now: early,
    expected: adopt(found('v1', 'event')),
  },
  {
    it: 'adopts beside a rival what echoes the Extend of the attempt',
    findings: { candidates: [found('v1', 'extend')], rivals: 1, listed: false },
    now: early,
    expected: adopt(found('v1', 'extend')),
  },
  {
    it: 'adopts beside a rival the only one of a whole list when VOD has seen the nonce: it has ours, and lists no other',
    case: nonceSeen,
    findings: { candidates: [found('v1')], rivals: 1 },
    now: early,
    expected: adopt(found('v1')),
  },
  {
    it: 'adopts it as well when a job of the same call was found',
    case: { siblingFound: true },
    findings: { candidates: [found('v1')], rivals: 1 },
    now: early,
    expected: adopt(found('v1')),
  },
  {
    it: 'does not adopt beside a rival what may be the rival’s',
    findings: { candidates: [found('v1')], rivals: 1 },
    now: early,
    expected: note('one job of VOD could be this one, or that of another job of this media that waits'),
  },
  {
    it: 'does not adopt it beside a rival when the list was not read: ours may be another one',
    case: nonceSeen,
    findings: { candidates: [found('v1', 'event')], rivals: 1, listed: false },
    now: early,
    expected: note('one job of VOD could be this one, or that of another job of this media that waits'),
  },
  {
    it: 'adopts none of two',
    findings: { candidates: [found('v1', 'extend'), found('v2', 'extend')] },
    now: early,
    expected: note('2 jobs of VOD could be this one'),
  },

  // Resend
  { it: 'resends after the last look that only reads', now: looksOver, expected: resend },
  { it: 'does not resend before that look', now: after(2 * MINUTE - 1), expected: unlisted },
  {
    it: 'resends to tell the only candidate from the rival’s',
    findings: { candidates: [found('v1')], rivals: 1 },
    now: looksOver,
    expected: resend,
  },
  {
    it: 'does not resend when two jobs could be it: one of them is billed',
    findings: { candidates: [found('v1'), found('v2')] },
    now: looksOver,
    expected: note('2 jobs of VOD could be this one'),
  },
  {
    it: 'does not resend while VOD cannot be asked',
    findings: { trouble: silent },
    now: looksOver,
    expected: note('VOD could not be asked: no answer within 10 s'),
  },
  {
    it: 'does not resend before the list was read',
    findings: { listed: false },
    now: looksOver,
    expected: note('no event of VOD names it yet'),
  },
  {
    it: 'resends without the list when nobody trusts the list',
    findings: { listed: false },
    now: looksOver,
    options: { by: ['extend', 'event'] },
    expected: resend,
  },
  {
    it: 'does not resend a call of which another job was found',
    case: { siblingFound: true },
    now: looksOver,
    expected: unlisted,
  },
  {
    it: 'does not resend where that is switched off',
    now: looksOver,
    options: { resendPinned: false },
    expected: unlisted,
  },
  { it: 'resends as long as the gateway remembers the nonce', now: after(RESEND_WITHIN_MS - 1), expected: resend },
  { it: 'does not resend with a signature that is too old', now: tooOld, expected: unlisted },
  {
    it: 'counts the age of the signature from the signing, not from the send',
    case: { submission: { ...sent, signedAt: after(-RESEND_WITHIN_MS) } },
    now: looksOver,
    expected: unlisted,
  },
  {
    it: 'does not resend while the resend before may still be under way',
    case: resentAt(2 * MINUTE),
    now: after(2 * MINUTE + 20 * SECOND - 1),
    expected: unlisted,
  },
  {
    it: 'resends once more when the resend before has surely ended',
    case: resentAt(2 * MINUTE),
    now: after(2 * MINUTE + 20 * SECOND),
    expected: resend,
  },
  { it: 'looks on when a resend was refused', findings: { resendRefused: true }, now: looksOver, expected: unlisted },
  {
    it: 'decides when a resend was refused and the grace period is over',
    findings: { resendRefused: true },
    now: looksOver,
    options: { rules: { ...rules, recoverGraceMs: MINUTE } },
    expected: askNeighbour,
  },

  // Note
  {
    it: 'names what VOD lists and does not explain, and decides nothing about it yet',
    findings: { unexplained: ['v1', 'v2'] },
    now: early,
    expected: note('VOD lists v1, v2, and does not say what it is'),
  },
  { it: 'decides nothing before the grace period is over', now: after(20 * MINUTE - 1), expected: unlisted },
  {
    it: 'counts the grace period from the resend',
    case: resentAt(2 * MINUTE),
    now: after(22 * MINUTE - 1),
    expected: unlisted,
  },

  // Wait
  {
    it: 'decides nothing while VOD cannot be asked',
    findings: { candidates: [found('v1'), found('v2')], trouble: silent },
    now: graceOver,
    expected: wait(30 * SECOND),
  },
  {
    it: 'waits twice as long each time',
    case: { job: job(2) },
    findings: { trouble: silent },
    now: graceOver,
    expected: wait(2 * MINUTE),
  },
  {
    it: 'never waits longer than ten minutes',
    case: { job: job(100) },
    findings: { trouble: silent },
    now: graceOver,
    expected: wait(10 * MINUTE),
  },
  {
    it: 'holds when VOD will always refuse to answer',
    findings: { trouble: refusal },
    now: graceOver,
    expected: hold('VOD cannot be asked: refused: InvalidVideo.NotFound'),
  },
  {
    it: 'holds when VOD could not be asked until the deadline of the job',
    findings: { trouble: silent },
    now: after(24 * HOUR),
    expected: hold('VOD cannot be asked: no answer within 10 s'),
  },

  // Hold
  {
    it: 'holds when two jobs could be it, and names them with what is unexplained',
    findings: { candidates: [found('v1'), found('v2')], unexplained: ['v3'] },
    now: graceOver,
    expected: hold('2 jobs of VOD could be this one: v1, v2', ['v1', 'v2', 'v3']),
  },
  {
    it: 'holds when nothing tells it from the rival',
    findings: { candidates: [found('v1')], rivals: 1 },
    now: graceOver,
    expected: hold("VOD's job v1 is this one, or that of another job of this media that waits for its answer", ['v1']),
  },
  {
    it: 'holds when VOD lists what it does not explain',
    findings: { unexplained: ['v1'] },
    now: graceOver,
    expected: hold('VOD lists v1, and does not say what it is: it may be this one', ['v1']),
  },
  {
    it: 'names all of twenty',
    findings: { unexplained: twenty },
    now: graceOver,
    expected: hold(`VOD lists ${twenty.join(', ')}, and does not say what it is: it may be this one`, twenty),
  },
  {
    it: 'names twenty to a person, and counts the rest',
    findings: { unexplained: twentyOne },
    now: graceOver,
    expected: hold(
      `VOD lists ${twenty.join(', ')} and 1 more, and does not say what it is: it may be this one`,
      twenty,
    ),
  },
  {
    it: 'holds when the list was not read: absence needs it',
    findings: { listed: false },
    now: graceOver,
    expected: hold('no event of VOD names it, and no rung that could prove its absence is switched on'),
  },
  {
    it: 'holds when VOD has seen the nonce, whatever the neighbour says',
    case: nonceSeen,
    findings: { neighbour: { outcome: 'listed', vodJobId: 'v9', eventsSeen: 0 } },
    now: graceOver,
    expected: hold('VOD has received the request (it knows the nonce), and yet this job of it cannot be found'),
  },
  {
    it: 'holds when another job of the call was found',
    case: { siblingFound: true },
    now: graceOver,
    expected: hold(
      'VOD has received the request (a job of the same call is there), and yet this job of it cannot be found',
    ),
  },
  {
    it: 'holds what was proven absent five times and was lost again',
    case: { absences: 5 },
    now: graceOver,
    expected: hold('it was sent and proven absent 5 times, and its answer was lost once more'),
  },

  // A neighbour
  { it: 'asks for a neighbour when nothing was found', now: graceOver, expected: askNeighbour },
  { it: 'asks for one after four absences too', case: { absences: 4 }, now: graceOver, expected: askNeighbour },
  {
    it: 'declares it absent when VOD lists the neighbour',
    findings: { eventsSeen: 1, neighbour: { outcome: 'listed', vodJobId: 'v9', eventsSeen: 1 } },
    now: graceOver,
    expected: {
      outcome: 'absent',
      evidence: 'VOD lists no such job of this media, though it lists v9 of about the same time',
    },
  },
  {
    it: 'looks again when an event came while VOD was being asked',
    findings: { eventsSeen: 1, neighbour: { outcome: 'listed', vodJobId: 'v9', eventsSeen: 2 } },
    now: graceOver,
    expected: note('an event of VOD came while its lists were read'),
  },
  {
    it: 'holds when VOD leaves the neighbour out too',
    findings: { neighbour: { outcome: 'missing', vodJobId: 'v9' } },
    now: graceOver,
    expected: hold('VOD does not list it, but neither does it list v9, which surely is there'),
  },
  {
    it: 'holds when there is no neighbour',
    findings: { neighbour: { outcome: 'none' } },
    now: graceOver,
    expected: hold('VOD does not list it, and no other job of about the same time proves that its list is complete'),
  },
  {
    it: 'waits while VOD cannot be asked about the neighbour',
    findings: { neighbour: { outcome: 'unasked', trouble: silent } },
    now: graceOver,
    expected: wait(30 * SECOND),
  },
  {
    it: 'holds when VOD refuses to answer about every neighbour',
    findings: { neighbour: { outcome: 'unasked', trouble: refusal } },
    now: graceOver,
    expected: hold('VOD cannot be asked: refused: InvalidVideo.NotFound'),
  },
];

describe('A lost answer', () => {
  it.each(rows)('$it', (row) => {
    const conclusion = conclude({ ...lost, ...row.case }, { ...nothing, ...row.findings }, row.now, {
      ...options,
      ...row.options,
    });
    expect(conclusion).toEqual(row.expected);
  });
});
