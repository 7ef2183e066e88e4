/**
 * Where a session waits for somebody to take it, and how far it has come. Pure.
 *
 * The queue and the end of the wait stand in the transcript; the place does not and may be lost, so it is unknown
 * until it is told again.
 */

/** @typedef {import('./protocol.js').QueueState} QueueState */

/** @typedef {Omit<QueueState, 'waiting'|'place'> & {place?: number, wait_ms?: number}} Wait where a session waits */

export class Waiting {
  /** @type {Wait|null} */
  #wait = null;

  /** Null when it waits nowhere. @returns {Wait|null} */
  get wait() {
    return this.#wait;
  }

  /** Takes what the whole state says. @param {QueueState} [queue] @returns {boolean} whether that is new */
  replace(queue) {
    if (!queue?.waiting) return this.#become(null);
    const { waiting: _, place, ...wait } = queue;
    return this.#become({ ...wait, ...place });
  }

  /** Takes one event. @param {import('./protocol.js').SessionEvent} event @returns {boolean} whether it changed that */
  apply({ type, seq, at_ms, queue, cause, by, agent, text, took }) {
    if (type === 'queued') return this.#become({ queue, seq, since_ms: at_ms, cause, by, agent, text });
    const isOver = type === 'closed' || (type === 'joined' && took !== undefined);
    return isOver && this.#become(null);
  }

  /**
   * Takes a place; one that comes after the wait is over means nothing.
   * @param {import('./protocol.js').Place} place
   * @returns {boolean} whether that is new
   */
  move({ place, wait_ms }) {
    return this.#wait !== null && this.#become({ ...this.#wait, place, wait_ms });
  }

  #become(wait) {
    const isNew = JSON.stringify(wait) !== JSON.stringify(this.#wait);
    this.#wait = wait;
    return isNew;
  }
}
