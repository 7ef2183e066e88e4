/**
 * What was done at a desk and is not answered yet. Each action has the id under which it is sent, unchanged, again
 * and again until it is answered (D-3), so that a click is never lost to a connection and never done twice.
 *
 * It decides what is sent next and never sends. The desk owns it. Unlike messages, actions end with the page: the
 * view that the next page gets shows what became of them.
 */

/** Actions that may be kept at once (B-1); more than a hand can do while somebody waits for a connection. */
export const ACTIONS_KEPT_MAX = 100;

/** Actions that are on the wire at once: well below what a gateway takes from a desk. */
export const ACTIONS_SENT_MAX = 16;

/**
 * @typedef {object} Kept an action on its way
 * @property {string} id the id under which it is sent
 * @property {import('./desk-protocol.js').DeskAction} action
 * @property {boolean} isSent on this connection
 * @property {(result: any) => void} resolve
 * @property {(refused: Error) => void} reject
 */

export class Actions {
  #newId;

  /** @type {Map<string, Kept>} in the order in which they were done */
  #kept = new Map();

  /** @param {() => string} newId */
  constructor(newId) {
    this.#newId = newId;
  }

  get size() {
    return this.#kept.size;
  }

  /**
   * Keeps an action until it is answered.
   * @param {import('./desk-protocol.js').DeskAction} action
   * @returns {Promise<any>|null} its result; null when too many wait already
   */
  add(action) {
    if (action.do === 'state') this.#supersedeStates();
    if (this.#kept.size >= ACTIONS_KEPT_MAX) return null;
    const id = this.#newId();
    return new Promise((resolve, reject) => {
      this.#kept.set(id, { id, action, isSent: false, resolve, reject });
    });
  }

  /** Those to be sent now, in order; each is returned once a connection. @returns {Kept[]} */
  take() {
    const all = [...this.#kept.values()];
    const room = ACTIONS_SENT_MAX - all.filter((kept) => kept.isSent).length;
    const next = all.filter((kept) => !kept.isSent).slice(0, Math.max(0, room));
    for (const kept of next) kept.isSent = true;
    return next;
  }

  /** It was done. @param {string} id @param {any} result */
  done(id, result) {
    this.#settle(id)?.resolve(result);
  }

  /** It was refused for good. @param {string} id @param {Error} refused */
  refuse(id, refused) {
    this.#settle(id)?.reject(refused);
  }

  /** It is to be sent again. @param {string} id */
  repeat(id) {
    const kept = this.#kept.get(id);
    if (kept) kept.isSent = false;
  }

  /** A new connection: nothing was sent on it. */
  connected() {
    for (const kept of this.#kept.values()) kept.isSent = false;
  }

  /** Nothing will be answered any more. @param {Error} refused */
  refuseAll(refused) {
    for (const id of [...this.#kept.keys()]) this.refuse(id, refused);
  }

  /** Of two chosen states the later one holds: an earlier one must not be repeated after it. */
  #supersedeStates() {
    for (const { id, action } of [...this.#kept.values()]) if (action.do === 'state') this.done(id, null);
  }

  #settle(id) {
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    return kept;
  }
}
