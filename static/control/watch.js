/**
 * Asks how everything stands, once a second while somebody looks, and says when nobody answers. It never calls what it
 * has new when it is old: each word comes with the moment at which it came.
 */

import { browser } from '../client/surroundings.js';

/** The pause after an answer while the page is looked at, and while it is not. */
const VISIBLE_MS = 1_000;
const HIDDEN_MS = 15_000;

/** Without an answer the pause doubles up to this: somebody who looks is to see soon that the gateway is back. */
const AWAY_MAX_MS = 8_000;

/**
 * @typedef {object} Told
 * @property {(status: import('../client/control.js').Status, at_ms: number) => void} onStatus
 * @property {(refused: import('../client/rest.js').Refused) => void} onSilence nobody answers; it is asked again
 * @property {(refused: import('../client/rest.js').Refused) => void} onRefused the login is not good, or may not look
 */

export class Watch {
  #ask;
  #told;
  #isHidden;
  #surroundings;
  #silent = 0;
  #isStopped = false;
  #cancel = () => {};
  #isAsking = false;

  /**
   * @param {() => Promise<import('../client/control.js').Status>} ask
   * @param {Told} told
   * @param {{isHidden: () => boolean, surroundings?: import('../client/surroundings.js').Surroundings}} page
   */
  constructor(ask, told, { isHidden, surroundings = browser }) {
    [this.#ask, this.#told, this.#isHidden, this.#surroundings] = [ask, told, isHidden, surroundings];
  }

  /** Asks now, and from now on again and again. One question is under way at a time. */
  async look() {
    if (this.#isAsking || this.#isStopped) return;
    this.#cancel();
    this.#isAsking = true;
    try {
      const status = await this.#ask();
      this.#silent = 0;
      if (!this.#isStopped) this.#told.onStatus(status, this.#surroundings.now());
    } catch (refused) {
      if (!this.#isStopped) this.#unanswered(refused);
    } finally {
      this.#isAsking = false;
    }
    if (!this.#isStopped) this.#cancel = this.#surroundings.after(this.#pause(), () => this.look());
  }

  stop() {
    this.#isStopped = true;
    this.#cancel();
  }

  #unanswered(refused) {
    if (refused.code === 'unauthorized' || refused.code === 'forbidden') {
      this.stop();
      this.#told.onRefused(refused);
      return;
    }
    this.#silent += 1;
    this.#told.onSilence(refused);
  }

  #pause() {
    const usual = this.#isHidden() ? HIDDEN_MS : VISIBLE_MS;
    if (this.#silent === 0) return usual;
    const longer = Math.min(AWAY_MAX_MS, VISIBLE_MS * 2 ** (this.#silent - 1));
    // So that the pages that one gateway lost do not come back together.
    return Math.max(this.#isHidden() ? HIDDEN_MS : 0, longer * (0.5 + this.#surroundings.random() / 2));
  }
}
