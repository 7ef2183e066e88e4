/**
 * Where a session waits, as its state, its events and its place say.
 */

import { Waiting } from '/static/client/waiting.js';
import { equal, test } from './harness.js';

const queued = { seq: 3, at_ms: 30, type: 'queued', queue: 'sales', cause: 'opened' };

test('a wait begins with its event and ends when somebody takes the session', () => {
  const waiting = new Waiting();
  equal([waiting.apply(queued), waiting.wait.since_ms], [true, 30]);
  equal(waiting.apply({ seq: 4, type: 'joined', participant: 2 }), false, 'one who only comes along takes nothing');
  equal([waiting.apply({ seq: 5, type: 'joined', participant: 3, took: 3 }), waiting.wait], [true, null]);
});

test('a place belongs to the wait it was told in', () => {
  const waiting = new Waiting();
  equal(waiting.move({ place: 3 }), false, 'nothing waits yet');
  waiting.apply(queued);
  equal([waiting.move({ place: 3, wait_ms: 9 }), waiting.move({ place: 3, wait_ms: 9 })], [true, false]);
  waiting.apply({ ...queued, seq: 8, cause: 'transferred' });
  equal([waiting.wait.cause, waiting.wait.place ?? null], ['transferred', null]);
});

test('the end of the session ends the wait', () => {
  const waiting = new Waiting();
  waiting.apply(queued);
  equal([waiting.apply({ seq: 9, type: 'closed', reason: 'customer_left' }), waiting.wait], [true, null]);
});

test('a state replaces what was known', () => {
  const waiting = new Waiting();
  const state = { queue: 'sales', seq: 3, since_ms: 30, cause: 'opened', waiting: true, place: { place: 2 } };
  equal([waiting.replace(state), waiting.wait.place], [true, 2]);
  equal([waiting.replace(state), waiting.replace({ ...state, waiting: false })], [false, true]);
  equal([waiting.replace(undefined), waiting.wait], [false, null]);
});
