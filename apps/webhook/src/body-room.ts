/** One body in the room: what it holds, and how it is shown out. */
export interface Guest {
  bytes: number;
  /** Nothing more may come of it, and it is being stored: it can't be shown out any more. */
  whole: boolean;
  showOut: () => void;
}

/**
 * What all bodies together may hold. When there is no room left, the one that has been coming for the longest has to go: an event
 * of VOD is there within milliseconds, so whoever fills the room with bodies that do not end loses these and not the event. VOD
 * sends again what was shown out.
 */
export class BodyRoom {
  /** In the order in which they came. */
  private readonly guests = new Set<Guest>();
  private held = 0;

  constructor(private readonly limit: number) {}

  get bytes(): number {
    return this.held;
  }

  enter(showOut: () => void): Guest {
    const guest = { bytes: 0, whole: false, showOut };
    this.guests.add(guest);
    return guest;
  }

  /** @returns whether it may hold so many bytes; when not, others hold them who cannot be shown out */
  hold(guest: Guest, bytes: number): boolean {
    this.held += bytes - guest.bytes;
    guest.bytes = bytes;
    // guard: bodies-bounded
    for (const other of this.guests) {
      if (this.held <= this.limit) break;
      if (other === guest || other.whole || other.bytes === 0) continue;
      this.leave(other);
      other.showOut();
    }
    return this.held <= this.limit;
  }

  leave(guest: Guest): void {
    if (!this.guests.delete(guest)) return;
    this.held -= guest.bytes;
    guest.bytes = 0;
  }
}
