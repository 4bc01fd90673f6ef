/** A reason not to start that a person can mend: the message says how, and is printed without a stack. */
export class StartError extends Error {
  override readonly name: string = 'StartError';
}

export function portInUse(host: string, port: number, variable: string): StartError {
  return new StartError(`port ${port} on ${host} is in use; set ${variable} to another one (0 picks a free one)`);
}
