import { appendFileSync } from 'node:fs';

export interface FaultReport {
  /** Which fault test this was, in a few words. */
  family: string;
  seed: number;
  /** How often each kind of fault has struck. */
  faults: Record<string, number>;
  jobs: number;
  lost: number;
  paidTwice: number;
  /** Answers lost although VOD had billed, and those of them that were found without a person. */
  answersLost?: number;
  adopted?: number;
  held?: number;
  unknown?: number;
  /** From the fault to the job on its way again, the longest. */
  slowestRecoveryMs?: number;
  /** What else is worth a look, by name. */
  figures?: Record<string, number | string>;
}

/** One line for a person who watches, and one for the table of `npm run test:faults`. */
export function report(line: FaultReport): void {
  const text = JSON.stringify(line);
  process.stdout.write(`fault report ${text}\n`);
  const file = process.env['FAULTS_REPORT'];
  if (file) appendFileSync(file, `${text}\n`);
}

/** FAULTS=full asks for the sizes of the specification; without it, what fits into every run of the tests. */
export const isFull = process.env['FAULTS'] === 'full';

/** From FAULTS_SEED, or drawn. Printed at once: a test that hangs must tell its seed, too. */
export function drawSeed(family: string): number {
  const given = process.env['FAULTS_SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`FAULTS_SEED: expected a whole number, got ${given}`);
  process.stdout.write(`${family}: FAULTS_SEED=${seed}\n`);
  return seed;
}
