/**
 * The customer's earlier chats beside the conversation, and one of them to be read. What was asked for one chat is
 * never shown beside another.
 */

import { byId, element, name, put } from '../shared/dom.js';
import { Reader } from './reader.js';
import { date, moment } from './words.js';

/** @typedef {import('../client/desk-protocol.js').EarlierChat} EarlierChat */
/** @typedef {import('../client/desk-protocol.js').Transcript} Transcript */

/** Pages of one transcript that are asked for; a chat with more is read elsewhere (B-1). */
const PAGES_MAX = 40;

export class Earlier {
  #desk;
  #reader;

  /** What each chat's customer had before, as far as it was asked. @type {Map<string, EarlierChat[]>} */
  #known = new Map();

  /** The chat beside which it is shown. @type {string|null} */
  #beside = null;

  /**
   * @param {import('../client/desk.js').Desk} desk
   * @param {import('../shared/conversation.js').Happening} happening
   * @param {AbortSignal} signal ends it
   */
  constructor(desk, happening, signal) {
    this.#desk = desk;
    this.#reader = new Reader(byId('transcript-lines'), happening);
    byId('earlier').addEventListener('click', ({ target }) => {
      const picked = /** @type {HTMLElement} */ (target).closest('[data-session]');
      if (picked) this.#read(picked.dataset.session);
    }, { signal });
    byId('transcript').addEventListener('click', ({ target }) => {
      if (/** @type {HTMLElement} */ (target).closest('[data-action="transcript-back"]')) this.#back();
    }, { signal });
    signal.addEventListener('abort', () => this.#leave());
  }

  /** @param {string|null} session the open chat */
  open(session) {
    if (session === this.#beside) return;
    this.#beside = session;
    this.#leave();
    if (session === null) return;
    this.#show();
    if (!this.#known.has(session)) this.#ask(session);
  }

  async #ask(session) {
    try {
      this.#known.set(session, await this.#desk.do({ do: 'earlier', session }));
    } catch (refused) {
      if (this.#beside === session) put(byId('earlier-empty'), refused.message);
      return;
    }
    if (this.#beside === session) this.#show();
  }

  #show() {
    const known = this.#known.get(this.#beside);
    put(byId('earlier-empty'), known ? 'There are none.' : 'Looking…');
    byId('earlier-empty').hidden = known !== undefined && known.length > 0;
    byId('earlier').replaceChildren(...(known ?? []).map(item));
  }

  async #read(session) {
    const chat = this.#known.get(this.#beside)?.find((each) => each.session === session);
    if (!chat) return;
    this.#leave();
    const signal = this.#reader.begin();
    byId('customer-body').hidden = true;
    byId('transcript').hidden = false;
    put(byId('transcript-title'), moment(chat.opened_at_ms));
    put(byId('transcript-state'), 'Looking…');
    byId('transcript-state').hidden = false;
    byId('transcript-title').focus();
    try {
      await this.#readAll(session, signal);
    } catch (refused) {
      if (!signal.aborted) put(byId('transcript-state'), refused.message);
    }
  }

  /** Page after page, each shown as it comes. */
  async #readAll(session, signal) {
    let after = 0;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      /** @type {Transcript} */
      const part = await this.#desk.do({ do: 'transcript', session, after });
      if (signal.aborted) return;
      this.#reader.add(part);
      after = part.events.at(-1)?.seq ?? part.head;
      byId('transcript-state').hidden = true;
      if (after >= part.head) return;
    }
  }

  #back() {
    const read = byId('earlier').querySelector(':focus') ?? byId('earlier').querySelector('button');
    this.#leave();
    /** @type {HTMLElement|null} */ (read)?.focus();
  }

  #leave() {
    this.#reader.clear();
    byId('transcript').hidden = true;
    byId('customer-body').hidden = false;
  }
}

/** @param {EarlierChat} chat */
function item({ session, opened_at_ms, subject, agent, disposition, remark }) {
  const facts = [agent ? `with ${agent}` : '', disposition ?? ''].filter(Boolean).join(' · ');
  const button = element(
    'button',
    { type: 'button', class: 'earlier-item', 'data-session': session },
    element('span', { class: 'earlier-when' }, date(opened_at_ms)),
    element('span', { class: 'earlier-subject' }, name(subject ?? 'Without a subject')),
    element('span', { class: 'earlier-facts' }, facts),
  );
  if (remark) button.append(element('span', { class: 'earlier-remark' }, name(remark)));
  return element('li', {}, button);
}
