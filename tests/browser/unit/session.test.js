/**
 * A session as a page sees it, over a network and a clock that the test turns.
 */

import { Page, answer, message, welcome } from './fakes.js';
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

test('a message in the transcript is not called saved before its acknowledgement says so (D-1)', () => {
  const page = new Page().welcomed();
  const { client_id } = page.session.say('hello');
  page.world.socket.says({ type: 'events', after: 0, events: [message(1, 1, 'hello', client_id)] });
  equal(page.states(client_id), ['sending']);
  page.world.socket.says({ type: 'ack', client_id, seq: 1, at_ms: 1, durable: false });
  equal(page.states(client_id), ['sending', 'unsaved']);
});

test('what was told unsaved is asked for, less and less often, and saved with the last of it', () => {
  const page = new Page().welcomed();
  const ids = ['one', 'two'].map((text, at) => {
    const { client_id } = page.session.say(text);
    page.acknowledges(at + 1, false);
    return client_id;
  });
  equal(page.sent, ['one', 'two'], 'nothing waits for what is told');
  page.world.pass(2_000);
  equal(page.sent, ['one', 'two', 'two']);
  page.acknowledges(2, false);
  page.world.pass(2_000);
  equal(page.sent.length, 3, 'the second wait is longer');
  page.world.pass(2_000);
  equal(page.sent.length, 4);
  page.acknowledges(2);
  equal(ids.map((id) => page.states(id)), ids.map(() => ['sending', 'unsaved', 'saved']));
  equal(page.of('message-state').at(-1).text, 'two', 'in order');
  page.world.pass(15_000);
  equal([page.sent.length, page.session.outbox], [4, []]);
});

test('another engine is told again, in order, what was only told (D-2, D-4)', () => {
  const page = new Page().welcomed();
  for (const [at, text] of ['one', 'two'].entries()) {
    page.session.say(text);
    page.acknowledges(at + 1, false);
  }
  page.world.socket.says({ type: 'notice', notice: 'connection_lost' });
  const restored = { type: 'notice', notice: 'session_restored', gap_ms: 5, head: 0, state: welcome().state };
  page.world.socket.says(restored);
  equal(page.sent, ['one', 'two', 'one'], 'one at a time');
  page.acknowledges(1);
  equal(page.sent, ['one', 'two', 'one', 'two']);
  page.acknowledges(2);
  equal(page.session.outbox, []);
});

test('what was only told outlives a reload', () => {
  const before = new Page().welcomed();
  const { client_id } = before.session.say('hello');
  before.acknowledges(1, false);
  before.session.stop();
  const after = new Page(undefined, before.tab).welcomed();
  equal(after.world.socket.of('message').map((frame) => frame.client_id), [client_id]);
});

test('a repeat that is refused for now is asked again, and one that is refused for good is not sent', () => {
  const page = new Page().welcomed();
  const { client_id } = page.session.say('hello');
  page.acknowledges(1, false);
  page.world.pass(2_000);
  page.world.socket.says({ type: 'refused', client_id, code: 'busy', message: 'Busy.' });
  page.world.pass(4_000);
  equal(page.sent.length, 3);
  page.world.socket.says({ type: 'refused', client_id, code: 'session_closed', message: 'It died.' });
  equal(page.states(client_id), ['sending', 'unsaved', 'not_sent']);
});

test('what is saved with the end of a chat is asked for after it', async () => {
  const page = new Page().welcomed();
  const { client_id } = page.session.say('hello');
  page.world.socket.says({ type: 'events', after: 0, events: [message(1, 1, 'hello', client_id)] });
  page.acknowledges(1, false);
  page.world.answers = [answer(200, { seq: 1, durable: false }), answer(200, { seq: 1 })];
  page.world.socket.says({ type: 'events', after: 1, events: [{ seq: 2, at_ms: 1, type: 'closed', reason: 'ended' }] });
  await page.until(() => page.world.requests.length === 1 && page.world.answers.length === 1);
  await page.until(() => page.states(client_id).length === 3);
  equal(page.states(client_id), ['sending', 'unsaved', 'saved']);
  const [{ url, init }] = page.world.requests;
  equal([url, init.headers.Authorization], ['/api/v1/sessions/s/messages', 'Bearer t']);
  equal(JSON.parse(init.body), { client_id, text: 'hello' });
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

test('a note is sent to the staff alone, unchanged with every repeat', () => {
  const before = new Page().welcomed();
  const { client_id } = before.session.say('careful', { visibility: 'INT' });
  const note = { type: 'message', client_id, text: 'careful', visibility: 'INT' };
  equal(before.world.socket.of('message'), [note]);
  equal(before.of('message-state').map((told) => told.visibility), ['INT']);
  before.world.socket.ends();
  before.world.pass(1000);
  before.welcomed();
  equal(before.world.socket.of('message'), [note], 'after a reconnect');
  before.session.stop();
  const after = new Page(undefined, before.tab).welcomed();
  equal(after.world.socket.of('message'), [note], 'after a reload');
});

test('a refused note stays a note when it is sent again', () => {
  const page = new Page().welcomed();
  const { client_id } = page.session.say('careful', { visibility: 'VIP' });
  page.world.socket.says({ type: 'refused', client_id, code: 'forbidden', message: 'No.' });
  page.session.again(client_id);
  equal(page.world.socket.of('message').map((frame) => frame.visibility), ['VIP', 'VIP']);
});

test('a message to everybody names no visibility', () => {
  const page = new Page().welcomed();
  page.session.say('hello');
  equal('visibility' in page.world.socket.of('message')[0], false);
});

const queued = { seq: 3, at_ms: 30, type: 'queued', queue: 'sales', cause: 'opened', client_id: 'q-1' };
const queueState = { queue: 'sales', seq: 3, since_ms: 30, cause: 'opened', waiting: true };
const taken = { seq: 4, at_ms: 40, type: 'joined', participant: 2, kind: 'AGENT', name: 'Ben', agent: 7, took: 3 };
const waits = (page) => page.of('queue').map(({ queue }) => queue && [queue.queue, queue.place ?? null, queue.wait_ms ?? null]);

test('the place in the queue is told as it changes, until somebody takes the chat', () => {
  const page = new Page().welcomed({ head: 2 });
  page.world.socket.says({ type: 'events', after: 0, events: [message(1, 1, 'a'), message(2, 1, 'b'), queued] });
  page.world.socket.says({ type: 'queue', place: 2, wait_ms: 60_000 });
  page.world.socket.says({ type: 'queue', place: 2, wait_ms: 60_000 });
  page.world.socket.says({ type: 'queue', place: 1 });
  page.world.socket.says({ type: 'events', after: 3, events: [taken] });
  page.world.socket.says({ type: 'queue', place: 1 });
  equal(waits(page), [['sales', null, null], ['sales', 2, 60_000], ['sales', 1, null], null]);
  equal([page.session.queue, page.session.participants.at(-1).agent], [null, 7]);
});

test('a welcome says where the session waits, and its history changes nothing of that', () => {
  const state = { status: 'open', participants: [], queue: { ...queueState, seq: 6, place: { place: 4, wait_ms: 1000 } } };
  const page = new Page().welcomed({ head: 6, state });
  const history = [queued, taken, { ...queued, seq: 6, queue: 'sales', cause: 'transferred' }];
  page.world.socket.says({ type: 'events', after: 0, events: history });
  equal(waits(page), [['sales', 4, 1000]]);
});

test('a wait that ended while the engine was away is over after the restoration', () => {
  const page = new Page().welcomed({ head: 3, state: { status: 'open', participants: [], queue: queueState } });
  equal(page.session.queue.queue, 'sales');
  const state = { status: 'open', participants: [], queue: { ...queueState, waiting: false } };
  page.world.socket.says({ type: 'notice', notice: 'session_restored', gap_ms: 5, head: 3, state });
  equal(waits(page), [['sales', null, null], null]);
});

test('a history that is read after the state tells nobody to be gone who is there', () => {
  const ben = { participant: 2, kind: 'AGENT', name: 'Ben', joined: true };
  const page = new Page().welcomed({ head: 3, state: { status: 'open', participants: [ben] } });
  const left = { seq: 2, at_ms: 2, type: 'left', participant: 2, reason: 0 };
  page.world.socket.says({ type: 'events', after: 0, events: [message(1, 2, 'a'), left, { ...taken, seq: 3 }] });
  equal(page.of('participants').length, 1);
  equal(page.session.participants, [ben]);
});
