/**
 * A conversation shows each message once, whatever comes first: its event, its answer, or another tab's word of it.
 */

import { Conversation } from '/static/shared/conversation.js';
import { element } from '/static/shared/dom.js';
import { equal, test } from './harness.js';

class Session extends EventTarget {
  id = 's';
  status = 'connected';
  participants = [];
  outbox = [];

  told(state, client_id, reason) {
    const detail = { client_id, text: client_id, visibility: 'ALL', at_ms: 1, state, reason };
    this.dispatchEvent(new CustomEvent('message-state', { detail }));
  }

  numbered(seq, client_id) {
    const event = { type: 'message', seq, at_ms: 1, participant: 1, client_id, text: client_id };
    this.dispatchEvent(new CustomEvent('event', { detail: { event, mine: true, live: true } }));
  }
}

function shown() {
  const session = new Session();
  const place = {
    log: element('div'), lines: element('ol'), outbox: element('ol'), newer: element('button'),
    typing: element('p', {}, element('bdi')),
  };
  const said = [];
  const reader = {
    happening: () => null, present: () => ({}), isLooking: () => true, onArrived() {}, onSeen() {}, onEdit() {},
    announce: (text) => said.push(text), announceNotice() {},
  };
  new Conversation(session, place, reader, new AbortController().signal);
  const lines = () => [place.lines, place.outbox].flatMap((list) => [...list.querySelectorAll('.message')]);
  const states = () => lines().map((line) => `${line.querySelector('.bubble').textContent} ${line.dataset.state}`);
  const buttons = () => lines().flatMap((line) => [...line.querySelectorAll('button')].map(({ textContent }) => textContent));
  return { session, states, said, buttons };
}

test('a message of another tab is shown once, whether its event or the word of that tab comes first', () => {
  for (const wordFirst of [true, false]) {
    const { session, states } = shown();
    const word = () => session.told('sending', 'm-1');
    const event = () => session.numbered(3, 'm-1');
    for (const happens of wordFirst ? [word, event] : [event, word]) happens();
    session.told('elsewhere', 'm-1');
    equal(states(), ['m-1 saved'], `word first: ${wordFirst}`);
  }
});

test('what is saved has all before it saved, and nothing after it', () => {
  const { session, states, said } = shown();
  session.numbered(4, 'm-2');
  session.told('unsaved', 'm-2');
  session.numbered(3, 'm-1');
  session.told('unsaved', 'm-1');
  session.told('saved', 'm-1');
  equal(states(), ['m-2 unsaved', 'm-1 saved']);
  session.told('saved', 'm-2');
  equal(states(), ['m-2 saved', 'm-1 saved']);
  equal(said.length, 2, 'once that something is not saved, once that all is');
});

test('what was told and is refused after all is said to be so, and its text can be taken along', () => {
  const { session, states, said, buttons } = shown();
  session.numbered(3, 'm-1');
  session.told('unsaved', 'm-1');
  session.status = 'ended';
  session.told('not_sent', 'm-1', 'The session has ended.');
  equal(states(), ['m-1 not_sent']);
  equal(said.at(-1), 'Not sent. The session has ended.');
  equal(buttons(), navigator.clipboard ? ['Copy text'] : []);
});

test('what was told, is refused and given up stands nowhere any more', () => {
  const { session, states, buttons } = shown();
  session.numbered(3, 'm-1');
  session.told('unsaved', 'm-1');
  session.told('not_sent', 'm-1', 'It is too long.');
  equal(buttons().filter((label) => label !== 'Copy text'), ['Send again', 'Edit']);
  session.told('discarded', 'm-1');
  equal(states(), []);
});
