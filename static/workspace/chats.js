/**
 * The agent's own chats: those of the newest view, each with its session, and the one of them that is open. The list
 * beside shows each with what it needs: unread messages and how long its customer waits.
 */

import { byId, element, icon, name, put, within } from '../shared/dom.js';
import { ofTab } from '../shared/kept.js';
import { forgetChat, forgetChatsBut, keptDraft, noteChat, onRead, readTo } from '../shared/account.js';
import { showAge } from './ages.js';
import { Chat } from './chat.js';
import { keep } from '../shared/keyed.js';
import { initials } from './presence.js';
import { toast } from './toasts.js';

/** @typedef {import('../client/desk-protocol.js').DeskChat} DeskChat */

const OPEN_KEY = 'tandem.workspace.open';

export class Chats {
  #house;
  #onOpen;

  /** @type {Map<string, Chat>} in the order of the view */
  #chats = new Map();

  /** What is to be opened as soon as it is there: at first what was open before a reload. */
  #awaited = { session: ofTab.get(OPEN_KEY), byHand: false };

  /** Sessions that go because the agent wants it, so that nobody is surprised. @type {Set<string>} */
  #given = new Set();
  #hasView = false;

  /** The chat that is open. @type {Chat|null} */
  current = null;

  /**
   * @param {import('./chat.js').House} house
   * @param {(chat: Chat|null, byHand: boolean) => void} onOpen another chat is open, or none
   * @param {AbortSignal} signal ends it
   */
  constructor(house, onOpen, signal) {
    this.#house = house;
    this.#onOpen = onOpen;
    byId('chat-list').addEventListener('click', ({ target }) => {
      const item = /** @type {HTMLElement} */ (target).closest('.chat-item');
      if (item) this.open(item.dataset.session);
    }, { signal });
    onRead((session) => this.#chats.get(session)?.markRead(readTo(session)), signal);
    signal.addEventListener('abort', () => {
      for (const chat of this.#chats.values()) chat.stop();
      byId('chat-list').replaceChildren();
    });
  }

  /** @returns {Chat[]} */
  get all() {
    return [...this.#chats.values()];
  }

  get unread() {
    return this.all.reduce((sum, chat) => sum + chat.unread, 0);
  }

  /** Takes the chats of a view: begins those that are new, ends those that are gone. @param {DeskChat[]} views */
  sync(views) {
    if (!this.#hasView) forgetChatsBut(views.map(({ session }) => session));
    this.#hasView = true;
    const before = this.#chats;
    this.#chats = new Map(views.map((view) => [view.session, this.#chat(before.get(view.session), view)]));
    for (const chat of before.values()) if (this.#chats.get(chat.id) !== chat) this.#end(chat);
    for (const session of this.#given) if (!this.#chats.has(session)) this.#given.delete(session);
    const { session, byHand } = this.#awaited;
    if (this.#chats.has(session)) this.open(session, { byHand });
  }

  /**
   * Opens a chat, also one that the next view brings.
   * @param {string|null} session
   * @param {{byHand?: boolean}} [options] by hand: the focus goes with it
   */
  open(session, { byHand = true } = {}) {
    const chat = this.#chats.get(session) ?? null;
    this.#awaited = { session: chat === null ? session : null, byHand };
    if (this.#awaited.session !== null) return;
    if (session === null) ofTab.remove(OPEN_KEY);
    else ofTab.set(OPEN_KEY, session);
    if (chat !== this.current) this.current?.hide();
    this.current = chat;
    chat?.show();
    this.#onOpen(chat, byHand);
  }

  /** The next or the previous one in the list. @param {1|-1} step @param {(chat: Chat) => boolean} [wanted] */
  step(step, wanted = () => true) {
    const all = this.all;
    const from = this.current === null ? (step === 1 ? -1 : all.length) : all.indexOf(this.current);
    for (let at = 1; at <= all.length; at += 1) {
      const chat = all[(from + step * at + all.length * 2) % all.length];
      if (wanted(chat)) return this.open(chat.id);
    }
    return undefined;
  }

  /** The agent gives this session away or files it: it is expected to go. @param {string} session */
  give(session) {
    this.#given.add(session);
  }

  /** He keeps it after all. @param {string} session */
  keepIt(session) {
    this.#given.delete(session);
  }

  show() {
    put(byId('count-mine'), this.#chats.size === 0 ? '' : `${this.#chats.size}`);
    byId('chats-empty').hidden = this.#chats.size > 0;
    const update = (shown, chat) => updateItem(shown, chat, chat === this.current);
    keep(byId('chat-list'), this.all, { key: ({ id }) => id, make: item, update });
  }

  #chat(known, view) {
    if (known?.isSame(view)) {
      known.view = view;
      return known;
    }
    noteChat(view.session);
    const chat = new Chat(view, this.#house);
    if (known && known === this.current) {
      this.current = chat;
      known.hide();
      chat.show();
      this.#onOpen(chat, false);
    }
    return chat;
  }

  /** A chat is not the agent's any more. What he had not sent is not thrown away behind his back. */
  #end(chat) {
    const isGone = !this.#chats.has(chat.id);
    // What is only not saved yet was told to everybody.
    const waiting = chat.session.outbox.filter((entry) => entry.state !== 'unsaved').map((entry) => entry.text);
    const unsent = [...waiting, keptDraft(chat.id)?.text ?? ''].filter(Boolean);
    const wasGiven = this.#given.has(chat.id);
    chat.stop();
    if (!isGone) return;
    forgetChat(chat.id);
    const { customer } = chat.view;
    const copy = { label: 'Copy it', run: () => navigator.clipboard?.writeText(unsent.join('\n')) };
    const lost = `The chat with ${customer} went before your text was sent.`;
    if (unsent.length > 0 && !wasGiven) toast(lost, { action: copy });
    else if (!wasGiven) toast(`The chat with ${customer} is no longer yours.`);
    if (this.current === chat) this.#openNext();
  }

  /** After the open chat went: the one whose customer waits longest, but nothing that takes the focus. */
  #openNext() {
    this.current = null;
    const waits = this.all.filter((chat) => chat.waitingSince !== null);
    const next = waits.sort((a, b) => a.waitingSince - b.waitingSince)[0] ?? this.all[0];
    this.open(next?.id ?? null, { byHand: false });
  }
}

/** Words for a screen reader. @param {string} text */
const hidden = (text) => element('span', { class: 'sr-only' }, text);

/** @param {Chat} chat */
function item(chat) {
  const button = element(
    'button',
    { type: 'button', class: 'chat-item', 'data-session': chat.id },
    element('span', { class: 'face', 'aria-hidden': 'true' }),
    element('span', { class: 'chat-item-who' }, name('')),
    element('span', { class: 'chat-item-wait' }, hidden('waits '), element('time', { class: 'age' })),
    element('span', { class: 'chat-item-last' }, name('')),
    element('span', { class: 'unread' }, element('span'), hidden(' unread')),
    element('span', { class: 'chat-item-state' }),
  );
  return element('li', {}, button);
}

/** @param {HTMLElement} shown @param {Chat} chat @param {boolean} isCurrent */
function updateItem(shown, chat, isCurrent) {
  const button = within(shown, '.chat-item');
  const { customer } = chat.view;
  if (isCurrent) button.setAttribute('aria-current', 'true');
  else button.removeAttribute('aria-current');
  button.dataset.ended = `${chat.isEnded}`;
  button.dataset.unread = `${chat.unread}`;
  put(within(button, '.face'), initials(customer));
  put(within(button, '.chat-item-who bdi'), customer);
  showAge(within(button, '.age'), chat.waitingSince);
  within(button, '.chat-item-wait').hidden = chat.waitingSince === null;
  put(within(button, '.chat-item-last bdi'), preview(chat));
  button.classList.toggle('typed', chat.isTyped);
  put(within(button, '.unread > span'), `${chat.unread}`);
  within(button, '.unread').hidden = chat.unread === 0;
  showState(within(button, '.chat-item-state'), chat);
}

/** @param {Chat} chat */
function preview({ isTyped, last, view }) {
  if (isTyped) return 'types…';
  if (last === null) return view.subject ?? '';
  const whose = last.visibility ? 'Note: ' : last.mine ? 'You: ' : '';
  return `${whose}${last.text}`;
}

/** What is unusual about a chat, with a picture where one helps. @param {HTMLElement} place @param {Chat} chat */
function showState(place, chat) {
  const [text, picture] = state(chat);
  place.hidden = text === '';
  if (place.textContent === text) return;
  place.replaceChildren(...(picture ? [icon(picture)] : []), text);
}

/** @param {Chat} chat @returns {[string, string?]} */
function state(chat) {
  if (chat.isEnded) return ['Ended, to be filed away', 'check'];
  if (chat.isHidden) return ['You watch', 'eye'];
  if (chat.session.outbox.some((entry) => entry.state === 'not_sent')) return ['A message was not sent'];
  if (chat.session.status === 'reconnecting') return ['Reconnecting…'];
  return [''];
}
