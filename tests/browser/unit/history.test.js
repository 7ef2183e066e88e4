/**
 * A reader's place: nothing twice, nothing out of order, no silent hole (R-2, D-4).
 */

import { History } from '/static/client/history.js';
import { message } from './fakes.js';
import { equal, test } from './harness.js';

const numbers = (events) => events.map((event) => event.seq);
const frame = (after, ...seqs) => ({ after, events: seqs.map((seq) => message(seq, 2, `text ${seq}`)) });

test('events are taken in order and only once', () => {
  const history = new History();
  equal(numbers(history.take(frame(0, 1, 2)).fresh), [1, 2]);
  equal(numbers(history.take(frame(0, 1, 2, 3)).fresh), [3]);
  equal(numbers(history.take(frame(1, 2)).fresh), []);
  equal(history.last, 3);
});

test('a hole is asked for once and nothing after it is taken before it is filled (R-2)', () => {
  const history = new History();
  history.take(frame(0, 1));
  equal(history.take(frame(2, 3)), { fresh: [], resume: true });
  equal(history.take(frame(3, 4)), { fresh: [], resume: false }, 'the answer is on its way');
  equal(numbers(history.take(frame(1, 2, 3, 4)).fresh), [2, 3, 4]);
  equal(numbers(history.take(frame(4, 5)).fresh), [5]);
});

test('numbers that are not for this reader are no hole', () => {
  const history = new History();
  history.take(frame(0, 1));
  equal(numbers(history.take(frame(1, 4)).fresh), [4], 'the frame says that 2 and 3 are not missed');
});

test('a head beyond the last event is asked for once', () => {
  const history = new History();
  history.take(frame(0, 1));
  equal([history.hear(1), history.hear(2), history.hear(2), history.hear(3)], [false, true, false, true]);
});

test('a known hole is asked for with every heartbeat until it is filled', () => {
  const history = new History();
  history.take(frame(5, 6));
  equal([history.hear(6), history.hear(6)], [true, true]);
  history.take(frame(0, 1, 2, 3, 4, 5, 6));
  equal(history.hear(6), false);
});

test('a new connection asks anew', () => {
  const history = new History();
  equal(history.hear(2), true);
  history.connected();
  equal(history.hear(2), true);
});

test('a history that is not the session\'s is read from the beginning', () => {
  const history = new History();
  history.take(frame(0, 1, 2, 3));
  history.reset();
  equal(numbers(history.take(frame(0, 1, 2)).fresh), [1, 2]);
});
