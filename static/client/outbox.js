/**
 * The messages that are not saved yet. Each has the id under which it is sent, again and again until the answer
 * comes (D-3), and lives in the browser's storage, so that a reload or a crash of the tab does not lose it. One that
 * was told to everybody without being on the disk stays too, so that it is not lost when its engine is.
 *
 * It decides what is sent next and never sends. The session owns it and tells it what became of a message.
 * Tabs share the storage: an entry names the tab that sends it, and outlives that tab.
 */

import { outboxPrefix } from './storage.js';

/** Messages that may wait at once (B-1); then {@link Outbox#add} refuses and the text stays with its writer. */
export const OUTBOX_ENTRIES_MAX = 100;

/**
 * Messages that are kept although they were told (B-1). Beyond it the oldest is kept no longer: where that many are
 * not saved, the operator has chosen to save late.
 */
export const UNSAVED_KEPT_MAX = 100;

/**
 * @typedef {object} Entry a message on its way
 * @property {string} client_id the id under which it is sent
 * @property {string} text what it says
 * @property {import('./protocol.js').Visibility} [visibility] who may read it, where it is not everybody
 * @property {number} at_ms when it was written, by this computer's clock
 * @property {number} order its place among those that wait
 * @property {string} tab which tab sends it
 * @property {'sending'|'unsaved'|'not_sent'} state unsaved: everybody is told, but it is not on the disk. not_sent:
 *   refused for good; kept so that its writer can decide
 * @property {number} [seq] its number, where it is unsaved
 * @property {string} [reason] why it was refused, for people
 */

export class Outbox {
  #shelf;
  #prefix;
  #tab;
  #newId;

  /** @type {Map<string, Entry>} what this tab believes to be stored */
  #entries = new Map();

  /**
   * @param {{shelf: import('./storage.js').Shelf, session: string, tab: string, newId: () => string}} parts
   */
  constructor({ shelf, session, tab, newId }) {
    this.#shelf = shelf;
    this.#prefix = outboxPrefix(session);
    this.#tab = tab;
    this.#newId = newId;
    this.sync();
  }

  /** All that wait, in order. @returns {Entry[]} */
  get entries() {
    return [...this.#entries.values()].sort((a, b) => a.order - b.order || a.at_ms - b.at_ms);
  }

  /** How many are still to be sent. */
  get waiting() {
    return this.entries.filter((entry) => entry.state === 'sending').length;
  }

  /**
   * Keeps a new message; it is stored before it is first sent.
   * @param {string} text
   * @param {number} now_ms
   * @param {import('./protocol.js').Visibility} [visibility]
   * @returns {Entry|null} null when too many wait already
   */
  add(text, now_ms, visibility = 'ALL') {
    if (this.entries.length - this.#unsaved.length >= OUTBOX_ENTRIES_MAX) return null;
    const said = visibility === 'ALL' ? { text } : { text, visibility };
    const place = { at_ms: now_ms, order: this.#end(), tab: this.#tab };
    return this.#put({ client_id: this.#newId(), ...said, ...place, state: 'sending' });
  }

  /** The one message that this tab may send now: the oldest, so that order is kept whatever is refused. */
  next() {
    return this.entries.find((entry) => entry.state === 'sending' && entry.tab === this.#tab) ?? null;
  }

  /** The message is saved. @param {string} client_id @returns {Entry|null} it, if it waited here */
  settle(client_id) {
    const entry = this.#entries.get(client_id) ?? null;
    this.#entries.delete(client_id);
    this.#shelf.remove(this.#prefix + client_id);
    return entry;
  }

  /**
   * Everybody is told the message as event `seq`, but it is not on the disk.
   * @param {string} client_id
   * @param {number} seq
   * @returns {Entry|null} it, if that is news
   */
  told(client_id, seq) {
    const entry = this.#entries.get(client_id);
    if (!entry || entry.state === 'unsaved') return null;
    const [oldest] = this.#unsaved;
    if (this.#unsaved.length >= UNSAVED_KEPT_MAX) this.settle(oldest.client_id);
    const { reason: _, ...rest } = entry;
    return this.#put({ ...rest, state: 'unsaved', seq });
  }

  /** All up to event `seq` is on the disk. @param {number} seq @returns {Entry[]} what waited for that, in order */
  savedUpTo(seq) {
    const saved = this.#unsaved.filter((entry) => entry.seq <= seq);
    for (const entry of saved) this.settle(entry.client_id);
    return saved;
  }

  /** The last of this tab's messages that are told and not on the disk: once it is there, all are. */
  get lastUnsaved() {
    return this.#unsaved.filter((entry) => entry.tab === this.#tab).at(-1) ?? null;
  }

  /**
   * Another engine may serve, which knows what is on the disk and nothing else: what was only told is sent again,
   * in order. One that it knows after all is a repeat (D-3).
   * @returns {Entry[]}
   */
  resend() {
    return this.#unsaved.filter((entry) => entry.tab === this.#tab).map((entry) => this.#sending(entry));
  }

  /** The message is refused for good. @param {string} client_id @param {string} reason @returns {Entry|null} */
  refuse(client_id, reason) {
    const entry = this.#entries.get(client_id);
    return entry ? this.#put({ ...entry, state: 'not_sent', reason }) : null;
  }

  /** Its writer wants it sent after all; under the same id, for it was never recorded. @param {string} client_id */
  again(client_id) {
    const entry = this.#entries.get(client_id);
    if (entry?.state !== 'not_sent') return null;
    return this.#sending({ ...entry, order: this.#end() });
  }

  /** The tabs, other than this one, that have messages to send. @returns {string[]} */
  get otherTabs() {
    const theirs = this.entries.filter((entry) => entry.state !== 'not_sent' && entry.tab !== this.#tab);
    return [...new Set(theirs.map((entry) => entry.tab))];
  }

  /** Takes over what a tab that is gone left behind. @param {string} tab @returns {Entry[]} */
  adopt(tab) {
    this.sync();
    const theirs = this.entries.filter((entry) => entry.state !== 'not_sent' && entry.tab === tab);
    return theirs.map((entry) => this.#sending(entry));
  }

  /**
   * Reads what other tabs have written.
   * @returns {{changed: Entry[], gone: Entry[]}} new or altered entries, and those no longer stored
   */
  sync() {
    const stored = new Map();
    for (const key of this.#shelf.keys(this.#prefix)) {
      const entry = this.#shelf.get(key);
      if (isEntry(entry)) stored.set(entry.client_id, entry);
    }
    const differs = (entry) => JSON.stringify(this.#entries.get(entry.client_id)) !== JSON.stringify(entry);
    const changed = [...stored.values()].filter(differs);
    const gone = this.entries.filter((entry) => !stored.has(entry.client_id));
    this.#entries = stored;
    return { changed, gone };
  }

  /** @returns {Entry[]} in the order in which they were told */
  get #unsaved() {
    return this.entries.filter((entry) => entry.state === 'unsaved').sort((a, b) => a.seq - b.seq);
  }

  /** It is to be sent by this tab. */
  #sending({ reason: _, seq: __, ...entry }) {
    return this.#put({ ...entry, state: 'sending', tab: this.#tab });
  }

  #put(entry) {
    this.#entries.set(entry.client_id, entry);
    this.#shelf.set(this.#prefix + entry.client_id, entry);
    return entry;
  }

  /** A place after all that wait. */
  #end() {
    return 1 + Math.max(0, ...this.entries.map((entry) => entry.order));
  }
}

/** Storage is shared with whatever else runs on the site; what is not ours is left alone. */
function isEntry(value) {
  return typeof value?.client_id === 'string' && typeof value.text === 'string' && typeof value.order === 'number';
}
