/**
 * An interruption from its loss to its end, told once however often it is noticed: by the browser's own connection,
 * or by the gateway about what is behind it.
 */

/**
 * @typedef {object} Teller
 * @property {() => number} now
 * @property {(status: 'connected'|'reconnecting') => void} become
 * @property {(detail: {notice: string, source: string, gap_ms?: number}) => void} tell
 */

export class Outage {
  #restored;
  #teller;

  /** When it began; null while there is none. @type {number|null} */
  #lostAt = null;

  /** @param {string} restored the name of the notice that ends it @param {Teller} teller */
  constructor(restored, teller) {
    this.#restored = restored;
    this.#teller = teller;
  }

  /** @param {string} source who was lost */
  begin(source) {
    if (this.#lostAt !== null) return;
    this.#lostAt = this.#teller.now();
    this.#teller.become('reconnecting');
    this.#teller.tell({ notice: 'connection_lost', source });
  }

  /**
   * It goes on.
   * @param {string} source who is back
   * @param {number} [gap_ms] as the gateway measured it: then it is told even if its loss was told to an earlier
   *   connection; without it the gap is what this side saw
   */
  end(source, gap_ms) {
    const lostAt = this.#lostAt;
    this.#lostAt = null;
    this.#teller.become('connected');
    if (lostAt === null && gap_ms === undefined) return;
    const seen_ms = this.#teller.now() - (lostAt ?? 0);
    this.#teller.tell({ notice: this.#restored, gap_ms: Math.max(0, gap_ms ?? seen_ms), source });
  }
}
