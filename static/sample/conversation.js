/**
 * The conversation as it is shown: saved events in order, below them the messages on their way, between them what
 * happened to the connection. It follows a session's events and only ever appends, so that nobody loses his place.
 */

import { announce } from './announcer.js';
import { byId, element, name } from './dom.js';
import { Message } from './message.js';
import { LOST, clock, day, leaving, restored, typing } from './words.js';

/** Messages of one sender within this time stand together, under one name. */
const GROUP_MS = 120_000;

/** This close to the end counts as being there: new messages keep it in view. */
const NEAR_PX = 96;

/** Who joined, in pieces. */
const joining = (who, mine) => (mine ? ['You joined as ', name(who)] : [name(who), ' joined the chat']);

export class Conversation {
  #session;
  #onEdit;
  #log = byId('log');
  #lines = byId('lines');
  #outbox = byId('outbox');
  #newer = byId('newer');

  /** @type {Map<string, Message>} one's own messages that are not in the transcript yet, by client id */
  #waiting = new Map();

  /** Who spoke last and when, so that his next message stands with it. */
  #group = { participant: null, at_ms: 0 };
  #day = day(Date.now());
  #unseen = 0;

  /** Whether the end stays in view as things arrive and the field grows; false while somebody reads further up. */
  #follow = true;

  /**
   * @param {import('../client/session.js').Session} session
   * @param {(text: string) => void} onEdit a refused text goes back to the writer
   * @param {AbortSignal} signal ends it
   */
  constructor(session, onEdit, signal) {
    this.#session = session;
    this.#onEdit = onEdit;
    this.#clear();
    const on = (type, then) => session.addEventListener(type, ({ detail }) => then(detail), { signal });
    on('event', (detail) => this.#event(detail));
    on('message-state', (detail) => this.#messageState(detail));
    on('typing', ({ participants }) => this.#typing(participants));
    on('notice', (detail) => this.#notice(detail));
    on('reset', () => this.#clear());
    on('ended', () => this.#offerCopies());
    this.#newer.addEventListener('click', () => this.#toEnd(), { signal });
    this.#log.addEventListener('scroll', () => this.#scrolled(), { signal, passive: true });
    document.addEventListener('visibilitychange', () => this.#scrolled(), { signal });
    const sizes = new ResizeObserver(() => this.#follow && this.#toEnd());
    for (const place of [this.#log, this.#lines, this.#outbox]) sizes.observe(place);
    signal.addEventListener('abort', () => sizes.disconnect());
  }

  #clear() {
    this.#lines.replaceChildren();
    this.#outbox.replaceChildren();
    this.#waiting.clear();
    this.#group = { participant: null, at_ms: 0 };
    this.#typing([]);
    this.#toEnd();
    for (const { client_id, text, at_ms, state, reason } of this.#session.outbox) {
      this.#messageState({ client_id, text, at_ms, state, reason }, true);
    }
  }

  #event({ event, mine, live }) {
    if (event.type === 'message') this.#message(event, mine, live);
    if (event.type === 'opened' && event.subject) this.#note(event, ['Subject: ', name(event.subject)], live);
    if (event.type === 'joined') this.#note(event, joining(event.name, mine), live);
    if (event.type === 'left') this.#note(event, this.#leaving(event, mine), live);
  }

  #message(event, mine, live) {
    const sender = this.#nameOf(event);
    this.#separateDays(event.at_ms);
    const known = mine ? this.#waiting.get(event.client_id) : undefined;
    const shown = known ?? new Message({ key: `${event.seq}`, text: event.text, at_ms: event.at_ms, mine, sender });
    if (mine) this.#waiting.delete(event.client_id);
    shown.update({ at_ms: event.at_ms, state: mine ? 'saved' : undefined });
    shown.offer({});
    this.#groupWith(shown.line, event);
    this.#lines.append(shown.line); // A message that waited moves here and stays one element.
    if (live && !mine) this.#arrived(`${sender}: ${event.text}`);
  }

  #messageState({ client_id, text, at_ms, state, reason }, quiet = false) {
    const known = this.#waiting.get(client_id);
    if (state === 'discarded') return this.#drop(client_id);
    if (state === 'elsewhere' || (state === 'saved' && !known)) return undefined;
    const shown = known ?? new Message({ key: client_id, text, at_ms, mine: true, state, reason });
    if (!known) this.#wait(client_id, shown);
    shown.update({ at_ms, state, reason });
    shown.offer(state === 'not_sent' ? this.#actions(client_id, text) : {});
    if (state === 'not_sent' && !quiet) announce(`Not sent. ${reason}`);
    return undefined;
  }

  #wait(client_id, shown) {
    this.#waiting.set(client_id, shown);
    this.#outbox.append(shown.line);
    this.#toEnd();
  }

  #drop(client_id) {
    this.#waiting.get(client_id)?.line.remove();
    this.#waiting.delete(client_id);
  }

  #actions(client_id, text) {
    const copy = navigator.clipboard ? (click) => copyText(text, click.currentTarget) : undefined;
    if (this.#session.status === 'ended') return { copy };
    const edit = () => {
      this.#session.discard(client_id);
      this.#onEdit(text);
    };
    return { again: () => this.#session.again(client_id), edit, copy };
  }

  /** After the end a text can only be taken along. */
  #offerCopies() {
    for (const [client_id, shown] of this.#waiting) shown.offer(this.#actions(client_id, shown.text));
  }

  #note({ at_ms }, pieces, live) {
    this.#separateDays(at_ms);
    this.#group.participant = null;
    const line = element('li', { class: 'line note' }, element('p', {}, ...pieces));
    line.title = clock(at_ms);
    this.#lines.append(line);
    if (live) announce(line.textContent);
  }

  #notice({ notice, gap_ms }) {
    const lost = notice === 'connection_lost';
    const text = lost ? LOST : restored(gap_ms);
    const line = element('li', { class: 'line notice', 'data-notice': lost ? 'lost' : 'restored' });
    line.append(element('p', {}, text));
    this.#group.participant = null;
    this.#lines.append(line);
    if (document.body.dataset.notices === 'on') announce(text);
  }

  #typing(participants) {
    const place = byId('typing');
    place.hidden = participants.length === 0;
    byId('typing-text').textContent = place.hidden ? '' : typing(participants.map((each) => each.name));
    if (this.#follow) this.#toEnd();
  }

  #leaving({ participant, reason }, mine) {
    return mine ? [leaving(reason, true)] : [name(this.#nameOf({ participant })), ` ${leaving(reason, false)}`];
  }

  #separateDays(at_ms) {
    const today = day(at_ms);
    if (today === this.#day) return;
    this.#day = today;
    this.#group.participant = null;
    this.#lines.append(element('li', { class: 'line day' }, element('p', {}, today)));
  }

  #groupWith(line, { participant, at_ms }) {
    const together = this.#group.participant === participant && at_ms - this.#group.at_ms < GROUP_MS;
    line.classList.toggle('together', together);
    this.#group = { participant, at_ms };
  }

  #nameOf({ participant }) {
    const known = this.#session.participants.find((each) => each.participant === participant);
    return known?.name ?? `Participant ${participant}`;
  }

  #arrived(text) {
    announce(text);
    if (this.#follow && document.visibilityState === 'visible') return;
    this.#unseen += 1;
    this.#newer.hidden = this.#follow;
    document.title = `(${this.#unseen}) Chat HA sample · Tandem`;
  }

  #seen() {
    if (document.visibilityState !== 'visible') return;
    this.#unseen = 0;
    this.#newer.hidden = true;
    document.title = 'Chat HA sample · Tandem';
  }

  #scrolled() {
    this.#follow = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR_PX;
    if (this.#follow) this.#seen();
  }

  #toEnd() {
    this.#follow = true;
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#seen();
  }
}

/** @param {string} text @param {HTMLElement} button which says that it is done */
async function copyText(text, button) {
  await navigator.clipboard.writeText(text);
  button.textContent = 'Copied';
  announce('Copied');
}
