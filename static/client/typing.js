/**
 * Tells the others that this participant types, without telling them at every key.
 */

/** "Types" is repeated this often while keys are pressed, since one may be lost. */
export const TYPING_REPEAT_MS = 3_000;

/** Without a key for this long, the participant has stopped. */
export const TYPING_PAUSE_MS = 4_000;

export class TypingSignal {
  #send;
  #around;
  #on = false;
  #saidAt = 0;
  #cancel = () => {};

  /** @param {(on: boolean) => void} send @param {import('./surroundings.js').Surroundings} surroundings */
  constructor(send, surroundings) {
    this.#send = send;
    this.#around = surroundings;
  }

  /** A key was pressed. */
  touch() {
    this.#cancel();
    this.#cancel = this.#around.after(TYPING_PAUSE_MS, () => this.stop());
    const now = this.#around.now();
    if (this.#on && now - this.#saidAt < TYPING_REPEAT_MS) return;
    this.#on = true;
    this.#saidAt = now;
    this.#send(true);
  }

  /** The text was sent, deleted or left alone. */
  stop() {
    this.#cancel();
    if (this.#on) this.#send(false);
    this.#on = false;
  }
}
