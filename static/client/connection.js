/**
 * One lasting connection to a gateway, made of as many WebSockets as it takes: handshake, heartbeat, the decision
 * that a socket is dead, and the wait before the next one.
 *
 * It knows frames only as far as it must (`welcome`, `bye`, heartbeats), which are alike in all subprotocols. Its
 * listener, a session or a desk, does the rest. It must never hold a second socket, and never hear one that it gave up.
 */

import { backoffMs } from './backoff.js';
import { mayReconnect } from './protocol.js';

/** From the attempt to the open socket. */
export const OPEN_WAIT_MS = 10_000;

/** From the hello to the welcome; longer than a gateway waits for an engine that is being replaced. */
export const WELCOME_WAIT_MS = 35_000;

/** From a question after a wake-up to any sign of life. */
export const CHECK_WAIT_MS = 2_000;

/** A connection that lived this long starts the backoff anew; a shorter one counts as one more failed attempt. */
export const STABLE_MS = 10_000;

/** How often the connection looks at its clock. Browsers slow this down in tabs nobody sees, which is harmless. */
export const TICK_MS = 1_000;

/** A tick this late means that the computer slept or the tab was frozen. */
const LATE_MS = 5_000;

/** A heartbeat of ours is due after this part of the interval, so that jitter never makes us look silent. */
const HEARTBEAT_PART = 0.8;

/**
 * @typedef {object} Address where a connection goes and what is spoken there
 * @property {string} base where the API is, such as `/api/v1` or with another host
 * @property {string} path the endpoint below it
 * @property {string} subprotocol the WebSocket subprotocol
 */

/**
 * @typedef {object} Listener
 * @property {() => object} hello the first frame of a new socket
 * @property {(frame: object) => void} onWelcome the hello was accepted
 * @property {(frame: object) => void} onFrame any other frame
 * @property {() => void} onLost an attached socket ended; another one follows
 * @property {(code: number) => void} onStop the gateway said that reconnecting does not help
 */

export class Connection {
  #url;
  #subprotocol;
  #listener;
  #around;

  /** @type {'idle'|'waiting'|'connecting'|'attached'|'stopped'} */
  #phase = 'idle';

  /** @type {WebSocket|null} */
  #socket = null;
  #attempt = 0;
  #heartbeat_ms = 0;
  #attachedAt = 0;
  #heardAt = 0;
  #sentAt = 0;
  #tickAt = 0;

  /** Whether the wait was set by a `bye`, which spreads clients out: a wake-up must not cut it short. */
  #waitIsSet = false;

  /** Cancel the one timer each: of the phase (wait, handshake, check), and of the tick. */
  #cancelPhase = () => {};
  #cancelTick = () => {};

  /**
   * @param {Address} address
   * @param {Listener} listener
   * @param {import('./surroundings.js').Surroundings} surroundings
   */
  constructor({ base, path, subprotocol }, listener, surroundings) {
    const url = new URL(`${base}/${path}`, globalThis.location?.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#url = url.href;
    this.#subprotocol = subprotocol;
    this.#listener = listener;
    this.#around = surroundings;
  }

  get attached() {
    return this.#phase === 'attached';
  }

  /** Begins, or begins again after a stop. */
  start() {
    if (this.#phase !== 'idle' && this.#phase !== 'stopped') return;
    this.#attempt = 0;
    this.#open();
  }

  /** Ends it; nothing is heard any more. */
  stop() {
    this.#letGo();
    this.#phase = 'stopped';
  }

  /** Sends a frame if there is a welcomed socket. @param {object} frame @returns {boolean} whether it went out */
  send(frame) {
    if (!this.attached) return false;
    this.#write(frame);
    return true;
  }

  /** The computer woke up or the page is looked at again: is the connection still one? */
  check() {
    if (this.#phase === 'waiting' && !this.#waitIsSet) this.#open();
    if (!this.attached) return;
    const heardAt = this.#heardAt;
    this.#write({ type: 'heartbeat' });
    this.#cancelPhase();
    this.#cancelPhase = this.#around.after(CHECK_WAIT_MS, () => {
      if (this.#heardAt === heardAt) this.#lose(0);
    });
  }

  #open() {
    this.#letGo();
    this.#phase = 'connecting';
    this.#loseAfter(OPEN_WAIT_MS);
    const socket = this.#around.socket(this.#url, this.#subprotocol);
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ code }) => this.#ended(code);
    this.#socket = socket;
  }

  #opened() {
    this.#loseAfter(WELCOME_WAIT_MS);
    this.#write(this.#listener.hello());
  }

  #loseAfter(ms) {
    this.#cancelPhase();
    this.#cancelPhase = this.#around.after(ms, () => this.#lose());
  }

  #write(frame) {
    // A socket that is closing drops what it is given; its close follows and everything is sent again.
    this.#sentAt = this.#around.now();
    this.#socket?.send(JSON.stringify(frame));
  }

  #hear(data) {
    this.#heardAt = this.#around.now();
    const frame = JSON.parse(data);
    if (frame.type === 'welcome') this.#welcome(frame);
    else if (frame.type === 'bye') this.#ended(frame.code, frame.reconnect_ms);
    else if (this.attached) this.#listener.onFrame(frame);
    // Ticks come late in a tab nobody sees, frames do not: they keep our own heartbeats going.
    this.#beat();
  }

  #welcome(frame) {
    this.#cancelPhase();
    this.#phase = 'attached';
    this.#attachedAt = this.#around.now();
    this.#heartbeat_ms = frame.heartbeat_ms;
    this.#tickAt = this.#attachedAt;
    this.#scheduleTick();
    this.#listener.onWelcome(frame);
  }

  #scheduleTick() {
    this.#cancelTick();
    this.#cancelTick = this.#around.after(TICK_MS, () => this.#tick());
  }

  #tick() {
    const now = this.#around.now();
    const late = now - this.#tickAt > TICK_MS + LATE_MS;
    this.#tickAt = now;
    // After a sleep the socket's queue has not been read yet: ask before judging by the clock.
    if (late) this.check();
    else if (now - this.#heardAt > 2 * this.#heartbeat_ms) return this.#lose(0);
    this.#beat();
    return this.#scheduleTick();
  }

  #beat() {
    const due = this.#around.now() - this.#sentAt >= this.#heartbeat_ms * HEARTBEAT_PART;
    if (this.attached && due) this.#write({ type: 'heartbeat' });
  }

  #ended(code, reconnect_ms) {
    if (mayReconnect(code)) return this.#lose(reconnect_ms);
    this.stop();
    return this.#listener.onStop(code);
  }

  /** The socket is of no use: on to the next, after the given wait or the backoff's. @param {number} [wait_ms] */
  #lose(wait_ms) {
    const wasAttached = this.attached;
    const stable = wasAttached && this.#around.now() - this.#attachedAt >= STABLE_MS;
    this.#letGo();
    if (stable) this.#attempt = 0;
    this.#waitIsSet = wait_ms > 0;
    this.#phase = 'waiting';
    const wait = wait_ms ?? backoffMs(this.#attempt, this.#around.random);
    this.#attempt += 1;
    this.#cancelPhase = this.#around.after(wait, () => this.#open());
    if (wasAttached) this.#listener.onLost();
  }

  /** Gives the socket and all timers up. A half-open socket takes minutes to close, so nothing waits for that. */
  #letGo() {
    this.#cancelPhase();
    this.#cancelTick();
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
