/**
 * When to ask whether a message that was told without being on the disk is there by now: after a short while at
 * first, then less and less often, since what keeps the service from saving may last.
 *
 * It decides on the time and never asks by itself. The session owns it and repeats the message (D-3).
 */

/** The first wait: what passes by itself has mostly passed by then. */
export const CHECK_FIRST_MS = 2_000;

/** No wait is longer: somebody looks at the mark. */
export const CHECK_MAX_MS = 30_000;

export class SaveCheck {
  #around;
  #ask;
  #attempt = 0;

  /** @type {(() => void)|null} */
  #cancel = null;

  /**
   * @param {import('./surroundings.js').Surroundings} around
   * @param {() => void} ask
   */
  constructor(around, ask) {
    this.#around = around;
    this.#ask = ask;
  }

  /** It is to be asked, unless that is under way. */
  wait() {
    if (this.#cancel) return;
    // Between half and all of the wait, so that the pages of a service do not all ask at once.
    const most = Math.min(CHECK_MAX_MS, CHECK_FIRST_MS * 2 ** this.#attempt);
    this.#cancel = this.#around.after(Math.floor(most * (0.5 + this.#around.random() / 2)), () => {
      this.#cancel = null;
      this.#attempt += 1;
      this.#ask();
    });
  }

  /** There is nothing to ask for any more. */
  stop() {
    this.#cancel?.();
    this.#cancel = null;
    this.#attempt = 0;
  }
}
