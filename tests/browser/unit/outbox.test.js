/**
 * What waits is kept, in order, by one tab (D-3).
 */

import { OUTBOX_ENTRIES_MAX, Outbox, UNSAVED_KEPT_MAX } from '/static/client/outbox.js';
import { Shelf, forgetSession, forgetWaiting, keepSession, keptSession, outboxPrefix } from '/static/client/storage.js';
import { equal, holds, test } from './harness.js';

let made = 0;
const newId = () => `id-${(made += 1)}`;
const outbox = (tab = 'tab-1', shelf = new Shelf()) => new Outbox({ shelf, session: 's', tab, newId });
const texts = (box) => box.entries.map((entry) => entry.text);

test('what waits survives a reload, in order', () => {
  const before = outbox();
  for (const text of ['one', 'two', 'three']) before.add(text, 1);
  equal(texts(outbox('tab-2')), ['one', 'two', 'three']);
});

test('whom a message is for survives a reload', () => {
  const before = outbox();
  before.add('for all', 1);
  before.add('for the staff', 1, 'INT');
  equal(outbox('tab-2').entries.map((entry) => entry.visibility ?? null), [null, 'INT']);
});

test('the oldest is sent first and again until it is settled', () => {
  const box = outbox();
  const one = box.add('one', 1);
  box.add('two', 2);
  equal([box.next().text, box.next().text], ['one', 'one']);
  equal(box.settle(one.client_id).text, 'one');
  equal(box.next().text, 'two');
  equal(texts(outbox()), ['two'], 'what is settled is not stored any more');
});

test('a refused message stays visible and holds up nothing', () => {
  const box = outbox();
  const one = box.add('one', 1);
  box.add('two', 2);
  box.refuse(one.client_id, 'It is too long.');
  equal(box.next().text, 'two');
  equal(outbox().entries[0].reason, 'It is too long.', 'after a reload too');
});

test('a message sent again keeps its id and goes to the end', () => {
  const box = outbox();
  const one = box.add('one', 1);
  box.add('two', 2);
  box.refuse(one.client_id, 'no');
  const again = box.again(one.client_id);
  equal([again.client_id, again.state, again.reason ?? null], [one.client_id, 'sending', null]);
  equal(texts(box), ['two', 'one']);
  equal(box.again(one.client_id), null, 'only what was refused is sent again');
});

test('too many that wait are refused before anything is lost (B-1)', () => {
  const box = outbox();
  for (let at = 0; at < OUTBOX_ENTRIES_MAX; at += 1) holds(box.add(`${at}`, at) !== null, `message ${at}`);
  equal(box.add('one more', 1), null);
  equal(box.waiting, OUTBOX_ENTRIES_MAX);
});

test('a tab does not send what another tab sends', () => {
  const [mine, theirs] = [outbox('tab-1'), outbox('tab-2')];
  mine.add('mine', 1);
  theirs.sync();
  equal([theirs.next(), theirs.otherTabs], [null, ['tab-1']]);
  theirs.adopt('tab-1');
  equal(theirs.next().text, 'mine');
  equal(mine.sync().changed.length, 1);
  equal(mine.next(), null, 'the adopted message has one sender');
});

test('tabs see what others keep and settle', () => {
  const [mine, theirs] = [outbox('tab-1'), outbox('tab-2')];
  const { client_id } = mine.add('mine', 1);
  equal(theirs.sync().changed.map((entry) => entry.text), ['mine']);
  equal(theirs.sync(), { changed: [], gone: [] });
  mine.settle(client_id);
  equal(theirs.sync().gone.map((entry) => entry.text), ['mine']);
});

test('a browser that refuses storage costs only the reload', () => {
  const blocked = {
    getItem() { throw new Error('blocked'); },
    setItem() { throw new Error('blocked'); },
    removeItem() { throw new Error('blocked'); },
    get length() { throw new Error('blocked'); },
  };
  for (const area of [blocked, null]) {
    const box = outbox('tab-1', new Shelf(area));
    const { client_id } = box.add('one', 1);
    box.sync();
    equal(texts(box), ['one']);
    box.settle(client_id);
    equal(box.sync(), { changed: [], gone: [] });
  }
});

test('what is not ours in storage is left alone', () => {
  localStorage.setItem(`${outboxPrefix('s')}x`, 'not JSON');
  localStorage.setItem(`${outboxPrefix('s')}y`, '{"other":1}');
  equal(texts(outbox()), []);
});

test('a session is kept for other tabs and forgotten with what waits for it', () => {
  equal(keptSession(), null);
  keepSession({ session: 's', token: 't', participant: 1 });
  equal(keptSession(), { session: 's', token: 't', participant: 1 });
  outbox().add('one', 1);
  forgetSession();
  equal([keptSession(), texts(outbox())], [null, []]);
});

test('the next session forgets what waited for the last, and nothing of another page of the site', () => {
  const ofAWorkspace = new Outbox({ shelf: new Shelf(), session: 'other', tab: 'tab-1', newId });
  ofAWorkspace.add('to a customer', 1);
  keepSession({ session: 's', token: 't', participant: 1 });
  outbox().add('one', 1);
  keepSession({ session: 'next', token: 't', participant: 1 });
  equal(texts(outbox()), []);
  equal(ofAWorkspace.sync(), { changed: [], gone: [] });
});

test('a page that has done with a session forgets what waits for it', () => {
  outbox().add('one', 1);
  forgetWaiting('s');
  equal(texts(outbox()), []);
});

test('what is told is kept until the disk has it, and holds up nothing', () => {
  const box = outbox();
  const [one, two, three] = ['one', 'two', 'three'].map((text) => box.add(text, 1));
  box.told(one.client_id, 4);
  box.told(two.client_id, 6);
  equal([box.next().text, box.lastUnsaved.text], ['three', 'two']);
  equal(box.told(two.client_id, 6), null, 'that is no news');
  equal(box.savedUpTo(5).map((entry) => entry.text), ['one']);
  equal(outbox().resend().map((entry) => [entry.text, entry.state]), [['two', 'sending']], 'after a reload too');
  equal(three.state, 'sending');
});

test('of what is told only so much is kept, and none of it keeps anybody from writing (B-1)', () => {
  const box = outbox();
  for (let at = 1; at <= UNSAVED_KEPT_MAX + 1; at += 1) box.told(box.add(`${at}`, at).client_id, at);
  equal([box.entries.length, box.entries[0].text], [UNSAVED_KEPT_MAX, '2']);
  holds(box.add('more', 1) !== null, 'it is taken');
});
