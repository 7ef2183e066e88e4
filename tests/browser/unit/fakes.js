/**
 * A world without time or network: a clock that a test turns, sockets that a test answers.
 */

import { Desk } from '/static/client/desk.js';
import { Session } from '/static/client/session.js';
import { Shelf } from '/static/client/storage.js';

/** A WebSocket whose other side is the test. */
export class FakeSocket {
  sent = [];
  isClosed = false;

  constructor(url, subprotocol) {
    this.url = url;
    this.subprotocol = subprotocol;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.isClosed = true;
  }

  /** The gateway accepts it. */
  accept() {
    this.onopen?.();
  }

  /** The gateway says something. @param {object} frame */
  says(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The gateway or the network ends it. @param {number} code */
  ends(code = 1006) {
    this.onclose?.({ code });
  }

  /** What was sent of one type. @param {string} type */
  of(type) {
    return this.sent.filter((frame) => frame.type === type);
  }
}

/** Time, chance and network of one test. */
export class World {
  time_ms = 1_000_000;
  chance = 0.5;

  /** @type {FakeSocket[]} */
  sockets = [];

  /** What REST requests are answered, in order; none: the network is gone. @type {Response[]} */
  answers = [];

  /** @type {{url: string, init: RequestInit}[]} */
  requests = [];
  #timers = new Map();
  #next = 1;

  /** @returns {import('/static/client/surroundings.js').Surroundings} */
  get surroundings() {
    return {
      now: () => this.time_ms,
      random: () => this.chance,
      after: (ms, then) => {
        const timer = this.#next;
        this.#next += 1;
        this.#timers.set(timer, { at: this.time_ms + ms, then });
        return () => this.#timers.delete(timer);
      },
      socket: (url, subprotocol) => {
        this.sockets.push(new FakeSocket(url, subprotocol));
        return this.socket;
      },
      fetch: async (url, init) => {
        this.requests.push({ url, init });
        const answer = this.answers.shift();
        if (!answer) throw new TypeError('no network');
        return answer;
      },
    };
  }

  /** The newest socket. */
  get socket() {
    return this.sockets.at(-1);
  }

  /** Turns the clock and runs what is due, each at its time. @param {number} ms */
  pass(ms) {
    const end = this.time_ms + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [id, { at, then }] = due;
      this.#timers.delete(id);
      this.time_ms = Math.max(this.time_ms, at);
      then();
    }
    this.time_ms = end;
  }

  /** The computer sleeps: time passes and no timer runs. @param {number} ms */
  sleep(ms) {
    this.time_ms += ms;
  }
}

export const HEARTBEAT_MS = 10_000;

/** A `welcome` as of a gateway. */
export function welcome(more = {}) {
  return {
    type: 'welcome',
    session: 's',
    participant: 1,
    head: 0,
    recovered: true,
    state: { status: 'open', participants: [{ participant: 1, kind: 'CLIENT', name: 'Ana', joined: true }] },
    heartbeat_ms: HEARTBEAT_MS,
    message_bytes_max: 100,
    ...more,
  };
}

/** The answer of a gateway over REST. */
export function answer(status, body, headers = {}) {
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers });
}

/** A message event. */
export function message(seq, participant, text, client_id = `${participant}-${seq}`) {
  return { seq, at_ms: seq, type: 'message', participant, client_id, text };
}

/** A tab that never sees another one end, unless the test says so. */
export class FakeTab {
  /** @type {Map<string, () => void>} */
  awaited = new Map();

  constructor(id) {
    this.id = id;
  }

  whenGone(id, then) {
    this.awaited.set(id, then);
  }

  release() {}
}

const SESSION_EVENTS =
  ['state', 'event', 'message-state', 'typing', 'notice', 'participants', 'queue', 'reset', 'refused', 'ended'];

const DESK_EVENTS = ['state', 'view', 'notice', 'revoked'];

/** Writes down what a session or a desk tells. */
function listen(target, types, told) {
  for (const type of types) target.addEventListener(type, ({ detail }) => told.push({ type, ...detail }));
}

/** A page with one session, and all that the session told it. */
export class Page {
  told = [];

  constructor(world = new World(), tab = new FakeTab('tab-1')) {
    this.world = world;
    this.tab = tab;
    const credentials = { session: 's', token: 't', participant: 1 };
    this.session = new Session(credentials, { shelf: new Shelf(), tab, surroundings: world.surroundings });
    listen(this.session, SESSION_EVENTS, this.told);
    this.session.start();
  }

  /** The gateway welcomes the newest socket. */
  welcomed(more = {}) {
    this.world.socket.accept();
    this.world.socket.says(welcome(more));
    return this;
  }

  /** What was told of one type. */
  of(type) {
    return this.told.filter((told) => told.type === type);
  }

  /** The texts of the messages sent on the newest socket. */
  get sent() {
    return this.world.socket.of('message').map((frame) => frame.text);
  }

  /** The states of a message, in the order told. */
  states(client_id) {
    return this.of('message-state').filter((told) => told.client_id === client_id).map((told) => told.state);
  }

  /** The gateway acknowledges the message sent last. */
  acknowledges(seq = 1, durable = true) {
    const { client_id } = this.world.socket.of('message').at(-1);
    this.world.socket.says({ type: 'ack', client_id, seq, at_ms: 1, ...(durable ? {} : { durable }) });
  }

  /** Turns the clock until something holds. @param {() => boolean} holds */
  async until(holds) {
    while (!holds()) {
      await settled();
      this.world.pass(1000);
    }
  }
}

/** A view of a desk that shows nothing. */
export function view(version, more = {}) {
  return { version, at_ms: 5_000_000 + version, offers: [], chats: [], ...more };
}

/** A page with one desk, and all that the desk told it. */
export class DeskPage {
  told = [];

  constructor(world = new World()) {
    this.world = world;
    this.desk = new Desk('t', { surroundings: world.surroundings });
    listen(this.desk, DESK_EVENTS, this.told);
    this.desk.start();
  }

  /** The gateway welcomes the newest socket. */
  welcomed(version = 1) {
    this.world.socket.accept();
    this.world.socket.says({ type: 'welcome', heartbeat_ms: HEARTBEAT_MS, view: view(version) });
    return this;
  }

  /** Does something; what becomes of it is kept in the object that is returned. */
  does(action) {
    const what = { result: undefined, refused: undefined };
    what.settled = this.desk.do(action).then(
      (result) => { what.result = result; },
      (refused) => { what.refused = refused.code; },
    );
    return what;
  }

  /** The actions sent on the newest socket, without the frame's type. */
  get sent() {
    return this.world.socket.of('do').map(({ type: _, ...action }) => action);
  }

  /** What was told of one type. */
  of(type) {
    return this.told.filter((told) => told.type === type);
  }
}

/** All that needs no network and no clock is done. The browser's own promises need a turn; no time is meant. */
export const settled = () => new Promise((then) => setTimeout(then));
