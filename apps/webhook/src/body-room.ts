/** One body in the room: what it holds, and how it is shown out. */
export interface Guest {
  bytes: number;
  /** Nothing more may come of it, and it is being stored: it can't be shown out any more. */
  whole: boolean;
  showOut: () => void;
}

/** What all bodies together may hold before one of this size is taken in. */
export interface RoomLimit {
  /** For bodies that hold so much and no more. */
  upTo: number;
  all: number;
}

/**
 * What all bodies together may hold. When there is no room left, the one that has been coming for the longest has to go: an event
 * of VOD is there within milliseconds, so whoever fills the room with bodies that do not end loses these and not the event. VOD
 * sends again what was shown out.
 *
 * Bodies that are whole stay until they are stored, and large ones fill a room soon. What lies between two limits is kept for the
 * smaller ones: they wait for Postgres, and none of them is shown out for a larger one.
 */
export class BodyRoom {
  /** In the order in which they came. */
  private readonly guests = new Set<Guest>();
  private held = 0;

  /** @param limits the smallest bodies first */
  constructor(private readonly limits: readonly RoomLimit[]) {}

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
    const limit = this.limitFor(bytes);
    let excess = this.held - limit;
    const leaving: Guest[] = [];
    for (const other of this.guests) {
      if (excess <= 0) break;
      if (other === guest || other.whole || other.bytes === 0 || this.limitFor(other.bytes) > limit) continue;
      leaving.push(other);
      excess -= other.bytes;
    }
    if (excess > 0) return false;
    // guard: bodies-bounded
    for (const other of leaving) {
      this.leave(other);
      other.showOut();
    }
    return true;
  }

  leave(guest: Guest): void {
    if (!this.guests.delete(guest)) return;
    this.held -= guest.bytes;
    guest.bytes = 0;
  }

  private limitFor(bytes: number): number {
    return this.limits.find(({ upTo }) => bytes <= upTo)?.all ?? 0; // guard: small-bodies-first
  }
}
