/**
 * Two tabs that share an outbox, and a tab that is gone.
 */

import { Tab } from '/static/client/tab.js';
import { FakeTab, Page, World, message } from './fakes.js';
import { equal, test } from './harness.js';

const tabs = () => [new Page(new World(), new FakeTab('tab-1')), new Page(new World(), new FakeTab('tab-2'))];
const stored = () => globalThis.dispatchEvent(new StorageEvent('storage'));

test('a message shows in the other tab at once and is sent by its own tab only', () => {
  const [mine, theirs] = tabs();
  mine.welcomed();
  theirs.welcomed();
  const { client_id } = mine.session.say('hello');
  stored();
  equal(theirs.states(client_id), ['sending']);
  equal([mine.sent, theirs.sent], [['hello'], []]);
});

test('a message is saved in every tab once its own tab is told so (D-1)', () => {
  const [mine, theirs] = tabs();
  mine.welcomed();
  theirs.welcomed();
  const { client_id } = mine.session.say('hello');
  stored();
  const event = { type: 'events', after: 0, events: [message(1, 1, 'hello', client_id)] };
  theirs.world.socket.says(event);
  equal(theirs.states(client_id), ['sending'], 'the event alone does not say it');
  mine.acknowledges(1, false);
  stored();
  equal(theirs.states(client_id), ['sending', 'unsaved']);
  mine.world.pass(2_000);
  mine.acknowledges(1);
  stored();
  equal(theirs.states(client_id), ['sending', 'unsaved', 'saved']);
  mine.world.socket.says(event);
  mine.session.say('next');
  equal(mine.sent.at(-1), 'next', 'the next message is not held up');
});

test('a message that its own tab has settled is not left as sending in the other', () => {
  const [mine, theirs] = tabs();
  mine.welcomed();
  theirs.welcomed();
  const { client_id } = mine.session.say('hello');
  stored();
  mine.acknowledges(1);
  stored();
  equal(theirs.states(client_id), ['sending', 'elsewhere']);
});

test('a tab that is gone leaves its messages to the next', () => {
  const [mine, theirs] = tabs();
  mine.session.say('hello');
  stored();
  theirs.welcomed();
  equal(theirs.sent, [], 'as long as its tab lives');
  theirs.tab.awaited.get('tab-1')();
  equal(theirs.sent, ['hello']);
});

test('the browser tells when a tab is gone', async () => {
  const [mine, theirs] = [new Tab(), new Tab()];
  await locked(mine);
  let gone = false;
  const told = new Promise((then) => theirs.whenGone(mine.id, () => then((gone = true))));
  equal(gone, false);
  mine.release();
  await told;
  theirs.release();
});

test('without locks every other tab counts as gone', () => {
  let gone = false;
  new Tab(null).whenGone('other', () => { gone = true; });
  equal(gone, true);
});

/** Until the browser has given the tab its name. */
async function locked(tab) {
  for (;;) {
    const { held } = await navigator.locks.query();
    if (held.some((lock) => lock.name.endsWith(tab.id))) return;
  }
}
