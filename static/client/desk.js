/**
 * An agent's desk: the one whole view of what he is asked, has and sees, always the newest, and the actions that he
 * does, each until it is answered, whatever happens to the connection, the gateway or the servers behind it.
 *
 * It tells a page by events and knows no page. The chats of the view are sessions of their own: a page makes a
 * `Session` of each. The events and their details are listed in README.md.
 */

import { Actions } from './actions.js';
import { Connection } from './connection.js';
import { newId } from './ids.js';
import { Outage } from './outage.js';
import { Close, DESK_SUBPROTOCOL, mayRepeat } from './protocol.js';
import { Refused } from './rest.js';
import { browser } from './surroundings.js';
import { onWake } from './wake.js';

/** The wait before an action is repeated whose refusal named none. */
const REPEAT_WAIT_MS = 1_000;

/** @typedef {import('./desk-protocol.js').DeskAction} DeskAction */
/** @typedef {import('./desk-protocol.js').View} View */

/**
 * @typedef {'connecting'|'connected'|'reconnecting'|'stopped'} DeskStatus
 * connecting: no view yet. connected: the view is current. reconnecting: it shows how things stood, and actions wait.
 * stopped: the gateway refused for good, see `stopCode`.
 */

export class Desk extends EventTarget {
  #token;
  #around;
  #connection;
  #actions = new Actions(newId);
  #outage;
  #life = new AbortController();
  #listens = false;

  /** @type {DeskStatus} */
  #status = 'connecting';

  /** How far the service's clock is ahead of this computer's, as the last view said. */
  #ahead_ms = 0;

  /** @type {View|null} the newest there was */
  view = null;

  /** The close code with which the gateway refused; null unless the status is `stopped`. @type {number|null} */
  stopCode = null;

  /**
   * @param {string} token of the login
   * @param {object} [options]
   * @param {string} [options.base] where the API is, such as `/api/v1` (the default) or with another host
   * @param {import('./surroundings.js').Surroundings} [options.surroundings]
   */
  constructor(token, { base = '/api/v1', surroundings = browser } = {}) {
    super();
    this.#token = token;
    this.#around = surroundings;
    this.#outage = new Outage('connection_restored', {
      now: surroundings.now,
      become: (status) => this.#become(status),
      tell: (detail) => this.#tell('notice', detail),
    });
    const address = { base, path: 'desk', subprotocol: DESK_SUBPROTOCOL };
    this.#connection = new Connection(address, this.#listener(), surroundings);
  }

  get status() {
    return this.#status;
  }

  /** How many actions are not answered yet. */
  get waiting() {
    return this.#actions.size;
  }

  /** The time by the service's clock, by which all times in a view are; milliseconds since 1970. */
  now() {
    return this.#around.now() + this.#ahead_ms;
  }

  /** Connects; then views arrive. Also tries again after `stopped`. */
  start() {
    if (this.#status === 'stopped') this.#become('connecting');
    if (!this.#listens) onWake(() => this.#connection.check(), this.#life.signal);
    this.#listens = true;
    this.#connection.start();
  }

  /** Ends the connection; the object is of no use afterwards. The login stays good. */
  stop() {
    this.#life.abort();
    this.#connection.stop();
    this.#actions.refuseAll(new Refused('The desk was left.', 'stopped'));
  }

  /**
   * Does something. It is sent until it is answered, as long as the page lives.
   * @param {DeskAction} action
   * @returns {Promise<any>} what the action returns; rejects with {@link Refused}
   */
  do(action) {
    const isOver = this.#status === 'stopped' || this.#life.signal.aborted;
    if (isOver) return Promise.reject(new Refused('The desk is not connected.', 'stopped'));
    const result = this.#actions.add(action);
    if (!result) return Promise.reject(new Refused('Too much is waiting for the connection.', 'busy'));
    this.#flush();
    return result;
  }

  /** @returns {import('./connection.js').Listener} */
  #listener() {
    return {
      hello: () => ({ type: 'hello', token: this.#token }),
      onWelcome: ({ view }) => this.#welcome(view),
      onFrame: (frame) => this.#frame(frame),
      onLost: () => this.#outage.begin('connection'),
      onStop: (code) => this.#stopped(code),
    };
  }

  #welcome(view) {
    this.#actions.connected();
    this.#take(view);
    this.#outage.end('connection');
    this.#flush();
  }

  #frame(frame) {
    switch (frame.type) {
      case 'view': return this.#take(frame.view);
      case 'done': return this.#done(frame);
      case 'refused': return this.#refused(frame);
      case 'notice': return this.#notice(frame);
      default: return undefined; // A newer gateway may say more; this client need not know it.
    }
  }

  /** A view that is not newer than the last one came late: it would show a stale list. */
  #take(view) {
    if (this.view !== null && view.version <= this.view.version) return;
    this.view = view;
    this.#ahead_ms = view.at_ms - this.#around.now();
    this.#tell('view', { view });
  }

  #done({ id, result }) {
    this.#actions.done(id, result);
    this.#flush();
  }

  #refused({ id, code, message, retry_after_ms }) {
    if (!mayRepeat(code)) {
      this.#actions.refuse(id, new Refused(message, code, retry_after_ms));
      return this.#flush();
    }
    const cancel = this.#around.after(retry_after_ms ?? REPEAT_WAIT_MS, () => {
      this.#actions.repeat(id);
      this.#flush();
    });
    this.#life.signal.addEventListener('abort', cancel);
    return undefined;
  }

  #notice({ notice, gap_ms }) {
    if (notice === 'connection_lost') this.#outage.begin('service');
    if (notice === 'connection_restored') this.#outage.end('service', gap_ms);
  }

  #flush() {
    if (!this.#connection.attached) return;
    for (const { id, action } of this.#actions.take()) this.#connection.send({ type: 'do', id, ...action });
  }

  #stopped(code) {
    this.stopCode = code;
    this.#become('stopped');
    this.#actions.refuseAll(new Refused('The desk was closed by the service.', 'stopped'));
    if (code === Close.UNAUTHORIZED) this.#tell('revoked', {});
  }

  #become(status) {
    if (this.#status === status) return;
    this.#status = status;
    this.#tell('state', { status });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
