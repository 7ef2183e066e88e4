/**
 * Who is there and who types.
 */

import { Roster, TYPING_SHOWN_MS } from '/static/client/roster.js';
import { TYPING_PAUSE_MS, TYPING_REPEAT_MS, TypingSignal } from '/static/client/typing.js';
import { World, message } from './fakes.js';
import { equal, test } from './harness.js';

const echo = { participant: 2, kind: 'EXTERNAL', name: 'Echo' };

function roster() {
  const world = new World();
  const told = [];
  const made = new Roster(world.surroundings.after, () => told.push(made.typing.map((each) => each.name)));
  made.apply({ type: 'joined', ...echo });
  return { world, told, roster: made };
}

test('who joined and left is known', () => {
  const { roster: made } = roster();
  equal(made.participants, [{ ...echo, joined: true }]);
  equal(made.apply({ type: 'left', participant: 2, reason: 0 }), true);
  equal(made.get(2).joined, false);
});

test('one who joins again keeps his number and becomes what the last joining says', () => {
  const { roster: made } = roster();
  const sue = { participant: 3, kind: 'SUPERVISOR', name: 'Sue', agent: 7 };
  made.apply({ type: 'joined', ...sue, visibility: 'VIP' });
  equal([made.get(3).visibility, made.get(3).agent], ['VIP', 7]);
  made.apply({ type: 'joined', ...sue });
  equal([made.get(3).visibility ?? null, made.get(3).joined], [null, true]);
  made.apply({ type: 'left', participant: 3, reason: 0 });
  made.apply({ type: 'joined', ...sue });
  equal([made.get(3).joined, made.participants.length], [true, 2]);
});

test('a forgotten typing ends by itself', () => {
  const { world, told, roster: made } = roster();
  made.type(2, true);
  world.pass(TYPING_SHOWN_MS - 1);
  made.type(2, true);
  world.pass(TYPING_SHOWN_MS - 1);
  equal(told, [['Echo']]);
  world.pass(1);
  equal(told, [['Echo'], []]);
});

test('a message ends the typing of its sender', () => {
  const { told, roster: made } = roster();
  made.type(2, true);
  made.apply(message(3, 2, 'hi'));
  equal(told, [['Echo'], []]);
});

test('typing is told at the first key, then now and then, then ended by a pause', () => {
  const world = new World();
  const told = [];
  const signal = new TypingSignal((on) => told.push(on), world.surroundings);
  for (let key = 0; key < 10; key += 1) {
    signal.touch();
    world.pass(TYPING_REPEAT_MS / 5);
  }
  equal(told, [true, true]);
  world.pass(TYPING_PAUSE_MS);
  equal(told, [true, true, false]);
  signal.stop();
  equal(told.length, 3, 'what has ended is not ended again');
});
