/**
 * The dialog in which chats are found: by words that were said, or all of one contact; and in which one is read, at the
 * message that was found.
 */

import { whileBusy } from '../shared/busy.js';
import { download } from '../shared/download.js';
import { byId, element, name, put, within } from '../shared/dom.js';
import { chats, contactWords, excerptPieces, period } from './contact-words.js';
import { dialog } from './dialogs.js';
import { Reader } from './reader.js';
import { moment, refusal } from './words.js';

/** @typedef {import('../client/archive.js').Contact} Contact */
/** @typedef {import('../client/archive.js').Hit} Hit */
/** @typedef {import('../client/archive.js').PastChat} PastChat */

/** Found in one request; more are asked for one screen at a time. */
const PAGE = 25;

export class Search {
  #archive;
  #agentName;
  #reader;

  /** @type {Contact|null} whose chats alone are looked through */
  #contact = null;

  /** Asks for what follows; null when there is no more. @type {(() => Promise<void>)|null} */
  #more = null;

  /** Ends what was asked before. */
  #asking = new AbortController();

  /** The chat that is read. @type {string|null} */
  #open = null;

  /** What was picked to be read. @type {HTMLElement|null} */
  #pickedItem = null;

  /**
   * @param {import('../client/archive.js').Archive} archive
   * @param {import('../shared/conversation.js').Happening} happening
   * @param {(agent: number) => string} agentName
   * @param {AbortSignal} signal ends it
   */
  constructor(archive, happening, agentName, signal) {
    this.#archive = archive;
    this.#agentName = agentName;
    this.#reader = new Reader(byId('found-lines'), happening);
    const on = (id, type, then) => byId(id).addEventListener(type, then, { signal });
    on('search-form', 'submit', (submit) => {
      submit.preventDefault();
      this.#begin();
    });
    on('search-contact-clear', 'click', () => this.#narrow(null));
    on('found', 'click', ({ target }) => this.#picked(/** @type {HTMLElement} */ (target)));
    on('search-more', 'click', () => this.#goOn());
    on('found-back', 'click', () => this.#back());
    on('found-save', 'click', ({ currentTarget }) => this.#save(currentTarget));
    on('search-dialog', 'close', () => this.#asking.abort());
    signal.addEventListener('abort', () => this.#asking.abort());
  }

  /** @param {Contact|null} contact whose chats alone are wanted */
  open(contact = null) {
    dialog('search-dialog').showModal();
    this.#narrow(contact);
    this.#words.focus();
  }

  get #words() {
    return /** @type {HTMLInputElement} */ (byId('search-words'));
  }

  #narrow(contact) {
    this.#contact = contact;
    byId('search-contact').hidden = contact === null;
    put(byId('search-contact-name'), contact ? contactWords(contact) : '');
    this.#words.value = '';
    this.#begin();
  }

  /** Looks anew. Without words there is nothing to find, but a contact has its chats. */
  #begin() {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    byId('found').replaceChildren();
    this.#leave();
    this.#offerMore(null);
    const q = this.#words.value.trim();
    if (q !== '') this.#find({ q, ...this.#period(), contact: this.#contact?.contact }, signal);
    else if (this.#contact) this.#list(this.#contact, this.#period().until, signal);
    else this.#say('All words must have been said in one message; the last may be a beginning.');
  }

  #period() {
    const value = (id) => /** @type {HTMLInputElement} */ (byId(id)).value;
    return period(value('search-from'), value('search-until'));
  }

  async #find(wanted, signal) {
    const ask = () => this.#archive.search({ ...wanted, limit: PAGE });
    const answer = await this.#request(ask, () => this.#find(wanted, signal), signal);
    if (!answer) return;
    const { hits, next } = answer;
    this.#show(hits.map(hitItem), next === undefined ? null : () => this.#find({ ...wanted, after: next }, signal));
  }

  async #list(contact, before, signal) {
    const ask = () => this.#archive.chats(contact.contact, { before, limit: PAGE });
    const found = await this.#request(ask, () => this.#list(contact, before, signal), signal);
    if (!found) return;
    const { from = 0 } = this.#period();
    const wanted = found.filter(({ opened_at_ms }) => opened_at_ms >= from);
    const next = found.at(-1)?.opened_at_ms;
    const more = wanted.length < PAGE ? null : () => this.#list(contact, next, signal);
    this.#show(wanted.map((chat) => chatItem(chat, this.#agentName)), more);
  }

  /** The button stays while it is asked, so that the focus does; a second press meanwhile asks nothing. */
  #goOn() {
    const more = this.#more;
    this.#more = null;
    return more?.();
  }

  /**
   * @param {() => Promise<any>} ask
   * @param {() => Promise<void>} again what is done when it was refused and is wanted after all
   * @param {AbortSignal} signal
   * @returns {Promise<any>} null when it was refused or is not wanted any more
   */
  async #request(ask, again, signal) {
    this.#say('Looking…');
    try {
      const answer = await ask();
      return signal.aborted ? null : answer;
    } catch (refused) {
      if (signal.aborted) return null;
      this.#say(refusal(refused));
      this.#offerMore(again, 'Try again');
      return null;
    }
  }

  /** @param {HTMLLIElement[]} items @param {(() => Promise<void>)|null} more what asks for those that follow */
  #show(items, more) {
    byId('found').append(...items);
    // Who asked for more goes on with what came.
    if (document.activeElement === byId('search-more')) (items[0]?.querySelector('button') ?? this.#words).focus();
    const count = byId('found').childElementCount;
    const what = this.#words.value.trim() === '' ? chats(count) : `${count} ${count === 1 ? 'message' : 'messages'}`;
    this.#say(count === 0 ? 'Nothing was found.' : `${what} found${more ? ' so far' : ''}`);
    this.#offerMore(more);
  }

  #offerMore(more, label = 'More') {
    this.#more = more;
    put(byId('search-more'), label);
    byId('search-more').hidden = more === null;
  }

  #say(text) {
    put(byId('search-state'), text);
  }

  #picked(target) {
    const button = /** @type {HTMLElement|null} */ (target.closest('button[data-session]'));
    if (!button) return;
    const at = button.dataset.seq === undefined ? null : Number(button.dataset.seq);
    this.#read(button, at);
  }

  /** @param {HTMLElement} item what was picked @param {number|null} seq the message that was found */
  async #read(item, seq) {
    const { session } = item.dataset;
    this.#leave();
    this.#open = session;
    this.#pickedItem = item;
    dialog('search-dialog').dataset.reading = 'true';
    const signal = this.#reader.begin();
    // It takes the focus before the chat is there, so it says already what is to come.
    put(byId('found-title'), ['.found-about', '.found-when'].map((part) => within(item, part).textContent).join(', '));
    put(byId('found-state'), 'Looking…');
    byId('found-state').hidden = false;
    byId('found-problem').hidden = true;
    byId('found-read').hidden = false;
    byId('found-title').focus();
    try {
      const { chat, names, events } = await this.#archive.transcript(session);
      if (signal.aborted) return;
      put(byId('found-title'), `${chat.customer}, ${moment(chat.opened_at_ms)}`);
      byId('found-state').hidden = true;
      this.#reader.add({ session, names, events });
      if (seq !== null) this.#reader.point(session, seq);
    } catch (refused) {
      if (!signal.aborted) put(byId('found-state'), refusal(refused));
    }
  }

  /** A file of the chat that is read. @param {HTMLButtonElement} button */
  async #save(button) {
    const session = this.#open;
    const how = { button, busy: 'Saving…', problem: byId('found-problem'), sentence: refusal };
    const file = await whileBusy(() => this.#archive.transcriptFile(session, 'html'), how);
    if (file) download(file, `chat-${session}.html`);
  }

  #back() {
    const item = this.#pickedItem;
    this.#leave();
    (item?.isConnected ? item : this.#words).focus();
  }

  #leave() {
    this.#open = null;
    this.#pickedItem = null;
    this.#reader.clear();
    byId('found-read').hidden = true;
    dialog('search-dialog').dataset.reading = 'false';
  }
}

/** @param {Hit} hit */
function hitItem(hit) {
  const { chat, seq, at_ms } = hit;
  const said = excerptPieces(hit).map(({ text, isMarked }) => (isMarked ? element('mark', {}, text) : text));
  const about = chat.subject ? [name(chat.customer), ' · ', name(chat.subject)] : [name(chat.customer)];
  const button = element(
    'button',
    { type: 'button', class: 'found-item', 'data-session': chat.session, 'data-seq': `${seq}` },
    element('span', { class: 'found-when' }, moment(at_ms)),
    element('span', { class: 'found-about' }, ...about),
    element('span', { class: 'found-said', dir: 'auto' }, name(hit.name), ': ', ...said),
  );
  return element('li', {}, button);
}

/** @param {PastChat} chat @param {(agent: number) => string} agentName */
function chatItem({ session, opened_at_ms, closed_at_ms, subject, agents = [], disposition, erased }, agentName) {
  const facts = [
    agents.length > 0 ? `with ${agents.map(agentName).join(', ')}` : '',
    disposition ?? '',
    erased ? 'erased' : '',
    closed_at_ms === undefined ? 'goes on' : '',
  ];
  const button = element(
    'button',
    { type: 'button', class: 'found-item', 'data-session': session },
    element('span', { class: 'found-when' }, moment(opened_at_ms)),
    element('span', { class: 'found-about' }, name(subject ?? 'Without a subject')),
    element('span', { class: 'found-facts' }, facts.filter(Boolean).join(' · ')),
  );
  return element('li', {}, button);
}
