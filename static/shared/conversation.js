/**
 * A conversation as it is shown: saved events in order, below them the messages on their way, between them what
 * happened to the connection. It follows a session's events and never moves what somebody reads.
 *
 * The page says what its reader calls things, whether he looks, and what is read aloud.
 */

import { put, within } from './dom.js';
import { Lines } from './lines.js';
import { Message } from './message.js';
import { ALL_SAVED, LOST, NOT_SAVED, restored, typing } from './words.js';

/** This close to the end counts as being there: new messages keep it in view. */
const NEAR_PX = 96;

/** @typedef {import('../client/protocol.js').SessionEvent} SessionEvent */

/**
 * @typedef {object} About whom an event is about
 * @property {boolean} mine whether the reader did it
 * @property {(participant: number) => string} nameOf
 * @property {(participant: number) => string|undefined} kindOf
 */

/**
 * What happened, in pieces; null for what is no line.
 * @callback Happening
 * @param {SessionEvent} event
 * @param {About} about
 * @returns {(Node|string)[]|null}
 */

/**
 * @typedef {object} Place where it is shown
 * @property {HTMLElement} log scrolls
 * @property {HTMLElement} lines what is in the transcript
 * @property {HTMLElement} outbox what is on its way
 * @property {HTMLElement} newer the button that leads to the end
 * @property {HTMLElement} typing who types
 */

/**
 * @typedef {object} Reader what the page knows of who reads it
 * @property {Happening} happening
 * @property {(participant: number) => {side?: 'theirs'|'ours', tag?: string}} present how another's messages are shown
 * @property {() => boolean} isLooking whether the conversation is before somebody's eyes
 * @property {(event: SessionEvent) => void} onArrived another said something that is new
 * @property {() => void} onSeen the end is before somebody's eyes
 * @property {(text: string, visibility: string) => void} onEdit a refused text goes back to its writer
 * @property {(text: string) => void} announce has something read aloud
 * @property {(text: string) => void} announceNotice has something about the connection read aloud
 */

/** @typedef {{shown: Message, seq: number}} Placed one's own message in the transcript */

/** One's own messages that are remembered (B-1): another tab's word of one comes within moments. */
const PLACED_MAX = 200;

export class Conversation {
  #session;
  #reader;
  #place;
  #lines;

  /** @type {Map<string, Message>} one's own messages that are not in the transcript yet, by client id */
  #waiting = new Map();

  /** One's own that are in the transcript and perhaps not on the disk, by client id. @type {Map<string, Placed>} */
  #unsaved = new Map();

  /** The last of one's own in the transcript: another tab's word of one may come after its event. @type {Map<string, Placed>} */
  #placed = new Map();

  /** Whether it was said that something is not saved. */
  #saidUnsaved = false;

  /** Whether the end stays in view as things arrive and the field grows; false while somebody reads further up. */
  #follow = true;

  /** How high all and what is seen of it were, when the place was settled last. */
  #heights = '';

  /** Where somebody read when it was hidden. @type {number|null} */
  #left = null;

  /**
   * @param {import('../client/session.js').Session} session
   * @param {Place} place
   * @param {Reader} reader
   * @param {AbortSignal} signal ends it
   */
  constructor(session, place, reader, signal) {
    this.#session = session;
    this.#place = place;
    this.#reader = reader;
    this.#lines = new Lines(place.lines);
    this.#clear();
    const on = (type, then) => session.addEventListener(type, ({ detail }) => then(detail), { signal });
    on('event', (detail) => this.#event(detail));
    on('message-state', (detail) => this.#messageState(detail));
    on('typing', ({ participants }) => this.#typing(participants));
    on('notice', (detail) => this.#notice(detail));
    on('reset', () => this.#clear());
    on('ended', () => this.#offerCopies());
    place.newer.addEventListener('click', () => this.#toEnd(), { signal });
    place.log.addEventListener('scroll', () => this.#scrolled(), { signal, passive: true });
    document.addEventListener('visibilitychange', () => this.#scrolled(), { signal });
    const sizes = new ResizeObserver(() => this.#resized());
    for (const part of [place.log, place.lines, place.outbox]) sizes.observe(part);
    signal.addEventListener('abort', () => sizes.disconnect());
  }

  /** It goes out of sight; the page hides it next. */
  hide() {
    this.#left = this.#follow ? null : this.#place.log.scrollTop;
  }

  /** It is in sight again, where it was left. */
  show() {
    if (this.#left === null) return this.#toEnd();
    this.#place.log.scrollTop = this.#left;
    return this.#scrolled();
  }

  #clear() {
    this.#lines.clear();
    this.#place.outbox.replaceChildren();
    this.#waiting.clear();
    this.#unsaved.clear();
    this.#placed.clear();
    this.#typing([]);
    this.#toEnd();
    for (const { state, ...entry } of this.#session.outbox) this.#messageState({ ...entry, state }, true);
  }

  #event({ event, mine, live }) {
    if (event.type === 'message') return this.#message(event, mine, live);
    const about = { mine, nameOf: (number) => this.#nameOf(number), kindOf: (number) => this.#find(number)?.kind };
    const pieces = this.#reader.happening(event, about);
    if (pieces === null) return undefined;
    const line = this.#lines.note(event.at_ms, pieces);
    return live && this.#reader.announce(line.textContent);
  }

  #message(event, mine, live) {
    const known = mine ? this.#waiting.get(event.client_id) : undefined;
    const shown = known ?? this.#shown(event, mine);
    const state = mine ? this.#stateOf(event.client_id) : undefined;
    if (mine) this.#placeOwn(event, shown, state);
    shown.update({ at_ms: event.at_ms, state });
    shown.offer({});
    this.#lines.message(shown.line, event);
    if (live && !mine) this.#arrived(event);
  }

  #placeOwn({ client_id, seq }, shown, state) {
    this.#waiting.delete(client_id);
    if (state !== 'saved') this.#unsaved.set(client_id, { shown, seq });
    this.#placed.set(client_id, { shown, seq });
    if (this.#placed.size > PLACED_MAX) this.#placed.delete(this.#placed.keys().next().value);
  }

  #shown({ seq, participant, text, at_ms, visibility }, mine) {
    const key = `${this.#session.id}-${seq}`;
    const from = mine ? {} : { sender: this.#nameOf(participant), ...this.#reader.present(participant) };
    return new Message({ key, text, at_ms, mine, visibility, ...from });
  }

  /** How a message that is in the transcript stands: what the outbox does not keep any more is saved. */
  #stateOf(client_id) {
    return this.#session.outbox.find((entry) => entry.client_id === client_id)?.state ?? 'saved';
  }

  #messageState({ client_id, text, visibility, at_ms, state, reason }, quiet = false) {
    const known = this.#waiting.get(client_id);
    const placed = this.#placed.get(client_id);
    if (state === 'unsaved' && !quiet) this.#sayUnsaved();
    if (state === 'discarded') return this.#drop(client_id);
    if (placed && (state === 'saved' || state === 'elsewhere')) return this.#saved(placed.seq);
    if (state === 'elsewhere' || (state === 'saved' && !known)) return undefined;
    if (placed) this.#unsaved.set(client_id, placed);
    const shown = placed?.shown ?? known
      ?? new Message({ key: client_id, text, visibility, at_ms, mine: true, state, reason });
    if (!placed && !known) this.#wait(client_id, shown);
    // What is in the transcript has the moment of its event.
    shown.update(placed ? { state, reason } : { at_ms, state, reason });
    shown.offer(state === 'not_sent' ? this.#actions(client_id, text, visibility) : {});
    if (state === 'not_sent' && !quiet) this.#reader.announce(`Not sent. ${reason}`);
    return undefined;
  }

  /** A message in the transcript is on the disk, and with it all before it. @param {number} upTo its number */
  #saved(upTo) {
    for (const [id, { shown, seq }] of this.#unsaved) {
      if (seq > upTo) continue;
      shown.update({ state: 'saved' });
      shown.offer({});
      this.#unsaved.delete(id);
    }
    if (this.#unsaved.size > 0 || !this.#saidUnsaved) return;
    this.#saidUnsaved = false;
    this.#reader.announce(ALL_SAVED);
  }

  /** Said once, not with every message. */
  #sayUnsaved() {
    if (!this.#saidUnsaved) this.#reader.announce(NOT_SAVED);
    this.#saidUnsaved = true;
  }

  #wait(client_id, shown) {
    this.#waiting.set(client_id, shown);
    this.#place.outbox.append(shown.line);
    this.#toEnd();
  }

  #drop(client_id) {
    const shown = this.#waiting.get(client_id) ?? this.#placed.get(client_id)?.shown;
    shown?.line.remove();
    for (const known of [this.#waiting, this.#unsaved, this.#placed]) known.delete(client_id);
  }

  #actions(client_id, text, visibility = 'ALL') {
    const copy = navigator.clipboard ? ({ currentTarget }) => this.#copy(text, currentTarget) : undefined;
    if (this.#session.status === 'ended') return { copy };
    const edit = () => {
      this.#session.discard(client_id);
      this.#reader.onEdit(text, visibility);
    };
    return { again: () => this.#session.again(client_id), edit, copy };
  }

  /** After the end a text can only be taken along. */
  #offerCopies() {
    for (const [client_id, shown] of this.#waiting) shown.offer(this.#actions(client_id, shown.text));
  }

  /** @param {string} text @param {HTMLElement} button which says that it is done */
  async #copy(text, button) {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
    this.#reader.announce('Copied');
  }

  #notice({ notice, gap_ms }) {
    const lost = notice === 'connection_lost';
    const text = lost ? LOST : restored(gap_ms);
    this.#lines.notice(lost ? 'lost' : 'restored', text);
    this.#reader.announceNotice(text);
  }

  #typing(participants) {
    const { typing: place } = this.#place;
    place.hidden = participants.length === 0;
    put(within(place, 'bdi'), place.hidden ? '' : typing(participants.map((each) => each.name)));
    if (this.#follow) this.#toEnd();
  }

  #find(participant) {
    return this.#session.participants.find((each) => each.participant === participant);
  }

  #nameOf(participant) {
    return this.#find(participant)?.name ?? `Participant ${participant}`;
  }

  #arrived(event) {
    const visibility = { INT: ', to the staff', VIP: ', to supervisors' }[event.visibility] ?? '';
    this.#reader.announce(`${this.#nameOf(event.participant)}${visibility}: ${event.text}`);
    this.#reader.onArrived(event);
    if (this.#follow) this.#seen();
    else this.#place.newer.hidden = false;
  }

  #seen() {
    if (document.visibilityState !== 'visible' || !this.#reader.isLooking()) return;
    this.#place.newer.hidden = true;
    this.#reader.onSeen();
  }

  #scrolled() {
    const { log } = this.#place;
    if (log.clientHeight === 0) return; // What is hidden is not scrolled.
    // With something that has just arrived, the scrolling says nothing of what its reader wants; the observer goes on.
    if (this.#measure() !== this.#heights) return;
    this.#follow = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
    if (this.#follow) this.#seen();
  }

  #toEnd() {
    this.#follow = true;
    this.#place.log.scrollTop = this.#place.log.scrollHeight;
    this.#heights = this.#measure();
    this.#seen();
  }

  #resized() {
    if (this.#follow) this.#toEnd();
    this.#heights = this.#measure();
  }

  #measure() {
    const { scrollHeight, clientHeight } = this.#place.log;
    return `${scrollHeight} ${clientHeight}`;
  }
}
