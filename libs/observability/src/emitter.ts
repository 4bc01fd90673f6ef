import type { SignalMap, SignalName } from './signals';

type Listener<K extends SignalName> = (payload: SignalMap[K]) => void;

/** Calls its listeners at once and in order. A listener that throws harms neither the others nor whoever emits. */
export class Signals {
  private readonly listeners = new Map<SignalName, Listener<never>[]>();

  on<K extends SignalName>(name: K, listener: Listener<K>): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  emit<K extends SignalName>(name: K, payload: SignalMap[K]): void {
    for (const listener of (this.listeners.get(name) ?? []) as Listener<K>[]) {
      try {
        listener(payload);
      } catch (error) {
        // When even that listener fails there is nobody left to tell.
        if (name !== 'listener.failed') this.emit('listener.failed', { signal: name, error });
      }
    }
  }
}
