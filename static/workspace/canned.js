/**
 * The canned replies there are for this agent, as the desk last told them, and which of them fit what he types.
 */

/** @typedef {import('../client/desk-protocol.js').Canned} Canned */

/** What is offered at once; more is found by typing on (B-1). */
const OFFERED_MAX = 7;

/** Others may change shared replies: what is older than this is asked for again when it is next wanted. */
const FRESH_MS = 30_000;

/** What stands before a shortcut and its beginning, at the end of what was typed. */
const BEGUN = /(^|\s)\/([a-z0-9_-]{0,32})$/i;

export class CannedReplies extends EventTarget {
  #desk;
  #askedAt = -Infinity;

  /** @type {Canned[]} by shortcut */
  all = [];

  /** @param {import('../client/desk.js').Desk} desk */
  constructor(desk) {
    super();
    this.#desk = desk;
  }

  /** Asks for them unless they are fresh. @param {boolean} [now] whatever they are */
  async load(now = false) {
    if (!now && performance.now() - this.#askedAt < FRESH_MS) return;
    this.#askedAt = performance.now();
    try {
      const all = await this.#desk.do({ do: 'canned' });
      this.all = [...all].sort((a, b) => a.shortcut.localeCompare(b.shortcut));
      this.dispatchEvent(new Event('change'));
    } catch {
      this.#askedAt = -Infinity; // The next wish asks again; what there was stays.
    }
  }

  /** @param {Canned} canned */
  async save(canned) {
    await this.#desk.do({ do: 'save_canned', canned });
    await this.load(true);
  }

  /** @param {string} id */
  async remove(id) {
    await this.#desk.do({ do: 'delete_canned', canned: id });
    await this.load(true);
  }

  /**
   * Those that may be meant: by the beginning of the shortcut first, then by a word of the text.
   * @param {string} begun what was typed after the `/`
   * @returns {Canned[]}
   */
  matching(begun) {
    const wanted = begun.toLowerCase();
    const byShortcut = this.all.filter(({ shortcut }) => shortcut.startsWith(wanted));
    const others = this.all.filter((canned) => !byShortcut.includes(canned));
    const byText = others.filter(({ text }) => text.toLowerCase().includes(wanted));
    return [...byShortcut, ...byText].slice(0, OFFERED_MAX);
  }
}

/**
 * The shortcut that is being typed before the caret.
 * @param {string} before the text before the caret
 * @returns {{begun: string, from: number}|null} what was typed after the `/`, and where the `/` is
 */
export function begunShortcut(before) {
  const found = BEGUN.exec(before);
  return found && { begun: found[2], from: before.length - found[2].length - 1 };
}
