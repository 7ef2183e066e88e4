/**
 * When a connection counts as dead, and what follows (B-1).
 */

import { CHECK_WAIT_MS, Connection, OPEN_WAIT_MS, STABLE_MS, WELCOME_WAIT_MS } from '/static/client/connection.js';
import { HEARTBEAT_MS, World, welcome } from './fakes.js';
import { equal, holds, test } from './harness.js';

/** A started connection, its world and what it told. */
function start() {
  const world = new World();
  const told = [];
  const listener = {
    hello: () => ({ type: 'hello' }),
    onWelcome: () => told.push('welcome'),
    onFrame: (frame) => told.push(frame.type),
    onLost: () => told.push('lost'),
    onStop: (code) => told.push(code),
  };
  const address = { base: '/api/v1', path: 'ws', subprotocol: 'tandem.v1' };
  const connection = new Connection(address, listener, world.surroundings);
  connection.start();
  return { world, told, connection };
}

function attach() {
  const all = start();
  all.world.socket.accept();
  all.world.socket.says(welcome());
  return all;
}

test('the first frame is the hello, and nothing goes out before the welcome', () => {
  const { world, connection } = start();
  equal(connection.send({ type: 'message' }), false);
  world.socket.accept();
  equal(connection.send({ type: 'message' }), false);
  equal(world.socket.sent, [{ type: 'hello' }]);
  world.socket.says(welcome());
  equal(connection.send({ type: 'message' }), true);
});

test('a connection goes where the API is and says what it speaks', () => {
  const { world } = start();
  equal([world.socket.url, world.socket.subprotocol], [`ws://${location.host}/api/v1/ws`, 'tandem.v1']);
});

test('silence of two heartbeats is a dead connection', () => {
  const { world, told } = attach();
  world.pass(2 * HEARTBEAT_MS - 1000);
  equal(told, ['welcome']);
  world.pass(3000);
  equal(told, ['welcome', 'lost']);
  equal([world.sockets.length, world.sockets[0].isClosed], [2, true]);
});

test('heartbeats go out in time and keep the connection', () => {
  const { world, told } = attach();
  for (let beat = 0; beat < 10; beat += 1) {
    world.pass(HEARTBEAT_MS);
    world.socket.says({ type: 'heartbeat', head: 0 });
  }
  equal(told.includes('lost'), false);
  holds(world.socket.of('heartbeat').length >= 10, 'one for each interval');
  holds(world.socket.of('heartbeat').length <= 14, 'an answer to a heartbeat is not answered');
});

test('a socket that was given up is not heard any more', () => {
  const { world, told } = attach();
  const [first] = world.sockets;
  world.pass(2 * HEARTBEAT_MS + 2000);
  first.says({ type: 'events', after: 0, events: [] });
  first.ends(4500);
  equal(told, ['welcome', 'lost']);
});

test('a gateway that does not welcome is left', () => {
  const { world } = start();
  world.socket.accept();
  world.pass(WELCOME_WAIT_MS - 1);
  equal(world.sockets.length, 1, 'it may wait for its engine');
  world.pass(1000);
  equal(world.sockets.length, 2);
});

test('an address that does not answer is tried again', () => {
  const { world } = start();
  world.pass(OPEN_WAIT_MS + 1000);
  equal(world.sockets.length, 2);
});

test('the wait that a bye names is kept, also by a wake-up', () => {
  const { world, connection } = attach();
  world.socket.says({ type: 'bye', code: 4000, reconnect_ms: 5000 });
  connection.check();
  world.pass(4999);
  equal(world.sockets.length, 1);
  world.pass(1);
  equal(world.sockets.length, 2);
});

test('45xx stops, and another start tries again', () => {
  const { world, told, connection } = attach();
  world.socket.ends(4501);
  world.pass(60_000);
  equal([told, world.sockets.length], [['welcome', 4501], 1]);
  connection.start();
  equal(world.sockets.length, 2);
});

test('40xx and broken sockets reconnect', () => {
  for (const code of [4000, 4001, 4004, 1001, 1006, 1011]) {
    const { world } = attach();
    world.socket.ends(code);
    world.pass(1000);
    equal(world.sockets.length, 2, `code ${code}`);
  }
});

test('waits grow until a connection has lasted', () => {
  const { world } = start();
  world.chance = 0.9999;
  const waits = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const before = world.time_ms;
    world.socket.ends(1006);
    while (world.sockets.length === attempt + 1) world.pass(1);
    waits.push(world.time_ms - before);
  }
  equal(waits, [499, 999, 1999, 3999]);
  world.socket.accept();
  world.socket.says(welcome());
  world.pass(STABLE_MS);
  world.socket.ends(1006);
  world.pass(500);
  equal(world.sockets.length, 6, 'the wait is short again');
});

test('a wake-up asks, and a dead connection is replaced at once', () => {
  const { world, told, connection } = attach();
  world.sleep(60 * 60_000);
  connection.check();
  equal(world.socket.of('heartbeat').length, 1);
  world.pass(CHECK_WAIT_MS);
  equal([told, world.sockets.length], [['welcome', 'lost'], 2]);
});

test('a wake-up keeps a connection that answers', () => {
  const { world, told, connection } = attach();
  connection.check();
  world.pass(10);
  world.socket.says({ type: 'heartbeat', head: 0 });
  world.pass(CHECK_WAIT_MS);
  equal([told, world.sockets.length], [['welcome', 'heartbeat'], 1]);
});

test('a wake-up ends the wait for the next attempt', () => {
  const { world, connection } = start();
  for (let attempt = 0; attempt < 8; attempt += 1) {
    world.socket.ends(1006);
    world.pass(15_000);
  }
  world.socket.ends(1006);
  const before = world.sockets.length;
  connection.check();
  equal(world.sockets.length, before + 1);
});

test('a late tick counts as a wake-up', () => {
  const { world, told } = attach();
  world.sleep(60_000);
  world.pass(0);
  equal([world.socket.of('heartbeat').length, told], [1, ['welcome']], 'it asks before it judges');
});
