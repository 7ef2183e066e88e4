/**
 * A participant's session: everything that is said arrives once and in order, everything he says is sent until it
 * is saved, whatever happens to the connection, the gateway or the engine behind it.
 *
 * It puts the parts together (connection, history, outbox, roster) and tells a page by events; it knows no page.
 * The events and their details are listed in README.md.
 */

import { Connection } from './connection.js';
import { History } from './history.js';
import { newId } from './ids.js';
import { Outage } from './outage.js';
import { Outbox } from './outbox.js';
import { Close, SUBPROTOCOL, mayRepeat } from './protocol.js';
import { Refused, repeatMessage } from './rest.js';
import { Roster } from './roster.js';
import { SaveCheck } from './save-check.js';
import { Shelf } from './storage.js';
import { browser } from './surroundings.js';
import { Tab } from './tab.js';
import { TypingSignal } from './typing.js';
import { Waiting } from './waiting.js';
import { onWake } from './wake.js';

/** The wait before a message is repeated whose refusal named none. */
const REPEAT_WAIT_MS = 1_000;

/** What another tab has done with a message, by what it was: one that was sent is saved, and its event follows. */
const GONE = Object.freeze({ sending: 'elsewhere', unsaved: 'saved', not_sent: 'discarded' });

const ENDED_SENTENCE = 'The chat ended before this was sent.';

/**
 * @typedef {'connecting'|'connected'|'reconnecting'|'stopped'|'ended'} Status
 * connecting: not attached yet. connected: messages go through. reconnecting: they wait. stopped: the gateway
 * refused for good, see `stopCode`. ended: the session is over.
 */

export class Session extends EventTarget {
  #credentials;
  #around;
  #connection;
  #outage;
  #outbox;
  #history = new History();
  #roster;
  #waiting = new Waiting();
  #typing;
  #tab;
  #life = new AbortController();
  #listens = false;

  /** @type {Status} */
  #status = 'connecting';

  /** The message that was sent and is not answered on this connection: one at a time keeps their order. */
  #inFlight = null;
  #cancelRepeat = () => {};
  #leaving = false;
  #saveCheck;
  #base;

  /** The numbers of the messages that are in the transcript and still in the outbox. @type {Map<string, number>} */
  #numbered = new Map();

  /** Whether this participant has left, so that a closed connection is the end and no fault. */
  #hasLeft = false;

  /** The first welcome's head: what is up to it was said before this page was opened. @type {number|null} */
  #oldest = null;

  /** The last event that `state` knows of: an earlier one, read again, changes nothing that it says. */
  #stateHead = 0;

  /** The close code with which the gateway refused; null unless the status is `stopped`. @type {number|null} */
  stopCode = null;

  /** The longest message in bytes of UTF-8, as the gateway said. */
  messageBytesMax = Infinity;

  /** @type {import('./protocol.js').SessionState|null} as it was last told in one piece */
  state = null;

  /**
   * @param {import('./protocol.js').Credentials} credentials
   * @param {object} [options]
   * @param {string} [options.base] where the API is, such as `/api/v1` (the default) or with another host
   * @param {Shelf} [options.shelf] where messages are kept until they are saved
   * @param {Tab} [options.tab]
   * @param {import('./surroundings.js').Surroundings} [options.surroundings]
   */
  constructor(credentials, { base = '/api/v1', shelf = new Shelf(), tab = new Tab(), surroundings = browser } = {}) {
    super();
    this.#credentials = { ...credentials };
    this.#around = surroundings;
    this.#tab = tab;
    this.#base = base;
    this.#saveCheck = new SaveCheck(surroundings, () => this.#checkSaved());
    this.#outbox = new Outbox({ shelf, session: credentials.session, tab: tab.id, newId });
    this.#roster = new Roster(surroundings.after, () => this.#tell('typing', { participants: this.#roster.typing }));
    this.#typing = new TypingSignal((on) => this.#connection.send({ type: 'typing', on }), surroundings);
    this.#outage = new Outage('session_restored', {
      now: surroundings.now,
      become: (status) => this.#become(status),
      tell: (detail) => this.#tell('notice', detail),
    });
    const address = { base, path: 'ws', subprotocol: SUBPROTOCOL };
    this.#connection = new Connection(address, this.#listener(), surroundings);
  }

  /** The session's id. */
  get id() {
    return this.#credentials.session;
  }

  /** This participant's number. */
  get participant() {
    return this.#credentials.participant;
  }

  get status() {
    return this.#status;
  }

  /** The number of the last event. */
  get last() {
    return this.#history.last;
  }

  get participants() {
    return this.#roster.participants;
  }

  /** Where it waits for somebody to take it; null when it does not. @returns {import('./waiting.js').Wait|null} */
  get queue() {
    return this.#waiting.wait;
  }

  /** The messages that are not saved yet, in order, as {@link import('./outbox.js').Entry}. */
  get outbox() {
    return this.#outbox.entries;
  }

  /** Connects; then events arrive. Also tries again after `stopped`. */
  start() {
    if (this.#status === 'stopped') this.#become('connecting');
    if (!this.#listens) this.#listen();
    this.#adoptOrphans();
    this.#connection.start();
  }

  /** Ends the connection without leaving the session; the object is of no use afterwards. */
  stop() {
    this.#life.abort();
    this.#cancelRepeat();
    this.#saveCheck.stop();
    this.#typing.stop();
    this.#connection.stop();
    this.#tab.release();
  }

  /**
   * Says something. It is kept until it is saved, also over a reload.
   * @param {string} text
   * @param {{visibility?: import('./protocol.js').Visibility}} [options] `INT` and `VIP` are for the staff alone
   * @returns {import('./outbox.js').Entry|null} null when the session is over or too much waits already
   */
  say(text, { visibility = 'ALL' } = {}) {
    if (this.#status === 'ended') return null;
    const entry = this.#outbox.add(text, this.#around.now(), visibility);
    if (!entry) return null;
    this.#typing.stop();
    this.#tellMessage(entry, 'sending');
    this.#flush();
    return entry;
  }

  /** Sends a refused message after all. @param {string} client_id */
  again(client_id) {
    if (this.#status === 'ended') return;
    const entry = this.#outbox.again(client_id);
    if (entry) this.#tellMessage(entry, 'sending');
    this.#flush();
  }

  /** Forgets a refused message. @param {string} client_id */
  discard(client_id) {
    const entry = this.#outbox.entries.find((each) => each.client_id === client_id && each.state === 'not_sent');
    if (entry) this.#tellMessage(this.#outbox.settle(client_id), 'discarded');
  }

  /** A key was pressed (true), or the text was given up (false). Throttled here. @param {boolean} on */
  typing(on) {
    if (on) this.#typing.touch();
    else this.#typing.stop();
  }

  /** Leaves, after all that waits is sent. The session's last events are the answer. */
  leave() {
    this.#leaving = true;
    this.#flush();
  }

  #listen() {
    this.#listens = true;
    const { signal } = this.#life;
    onWake(() => this.#connection.check(), signal);
    globalThis.addEventListener('storage', () => this.#syncTabs(), { signal });
  }

  /** @returns {import('./connection.js').Listener} */
  #listener() {
    return {
      hello: () => ({ type: 'hello', session: this.id, token: this.#credentials.token, after: this.last }),
      onWelcome: (frame) => this.#welcome(frame),
      onFrame: (frame) => this.#frame(frame),
      onLost: () => this.#lose('connection'),
      onStop: (code) => this.#stopped(code),
    };
  }

  #welcome({ participant, head, recovered, state, message_bytes_max }) {
    this.#credentials.participant = participant;
    this.messageBytesMax = message_bytes_max;
    this.#cancelRepeat();
    this.#inFlight = null;
    this.#history.connected();
    if (!recovered) this.#startOver(head);
    this.#oldest ??= head;
    this.#takeState(state, head);
    this.#outage.end('connection');
    this.#adoptOrphans();
    this.#resendUnsaved();
    this.#flush();
  }

  /** What was shown is not this session's history: drop it and read from the beginning. */
  #startOver(head) {
    this.#history.reset();
    this.#numbered.clear();
    this.#tell('reset', {});
    if (this.#history.hear(head)) this.#resume();
  }

  #frame(frame) {
    switch (frame.type) {
      case 'events': return this.#events(frame);
      case 'ack': return this.#acknowledged(frame);
      case 'refused': return this.#refused(frame);
      case 'typing': return frame.participant !== this.participant && this.#roster.type(frame.participant, frame.on);
      case 'queue': return this.#waiting.move(frame) && this.#tellQueue();
      case 'heartbeat': return this.#hear(frame.head);
      case 'notice': return this.#notice(frame);
      default: return undefined; // A newer gateway may say more; this client need not know it.
    }
  }

  #events(frame) {
    const { fresh, resume } = this.#history.take(frame);
    if (resume) this.#resume();
    for (const event of fresh) this.#event(event);
  }

  #event(event) {
    const mine = event.participant === this.participant;
    if (mine && event.type === 'message') this.#number(event);
    if (mine && (event.type === 'left' || event.type === 'joined')) this.#hasLeft = event.type === 'left';
    const isNews = event.seq > this.#stateHead;
    const rosterChanged = isNews && this.#roster.apply(event);
    const queueChanged = isNews && this.#waiting.apply(event);
    this.#tell('event', { event, mine, live: event.seq > this.#oldest });
    if (rosterChanged) this.#tell('participants', { participants: this.participants });
    if (queueChanged) this.#tellQueue();
    if (event.type === 'closed') this.#end(event.reason);
  }

  #hear(head) {
    if (this.#history.hear(head)) this.#resume();
  }

  #resume() {
    this.#connection.send({ type: 'resume', after: this.last });
  }

  #notice({ notice, gap_ms, head, state }) {
    if (notice === 'connection_lost') this.#lose('engine');
    if (notice !== 'session_restored') return;
    this.#takeState(state, head);
    this.#hear(head);
    this.#outage.end('engine', gap_ms);
    this.#resendUnsaved();
    this.#flush();
  }

  #takeState(state, head) {
    this.state = state;
    this.#stateHead = head;
    this.#roster.replace(state.participants);
    this.#tell('participants', { participants: this.participants });
    if (this.#waiting.replace(state.queue)) this.#tellQueue();
  }

  /** @param {'connection'|'engine'} source who was lost: the browser's gateway, or the gateway's engine */
  #lose(source) {
    this.#inFlight = source === 'connection' ? null : this.#inFlight;
    this.#roster.stillness();
    if (this.#status !== 'ended') this.#outage.begin(source);
  }

  /** Sends the oldest message that waits; after the last one, the leave. */
  #flush() {
    if (!this.#connection.attached || this.#inFlight !== null) return;
    const entry = this.#outbox.next();
    if (entry) {
      this.#inFlight = entry.client_id;
      this.#send(entry);
    } else if (this.#leaving) {
      this.#connection.send({ type: 'leave' });
    }
  }

  #send({ client_id, text, visibility }) {
    this.#connection.send({ type: 'message', client_id, text, visibility });
  }

  #acknowledged({ client_id, seq, durable = true }) {
    this.#placed(client_id, seq, durable);
    if (this.#inFlight !== client_id) return;
    this.#inFlight = null;
    this.#flush();
  }

  /** The message has its number. A session is saved in order: what is on the disk has all before it there. */
  #placed(client_id, seq, durable) {
    if (durable) {
      for (const entry of this.#outbox.savedUpTo(seq)) this.#settled(entry);
      const entry = this.#outbox.settle(client_id);
      if (entry) this.#settled(entry);
    } else {
      const entry = this.#outbox.told(client_id, seq);
      if (entry) this.#tellMessage(entry, 'unsaved');
    }
    if (this.#outbox.lastUnsaved) this.#saveCheck.wait();
    else this.#saveCheck.stop();
  }

  #settled(entry) {
    this.#numbered.delete(entry.client_id);
    this.#tellMessage(entry, 'saved');
  }

  /**
   * The event alone does not say whether it is on the disk, for a session may go on unsaved; the acknowledgement does.
   */
  #number({ client_id, seq }) {
    if (this.#outbox.entries.some((entry) => entry.client_id === client_id)) this.#numbered.set(client_id, seq);
  }

  /** Repeats the last message that was told unsaved; its answer says how it stands now, and with it all before it. */
  #checkSaved() {
    const entry = this.#outbox.lastUnsaved;
    if (!entry) return;
    if (this.#status === 'ended') this.#checkEnded(entry);
    else if (this.#connection.attached) this.#send(entry); // Else the next welcome has all of them sent again.
  }

  /** After the end there is no connection, and what is saved late may be saved only now. */
  async #checkEnded({ client_id, text, visibility }) {
    const options = { base: this.#base, surroundings: this.#around, signal: this.#life.signal };
    try {
      const { seq, durable } = await repeatMessage(this.#credentials, { client_id, text, visibility }, options);
      if (!this.#life.signal.aborted) this.#placed(client_id, seq, durable);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      if (!this.#life.signal.aborted) this.#notPlaced(client_id, refused);
    }
  }

  #resendUnsaved() {
    this.#saveCheck.stop();
    for (const entry of this.#outbox.resend()) this.#tellMessage(entry, 'sending');
  }

  #refused({ client_id, code, message, retry_after_ms }) {
    if (client_id === undefined) return this.#tell('refused', { code, message });
    if (client_id !== this.#inFlight) return this.#notPlaced(client_id, { code, message });
    if (mayRepeat(code)) return this.#repeatAfter(retry_after_ms ?? REPEAT_WAIT_MS);
    this.#notSent(client_id, message);
    this.#inFlight = null;
    return this.#flush();
  }

  /** The repeat of a message that was told is refused: for now, or because it died with its engine. */
  #notPlaced(client_id, { code, message }) {
    const isFinal = !mayRepeat(code) && code !== 'unreachable';
    if (isFinal) this.#notSent(client_id, message);
    if (this.#outbox.lastUnsaved) this.#saveCheck.wait();
  }

  #notSent(client_id, reason) {
    this.#numbered.delete(client_id);
    const entry = this.#outbox.refuse(client_id, reason);
    if (entry) this.#tellMessage(entry, 'not_sent');
  }

  /** The message in flight stays the first: its repeat has the same id (D-3) and nothing overtakes it (D-4). */
  #repeatAfter(wait_ms) {
    this.#cancelRepeat();
    this.#cancelRepeat = this.#around.after(wait_ms, () => {
      this.#inFlight = null;
      this.#flush();
    });
  }

  #stopped(code) {
    if (code === Close.ENDED || this.#hasLeft) return this.#end(null);
    this.stopCode = code;
    return this.#become('stopped');
  }

  #end(reason) {
    if (this.#status === 'ended') return;
    this.#connection.stop();
    this.#roster.stillness();
    for (const { client_id, state } of this.#outbox.entries) {
      if (state !== 'sending') continue;
      const seq = this.#numbered.get(client_id);
      if (seq === undefined) this.#notSent(client_id, ENDED_SENTENCE);
      else this.#placed(client_id, seq, false);
    }
    this.#become('ended');
    this.#tell('ended', { reason });
    this.#saveCheck.stop();
    this.#checkSaved();
  }

  /** Another tab wrote to the outbox that all tabs share. */
  #syncTabs() {
    const { changed, gone } = this.#outbox.sync();
    for (const entry of gone) this.#tellMessage(entry, GONE[entry.state]);
    for (const entry of changed) this.#tellMessage(entry, entry.state);
    this.#adoptOrphans();
  }

  /** Sends what a tab that is gone, such as this one before a reload, could not send. */
  #adoptOrphans() {
    for (const tab of this.#outbox.otherTabs) {
      this.#tab.whenGone(tab, () => {
        this.#outbox.adopt(tab);
        this.#flush();
      });
    }
  }

  #become(status) {
    if (this.#status === status || this.#status === 'ended') return;
    this.#status = status;
    this.#tell('state', { status });
  }

  #tellMessage({ client_id, text, visibility = 'ALL', at_ms, reason }, state) {
    this.#tell('message-state', { client_id, text, visibility, at_ms, state, reason });
  }

  #tellQueue() {
    this.#tell('queue', { queue: this.queue });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
