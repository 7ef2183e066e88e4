/**
 * A desk as a page sees it: the newest view and no other, and each action until it is answered.
 */

import { ACTIONS_KEPT_MAX, ACTIONS_SENT_MAX } from '/static/client/actions.js';
import { DeskPage, World, view } from './fakes.js';
import { equal, holds, test } from './harness.js';

const accept = { do: 'accept', session: 's', seq: 7 };
const versions = (page) => page.of('view').map((told) => told.view.version);

/** Answers the action sent last. */
function answers(page, frame) {
  page.world.socket.says({ id: page.sent.at(-1).id, ...frame });
}

test('the first frame is a hello with the token, over the desk\'s own subprotocol', () => {
  const { world } = new DeskPage();
  equal([world.socket.url, world.socket.subprotocol], [`ws://${location.host}/api/v1/desk`, 'tandem.desk.v1']);
  world.socket.accept();
  equal(world.socket.sent, [{ type: 'hello', token: 't' }]);
});

test('only a newer view replaces the last one', () => {
  const page = new DeskPage().welcomed(10);
  page.world.socket.says({ type: 'view', view: view(12) });
  page.world.socket.says({ type: 'view', view: view(11) });
  page.world.socket.says({ type: 'view', view: view(12) });
  equal([versions(page), page.desk.view.version], [[10, 12], 12]);
});

test('a view that is older than the one from before a reconnect is dropped', () => {
  const page = new DeskPage().welcomed(10);
  page.world.socket.ends();
  page.world.pass(1000);
  page.welcomed(9);
  page.world.socket.says({ type: 'view', view: view(11) });
  equal(versions(page), [10, 11]);
});

test('times are those of the service, whatever this computer\'s clock says', () => {
  const page = new DeskPage().welcomed(1);
  equal(page.desk.now(), 5_000_001);
  page.world.pass(1500);
  equal(page.desk.now(), 5_001_501);
});

test('an action is answered with its result', async () => {
  const page = new DeskPage().welcomed();
  const what = page.does(accept);
  equal(page.sent.map(({ id: _, ...action }) => action), [accept]);
  answers(page, { type: 'done', result: { session: 's', participant: 3 } });
  await what.settled;
  equal([what.result, page.desk.waiting], [{ session: 's', participant: 3 }, 0]);
});

test('a refused action says why and is not repeated', async () => {
  const page = new DeskPage().welcomed();
  const what = page.does(accept);
  answers(page, { type: 'refused', code: 'taken', message: 'Somebody was faster.' });
  await what.settled;
  page.world.pass(5000);
  equal([what.refused, page.sent.length], ['taken', 1]);
});

test('what is not answered is sent again, unchanged and in order, after a reconnect (D-3)', async () => {
  const page = new DeskPage().welcomed();
  page.does(accept);
  page.does({ do: 'canned' });
  const { sent } = page;
  page.world.socket.ends();
  const late = page.does({ do: 'decline', session: 't', seq: 2 });
  page.world.pass(1000);
  page.welcomed(2);
  equal(page.sent.slice(0, 2), sent);
  equal(page.sent[2].do, 'decline', 'what was done meanwhile comes after it');
  answers(page, { type: 'done', result: null });
  await late.settled;
  equal([late.result, page.desk.waiting], [null, 2]);
});

test('an answer that comes twice settles nothing twice', async () => {
  const page = new DeskPage().welcomed();
  const what = page.does(accept);
  answers(page, { type: 'done', result: 1 });
  answers(page, { type: 'refused', code: 'taken', message: 'no' });
  await what.settled;
  equal([what.result, what.refused ?? null], [1, null]);
});

test('an action that may succeed later is repeated with the same id', async () => {
  const page = new DeskPage().welcomed();
  const what = page.does(accept);
  answers(page, { type: 'refused', code: 'unavailable', message: 'Not now.', retry_after_ms: 400 });
  page.world.pass(399);
  equal(page.sent.length, 1);
  page.world.pass(1);
  equal([page.sent.length, page.sent[0].id === page.sent[1].id], [2, true]);
  answers(page, { type: 'done', result: 5 });
  await what.settled;
  equal(what.result, 5);
});

test('of two chosen states only the later one is repeated', async () => {
  const page = new DeskPage();
  const ready = page.does({ do: 'state', state: 'ready' });
  page.does({ do: 'state', state: 'not_ready', reason: 'lunch' });
  page.welcomed();
  equal(page.sent.map(({ state }) => state), ['not_ready']);
  await ready.settled;
  equal(ready.result, null);
});

test('actions on the wire are bounded and the next follows each answer (B-1)', () => {
  const page = new DeskPage().welcomed();
  for (let at = 0; at < ACTIONS_SENT_MAX + 2; at += 1) page.does({ do: 'canned' });
  equal(page.sent.length, ACTIONS_SENT_MAX);
  page.world.socket.says({ type: 'done', id: page.sent[0].id, result: [] });
  equal(page.sent.length, ACTIONS_SENT_MAX + 1);
});

test('too many that wait are refused (B-1)', async () => {
  const page = new DeskPage();
  for (let at = 0; at < ACTIONS_KEPT_MAX; at += 1) page.does({ do: 'canned' });
  const oneMore = page.does({ do: 'canned' });
  await oneMore.settled;
  equal(oneMore.refused, 'busy');
});

test('a lost connection is told once, and its end with the gap', () => {
  const page = new DeskPage().welcomed();
  page.world.socket.ends();
  page.world.pass(250);
  page.world.socket.ends();
  equal(page.desk.status, 'reconnecting');
  page.world.pass(500);
  page.welcomed(2);
  const [lost, restored, ...more] = page.of('notice');
  equal([lost.notice, lost.source, restored.notice, more.length], ['connection_lost', 'connection', 'connection_restored', 0]);
  holds(restored.gap_ms > 0 && restored.gap_ms <= 750, `a gap of ${restored.gap_ms} ms`);
  equal(page.desk.status, 'connected');
});

test('a loss behind the gateway is told with the gap that the gateway measured', () => {
  const page = new DeskPage().welcomed();
  page.world.socket.says({ type: 'notice', notice: 'connection_lost' });
  equal(page.desk.status, 'reconnecting');
  page.world.socket.says({ type: 'notice', notice: 'connection_restored', gap_ms: 42 });
  equal(page.of('notice').map(({ notice, source, gap_ms }) => [notice, source, gap_ms ?? null]), [
    ['connection_lost', 'service', null],
    ['connection_restored', 'service', 42],
  ]);
  equal(page.world.sockets.length, 1, 'the browser stays connected (R-3)');
});

test('a login that is no longer good is told, and what waits is refused', async () => {
  const page = new DeskPage().welcomed();
  const what = page.does(accept);
  page.world.socket.ends(4501);
  await what.settled;
  page.world.pass(60_000);
  equal([page.of('revoked').length, page.desk.status, what.refused, page.world.sockets.length], [1, 'stopped', 'stopped', 1]);
});

test('a desk that is left refuses what waits and connects no more', async () => {
  const world = new World();
  const page = new DeskPage(world).welcomed();
  const what = page.does(accept);
  page.desk.stop();
  await what.settled;
  world.pass(60_000);
  equal([what.refused, world.sockets.length], ['stopped', 1]);
});
