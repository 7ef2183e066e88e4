/**
 * A session as a page sees it, over a network and a clock that the test turns.
 */

import { Page, message } from './fakes.js';
import { equal, holds, test } from './harness.js';

test('a message is sending, then saved, and shown once whichever answer comes first (D-3)', () => {
  for (const eventFirst of [true, false]) {
    localStorage.clear();
    const page = new Page().welcomed();
    const { client_id } = page.session.say('hello');
    const event = { type: 'events', after: 0, events: [message(1, 1, 'hello', client_id)] };
    if (eventFirst) page.world.socket.says(event);
    page.acknowledges(1);
    if (!eventFirst) page.world.socket.says(event);
    equal(page.states(client_id), ['sending', 'saved']);
    equal(page.of('event').map((told) => told.event.client_id), [client_id]);
    equal(page.session.outbox, []);
  }
});

test('what is said while nothing is connected is sent in order, one at a time (D-4)', () => {
  const page = new Page();
  for (const text of ['one', 'two', 'three']) page.session.say(text);
  page.welcomed();
  equal(page.sent, ['one']);
  page.acknowledges(1);
  page.acknowledges(2);
  equal(page.sent, ['one', 'two', 'three']);
});

test('what is not answered is sent again under the same id after a reconnect', () => {
  const page = new Page().welcomed();
  const { client_id } = page.session.say('hello');
  page.world.socket.ends();
  page.world.pass(1000);
  page.welcomed();
  equal(page.world.socket.of('message').map((frame) => frame.client_id), [client_id]);
});

test('what is not answered is sent again after a reload', () => {
  const before = new Page().welcomed();
  const { client_id } = before.session.say('hello');
  before.session.stop();
  const after = new Page(undefined, before.tab).welcomed();
  equal(after.world.socket.of('message').map((frame) => frame.client_id), [client_id]);
});

test('a busy service is asked again and nothing overtakes', () => {
  const page = new Page().welcomed();
  const { client_id } = page.session.say('one');
  page.session.say('two');
  page.world.socket.says({ type: 'refused', client_id, code: 'busy', message: 'Busy.', retry_after_ms: 700 });
  page.world.pass(699);
  equal(page.sent, ['one']);
  page.world.pass(1);
  equal(page.sent, ['one', 'one']);
  equal(page.states(client_id), ['sending'], 'it is still on its way');
});

test('a refused message says why, stays, and lets the next one pass', () => {
  const page = new Page().welcomed();
  const { client_id } = page.session.say('one');
  page.session.say('two');
  page.world.socket.says({ type: 'refused', client_id, code: 'message_too_long', message: 'Too long.' });
  equal(page.of('message-state').at(-1).reason, 'Too long.');
  equal(page.session.outbox[0].state, 'not_sent');
  equal(page.sent, ['one', 'two']);
  page.session.discard(client_id);
  equal(page.states(client_id), ['sending', 'not_sent', 'discarded']);
});

test('a hole makes the session resume and nothing is told out of order (R-2)', () => {
  const page = new Page().welcomed();
  page.world.socket.says({ type: 'events', after: 0, events: [message(1, 2, 'a')] });
  page.world.socket.says({ type: 'events', after: 2, events: [message(3, 2, 'c')] });
  equal(page.world.socket.of('resume'), [{ type: 'resume', after: 1 }]);
  page.world.socket.says({ type: 'events', after: 1, events: [message(2, 2, 'b'), message(3, 2, 'c')] });
  equal(page.of('event').map((told) => told.event.text), ['a', 'b', 'c']);
});

test('a heartbeat with a higher head makes the session resume', () => {
  const page = new Page().welcomed();
  page.world.socket.says({ type: 'heartbeat', head: 4 });
  equal(page.world.socket.of('resume'), [{ type: 'resume', after: 0 }]);
});

test('a reconnect names the last event and tells nothing twice', () => {
  const page = new Page().welcomed();
  page.world.socket.says({ type: 'events', after: 0, events: [message(1, 2, 'a'), message(2, 2, 'b')] });
  page.world.socket.ends();
  page.world.pass(1000);
  page.welcomed({ head: 3 });
  equal(page.world.socket.of('hello')[0].after, 2);
  page.world.socket.says({ type: 'events', after: 1, events: [message(2, 2, 'b'), message(3, 2, 'c')] });
  equal(page.of('event').map((told) => told.event.text), ['a', 'b', 'c']);
});

test('a history that the session never had is dropped and read anew (R-2)', () => {
  const page = new Page().welcomed();
  page.world.socket.says({ type: 'events', after: 0, events: [message(1, 2, 'a'), message(2, 2, 'never saved')] });
  page.world.socket.ends();
  page.world.pass(1000);
  page.welcomed({ head: 1, recovered: false });
  page.world.socket.says({ type: 'events', after: 0, events: [message(1, 2, 'a')] });
  equal(page.of('reset').length, 1);
  equal(page.of('event').map((told) => told.event.seq), [1, 2, 1]);
});

test('a loss of the engine is told with the gap that the gateway measured', () => {
  const page = new Page().welcomed();
  page.world.socket.says({ type: 'notice', notice: 'connection_lost' });
  equal(page.session.status, 'reconnecting');
  const state = { status: 'open', participants: [] };
  page.world.socket.says({ type: 'notice', notice: 'session_restored', gap_ms: 87, head: 0, state });
  equal(page.of('notice').map(({ notice, gap_ms, source }) => [notice, gap_ms ?? null, source]), [
    ['connection_lost', null, 'engine'],
    ['session_restored', 87, 'engine'],
  ]);
  equal(page.session.status, 'connected');
});

test('a loss of the connection is told once, with the gap as the browser saw it', () => {
  const page = new Page().welcomed();
  page.world.socket.ends();
  page.world.pass(250);
  page.world.socket.ends();
  page.world.pass(500);
  page.welcomed();
  const gap = page.of('notice').at(-1).gap_ms;
  equal(page.of('notice').map((told) => told.notice), ['connection_lost', 'session_restored']);
  holds(gap > 0 && gap <= 750, `a gap of ${gap} ms`);
});

test('the first connection is not told as a restoration', () => {
  const page = new Page();
  page.world.socket.ends();
  page.world.pass(1000);
  page.welcomed();
  equal(page.of('notice'), []);
});

test('what was said before the page was opened is not live', () => {
  const page = new Page().welcomed({ head: 1 });
  page.world.socket.says({ type: 'events', after: 0, events: [message(1, 2, 'a')] });
  page.world.socket.says({ type: 'events', after: 1, events: [message(2, 2, 'b')] });
  equal(page.of('event').map((told) => told.live), [false, true]);
});

test('leaving waits for what was said', () => {
  const page = new Page().welcomed();
  page.session.say('bye');
  page.session.leave();
  equal(page.world.socket.of('leave').length, 0);
  page.acknowledges(1);
  equal(page.world.socket.of('leave').length, 1);
});

test('the end is told once and what waited is kept as not sent', () => {
  const page = new Page().welcomed();
  const { client_id } = page.session.say('too late');
  page.world.socket.says({ type: 'events', after: 0, events: [{ seq: 1, at_ms: 1, type: 'closed', reason: 'ended' }] });
  page.world.socket.ends(4503);
  page.world.pass(60_000);
  equal([page.session.status, page.of('ended').length, page.world.sockets.length], ['ended', 1, 1]);
  equal(page.states(client_id), ['sending', 'not_sent']);
  equal(page.session.say('more'), null);
});

test('a wrong token stops, with its code', () => {
  const page = new Page();
  page.world.socket.accept();
  page.world.socket.ends(4501);
  equal([page.session.status, page.session.stopCode], ['stopped', 4501]);
});

test('a frame of a newer gateway is ignored', () => {
  const page = new Page().welcomed();
  page.world.socket.says({ type: 'queue_place', place: 3 });
  equal(page.session.status, 'connected');
});
