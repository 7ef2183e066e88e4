/**
 * What the pages say.
 */

import { happening, waiting } from '/static/sample/words.js';
import { leaving } from '/static/shared/words.js';
import { agentPicks } from '/static/workspace/picker.js';
import { initials } from '/static/workspace/presence.js';
import { happenings, offerWords, stateWords, wait } from '/static/workspace/words.js';
import { equal, test } from './harness.js';

const names = { 1: 'Ana', 2: 'Ben', 3: 'Sue' };
const kinds = { 1: 'CLIENT', 2: 'AGENT', 3: 'SUPERVISOR' };
const about = (mine = false) => ({ mine, nameOf: (number) => names[number], kindOf: (number) => kinds[number] });

/** The pieces as they are read. */
function read(pieces) {
  return pieces === null ? null : pieces.map((piece) => piece.textContent ?? piece).join('');
}

test('a place in the queue is a sentence', () => {
  equal(waiting({}), 'Waiting for somebody to answer…');
  equal(waiting({ place: 2, wait_ms: 180_000 }), 'You are number 2 in the queue, about 3 minutes.');
  equal(waiting({ place: 1, wait_ms: 10_000 }), 'You are next in the queue, less than a minute.');
  equal(waiting({ place: 7, wait_ms: 60_000 }), 'You are number 7 in the queue, about 1 minute.');
  equal(waiting({ place: 40, wait_ms: 9_000_000 }), 'You are number 40 in the queue, more than an hour.');
  equal(waiting({ place: 3 }), 'You are number 3 in the queue.');
});

test('a customer reads who comes and goes, and that the chat was passed on', () => {
  const said = (event, mine) => read(happening(event, about(mine)));
  equal(said({ type: 'joined', participant: 2, name: 'Ben' }), 'Ben joined the chat');
  equal(said({ type: 'left', participant: 2, reason: 4 }), 'Ben left the chat', 'why is no concern of his');
  equal(said({ type: 'queued', cause: 'transferred', by: 2, queue: 'sales' }), 'Ben passed the chat on; please stay.');
  equal(said({ type: 'queued', cause: 'opened', queue: 'sales' }), null, 'the page shows the wait itself');
  equal(said({ type: 'queued', cause: 'opened', queue: 'sales', text: 'We are back at 9.' }), 'We are back at 9.');
  equal(said({ type: 'invited', by: 2, agent: 9 }), null);
});

test('the staff reads where a chat went and who watches', () => {
  const said = (event, mine) => read(happenings((agent) => `agent ${agent}`)(event, about(mine)));
  equal(said({ type: 'queued', cause: 'transferred', by: 2, queue: 'sales' }), 'Ben passed the chat on to sales');
  equal(said({ type: 'queued', cause: 'transferred', by: 2, queue: 'sales', agent: 9 }), 'Ben passed the chat on to agent 9');
  const sue = { type: 'joined', participant: 3, name: 'Sue' };
  equal(said({ ...sue, visibility: 'VIP' }), 'Sue watches; only supervisors see it');
  equal(said({ ...sue, visibility: 'INT' }), 'Sue is here; the customer does not see it', 'she has whispered');
  equal([said({ ...sue, visibility: 'VIP' }, true), said(sue, true)], ['You watch; only supervisors see you', 'You joined the chat']);
  equal(said({ type: 'joined', participant: 2, name: 'Ben', took: 3 }, true), 'You took the chat');
  equal(said({ type: 'invited', by: 2, agent: 9 }), 'Ben asks agent 9 to join');
  equal(said({ type: 'invitation_ended', agent: 9, reason: 'no_answer' }), 'agent 9 did not answer the invitation');
});

test('a customer who was removed is told apart from staff who was relieved', () => {
  equal([leaving(4, 'CLIENT'), leaving(4, 'AGENT')], ['was removed from the chat', 'left the chat']);
});

test('waits are precise while they are short', () => {
  equal([-5, 0, 61_500, 3_599_000, 3_900_000, 200_000_000].map(wait), ['0:00', '0:00', '1:01', '59:59', '1 h 5 min', '2 d']);
});

test('a state says why', () => {
  equal(stateWords({ state: 'not_ready', reason: 'lunch' }), 'Not ready: lunch');
  equal(stateWords({ state: 'not_ready', reason: 'no_answer' }), 'Not ready: no answer');
  equal(stateWords({ state: 'after_work' }), 'After work');
});

test('an offer says why it comes', () => {
  equal(offerWords({ queue: 'sales', cause: 'opened' }), 'A chat in sales');
  equal(offerWords({ queue: 'sales', cause: 'transferred', from: 'Ben' }), 'Ben passes a chat on to you');
  equal(offerWords({ from: 'Ben' }), 'Ben invites you into a chat');
});

test('a face has at most two letters, whatever the name is made of', () => {
  equal(['Ana Müller', 'Chiara', ' Jean  Paul de la Croix ', '李 小龙', ''].map(initials), ['AM', 'C', 'JC', '李小', '']);
});

test('agents who may answer soon stand first, and who is not here cannot be picked', () => {
  const agent = (number, more) => ({ agent: number, display: `${number}`, role: 'agent', connected: true, chats: 0, room: 1, ...more });
  const agents = [
    agent(1, { state: 'ready', connected: false }),
    agent(2, { state: 'not_ready' }),
    agent(3, { state: 'ready', room: 0 }),
    agent(4, { state: 'ready' }),
    agent(5, { state: 'ready' }),
  ];
  const picks = agentPicks(agents, [5]);
  equal(picks.map(({ title }) => title), ['4', '3', '2', '1']);
  equal(picks.filter(({ isOff }) => isOff).map(({ title }) => title), ['1']);
});
