/** A reason not to start that a person can mend: the message says how, and is printed without a stack. */
export class StartError extends Error {
  override readonly name: string = 'StartError';
}
