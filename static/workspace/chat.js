/**
 * One chat of the agent's: its session, its conversation, and what the list shows of it: unread messages, how long
 * the customer has been waiting for an answer, the last thing said, who types.
 *
 * Its conversation stays in the page as long as the chat does, so that switching costs nothing and loses no place.
 */

import { Session } from '../client/tandem.js';
import { announce } from '../shared/announcer.js';
import { byId, within } from '../shared/dom.js';
import { Conversation } from '../shared/conversation.js';
import { keepRead, readTo } from '../shared/account.js';
import { TAGS } from './words.js';

/** @typedef {import('../client/desk-protocol.js').DeskChat} DeskChat */
/** @typedef {import('../client/protocol.js').SessionEvent} SessionEvent */

/**
 * @typedef {object} House what a chat needs of the workspace around it
 * @property {import('../shared/conversation.js').Happening} happening
 * @property {(chat: Chat) => boolean} isLooking whether the agent has it before his eyes
 * @property {(chat: Chat) => void} onChange something that the workspace shows of it changed
 * @property {(chat: Chat, event: SessionEvent) => void} onArrived somebody said something new
 * @property {(chat: Chat) => void} onSeen
 * @property {(chat: Chat, text: string, visibility: import('../client/protocol.js').Visibility) => void} onEdit
 */

export class Chat {
  #house;
  #life = new AbortController();
  #frame;
  #conversation;

  /** The numbers of the messages that nobody here has read. @type {number[]} */
  #unread = [];

  /** The reason of the `closed` event; the view may say it later. @type {string|null} */
  #closed = null;

  /** Since when the customer waits for an answer; null while he does not. @type {number|null} */
  waitingSince = null;

  /** How long the customer had waited in a queue when somebody took the chat last; null before. @type {number|null} */
  waited_ms = null;

  /** When the chat was last put into a queue. */
  #queuedAt = 0;

  /** Whether the customer types. */
  isTyped = false;

  /** The last thing said. @type {{text: string, mine: boolean, visibility?: string}|null} */
  last = null;

  /** @param {DeskChat} view @param {House} house */
  constructor(view, house) {
    this.view = view;
    this.#house = house;
    const { session, token, participant } = view;
    this.session = new Session({ session, token, participant });
    this.#listen();
    this.#frame = frame(session);
    this.#conversation = new Conversation(this.session, place(this.#frame), this.#reader(), this.#life.signal);
    this.session.start();
  }

  get id() {
    return this.view.session;
  }

  get unread() {
    return this.#unread.length;
  }

  /** Whether the agent is in it without being seen by the customer. */
  get isHidden() {
    return this.view.visibility !== 'ALL';
  }

  get isEnded() {
    return this.#closed !== null || this.view.ended !== undefined;
  }

  /** Why it ended, if it has. @returns {string|null} */
  get ended() {
    return this.view.ended ?? this.#closed;
  }

  /** Whether a view still means this stay of the agent's in the session. @param {DeskChat} view */
  isSame({ session, token, participant }) {
    return session === this.id && token === this.view.token && participant === this.view.participant;
  }

  show() {
    this.#frame.hidden = false;
    this.#conversation.show();
  }

  hide() {
    this.#conversation.hide();
    this.#frame.hidden = true;
  }

  /** The place into which the focus goes to read. */
  focusLog() {
    within(this.#frame, '.log').focus();
  }

  /** Ends what it holds; the agent stays in the session. */
  stop() {
    this.#life.abort();
    this.session.stop();
    this.#frame.remove();
  }

  /** All that was said is before the agent's eyes, here or in another tab. @param {number} [to] */
  markRead(to = this.session.last) {
    const left = this.#unread.filter((seq) => seq > to);
    keepRead(this.id, to);
    if (left.length === this.#unread.length) return;
    this.#unread = left;
    this.#house.onChange(this);
  }

  #listen() {
    const { signal } = this.#life;
    const on = (type, then) => this.session.addEventListener(type, ({ detail }) => then(detail), { signal });
    on('event', ({ event, mine }) => this.#event(event, mine));
    on('typing', ({ participants }) => {
      this.isTyped = participants.some(({ kind }) => kind === 'CLIENT');
      this.#house.onChange(this);
    });
    for (const type of ['state', 'participants', 'message-state']) on(type, () => this.#house.onChange(this));
    on('reset', () => {
      this.#unread = [];
      this.last = null;
      this.waitingSince = null;
    });
  }

  #event(event, mine) {
    if (event.type === 'queued') this.#queued(event);
    if (event.type === 'joined' && event.took !== undefined) this.waited_ms = event.at_ms - this.#queuedAt;
    if (event.type === 'closed') this.#closed = event.reason;
    if (event.type === 'message') this.#message(event, mine);
    if (this.isEnded) this.waitingSince = null;
    this.#house.onChange(this);
  }

  #queued({ at_ms }) {
    this.#queuedAt = at_ms;
    this.waitingSince ??= at_ms;
  }

  #message({ seq, participant, text, at_ms, visibility }, mine) {
    this.last = { text, mine, visibility };
    if (!visibility && this.#kindOf(participant) === 'CLIENT') this.waitingSince ??= at_ms;
    else if (!visibility) this.waitingSince = null;
    if (!mine && seq > readTo(this.id)) this.#unread.push(seq);
  }

  /** @returns {import('../shared/conversation.js').Reader} */
  #reader() {
    return {
      happening: this.#house.happening,
      present: (participant) => {
        const kind = this.#kindOf(participant);
        return kind === 'CLIENT' ? { side: 'theirs' } : { side: 'ours', tag: TAGS[kind] };
      },
      isLooking: () => this.#house.isLooking(this),
      onArrived: (event) => this.#house.onArrived(this, event),
      onSeen: () => {
        this.markRead();
        this.#house.onSeen(this);
      },
      onEdit: (text, visibility) => this.#house.onEdit(this, text, visibility),
      announce,
      // Every chat tells of the same loss; one voice is enough.
      announceNotice: (text) => this.#house.isLooking(this) && announce(text),
    };
  }

  #kindOf(participant) {
    return this.session.participants.find((each) => each.participant === participant)?.kind;
  }
}

/** The page's part for one conversation. @param {string} session */
function frame(session) {
  const template = /** @type {HTMLTemplateElement} */ (byId('log-template'));
  const made = /** @type {HTMLElement} */ (within(template.content, '.log-frame').cloneNode(true));
  made.dataset.session = session;
  made.hidden = true;
  byId('conversation-log').append(made);
  return made;
}

/** @param {HTMLElement} made @returns {import('../shared/conversation.js').Place} */
function place(made) {
  return {
    log: within(made, '.log'),
    lines: within(made, '.lines'),
    outbox: within(made, '.outbox'),
    newer: within(made, '.newer'),
    typing: within(made, '.typing'),
  };
}
