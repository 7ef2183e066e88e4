/**
 * The reader's place in a session: which events are new, and when something was missed (R-2, D-4). Pure.
 *
 * The session asks it about every frame that carries a position, and sends the `resume` that it asks for.
 */

/** @typedef {import('./protocol.js').SessionEvent} SessionEvent */

export class History {
  /** The number of the last event that was taken; 0 for none. */
  #last = 0;

  /** True from the moment a frame shows a hole until the hole is filled. */
  #missed = false;

  /** The highest position that was asked for, so that events this reader may not see are not asked for again. */
  #askedTo = 0;

  get last() {
    return this.#last;
  }

  /** Forgets the place: the session's events begin anew. */
  reset() {
    this.#last = 0;
    this.connected();
  }

  /** A new connection: what was asked on the last one is not answered any more. */
  connected() {
    this.#missed = false;
    this.#askedTo = 0;
  }

  /**
   * Takes an `events` frame.
   * @param {{after: number, events: SessionEvent[]}} frame
   * @returns {{fresh: SessionEvent[], resume: boolean}} the events not had before, in order; whether to resume
   */
  take({ after, events }) {
    if (after > this.#last) {
      const ask = !this.#missed; // One question at a time: its answer is on the way, in order.
      this.#missed = true;
      return { fresh: [], resume: ask };
    }
    this.#missed = false;
    const fresh = events.filter((event) => event.seq > this.#last);
    if (fresh.length > 0) this.#last = fresh[fresh.length - 1].seq;
    return { fresh, resume: false };
  }

  /**
   * Hears of the session's last event, as a heartbeat names it.
   * @param {number} head
   * @returns {boolean} whether to resume
   */
  hear(head) {
    if (head <= this.#last) return false;
    // A known hole is asked for again with each heartbeat; a higher head only once, for what it names may be an
    // event that is not for this reader.
    const ask = this.#missed || head > this.#askedTo;
    this.#askedTo = Math.max(this.#askedTo, head);
    return ask;
  }
}
