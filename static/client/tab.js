/**
 * Which tab of a browser this is, and when another one is gone.
 *
 * A tab holds a Web Lock with its name for as long as it lives; the browser frees it however the tab ends. The
 * session uses it to send the messages that a closed or reloaded tab left in the outbox. Where there are no Web
 * Locks (plain http on another host), every other tab counts as gone: a message is then sent twice at worst, and
 * its client id makes that harmless (D-3).
 */

import { newId } from './ids.js';

const lockName = (id) => `tandem.v1.tab.${id}`;

export class Tab {
  /** New with each page load: what the page before a reload left behind is another tab's. */
  id = newId();
  #locks;
  #released = new AbortController();

  /** @type {Set<string>} the tabs that are waited for already */
  #awaited = new Set();

  /** @param {LockManager|undefined} [locks] */
  constructor(locks = globalThis.navigator?.locks) {
    this.#locks = locks;
    const held = new Promise((release) => this.#released.signal.addEventListener('abort', release));
    this.#locks?.request(lockName(this.id), () => held).catch(() => {});
  }

  /**
   * Calls once when the tab is gone, which may be never.
   * @param {string} id
   * @param {() => void} then
   */
  whenGone(id, then) {
    if (this.#awaited.has(id)) return;
    if (!this.#locks) {
      then();
      return;
    }
    this.#awaited.add(id);
    const signal = this.#released.signal;
    this.#locks.request(lockName(id), { signal }, then).catch(() => {
      if (!signal.aborted) then(); // The browser has locks but forbids them here.
    });
  }

  /** Frees the name, as closing the tab would. */
  release() {
    this.#released.abort();
  }
}
