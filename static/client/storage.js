/**
 * What the library keeps in the browser: whose session this is, and the messages that are not saved yet.
 *
 * A browser may refuse storage (private windows, a full disk, a policy). Then all of it is kept in memory: the chat
 * works and only a reload forgets. Nothing in here may throw.
 */

/** @typedef {import('./protocol.js').Credentials} Credentials */

const PREFIX = 'tandem.v1.';
const SESSION_KEY = `${PREFIX}session`;

/** One area of storage with JSON values. */
export class Shelf {
  /** What could not be written to the area, or all of it where there is none. */
  #memory = new Map();
  #area;

  /** @param {Storage|null} [area] by default the storage that all tabs of the site share */
  constructor(area = sharedArea()) {
    this.#area = area;
  }

  /** @param {string} key */
  get(key) {
    try {
      const text = this.#memory.get(key) ?? this.#area?.getItem(key) ?? null;
      return text === null ? null : JSON.parse(text);
    } catch {
      return null; // Another script's value under our name is as good as none.
    }
  }

  /** @param {string} key @param {unknown} value */
  set(key, value) {
    const text = JSON.stringify(value);
    try {
      if (this.#area === null) throw new Error('no storage');
      this.#area.setItem(key, text);
      this.#memory.delete(key);
    } catch {
      this.#memory.set(key, text);
    }
  }

  /** @param {string} key */
  remove(key) {
    this.#memory.delete(key);
    try {
      this.#area?.removeItem(key);
    } catch {
      // It could not be written either.
    }
  }

  /** The keys that begin so. @param {string} prefix @returns {string[]} */
  keys(prefix) {
    const keys = new Set(this.#memory.keys());
    try {
      for (let at = 0; at < (this.#area?.length ?? 0); at += 1) keys.add(this.#area.key(at));
    } catch {
      // What cannot be listed is not there.
    }
    return [...keys].filter((key) => key?.startsWith(prefix));
  }
}

/** @returns {Storage|null} */
function sharedArea() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // Reading the property alone throws where storage is blocked.
  }
}

/** The key under which a message waits; one key each, so that two tabs never overwrite each other's. */
export function outboxPrefix(session) {
  return `${PREFIX}outbox.${session}.`;
}

/**
 * Keeps the session for the next page load and for other tabs, and forgets what waits for the one kept before.
 * @param {Credentials} credentials
 * @param {Shelf} [shelf]
 */
export function keepSession(credentials, shelf = new Shelf()) {
  const before = keptSession(shelf);
  // Only that one's: an agent's workspace on the same site has sessions of its own.
  if (before && before.session !== credentials.session) forgetWaiting(before.session, shelf);
  shelf.set(SESSION_KEY, credentials);
}

/**
 * Forgets the messages that wait for a session: for a page that has done with it. Its `Session` must be stopped.
 * @param {string} session its id
 * @param {Shelf} [shelf]
 */
export function forgetWaiting(session, shelf = new Shelf()) {
  for (const key of shelf.keys(outboxPrefix(session))) shelf.remove(key);
}

/** @param {Shelf} [shelf] @returns {Credentials|null} */
export function keptSession(shelf = new Shelf()) {
  const kept = shelf.get(SESSION_KEY);
  const whole = typeof kept?.session === 'string' && typeof kept.token === 'string';
  return whole ? kept : null;
}

/** @param {Shelf} [shelf] */
export function forgetSession(shelf = new Shelf()) {
  const kept = keptSession(shelf);
  shelf.remove(SESSION_KEY);
  if (kept) forgetWaiting(kept.session, shelf);
}

/**
 * Calls when another tab keeps or forgets a session.
 * @param {(credentials: Credentials|null) => void} then
 * @param {AbortSignal} [signal] ends it
 */
export function onKeptSession(then, signal) {
  const hear = (change) => {
    if (change.key === SESSION_KEY || change.key === null) then(keptSession());
  };
  globalThis.addEventListener('storage', hear, { signal });
}
