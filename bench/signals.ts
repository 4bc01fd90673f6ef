/** A signal stops what was started, the last first: the processes and the database would outlive us. */
export class StopSignals {
  private readonly stops: (() => Promise<void>)[];

  constructor(stop: () => Promise<void>) {
    this.stops = [stop];
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, this.end);
  }

  alsoStop(stop: () => Promise<void>): void {
    this.stops.push(stop);
  }

  forget(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, this.end);
  }

  private readonly end = () => void this.stopAll().finally(() => process.exit(130));

  private async stopAll(): Promise<void> {
    for (const stop of this.stops.toReversed()) await stop();
  }
}
