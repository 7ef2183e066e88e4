/**
 * Lists that follow data without disturbing whoever uses them, and the lines of a conversation.
 */

import { Lines } from '/static/shared/lines.js';
import { element } from '/static/shared/dom.js';
import { keep } from '/static/shared/keyed.js';
import { equal, holds, test } from './harness.js';

/** A list of buttons that stands in the page while a test runs. */
function shown(body) {
  const list = element('ul');
  document.body.append(list);
  const show = (...names) => keep(list, names, {
    key: (name) => name,
    make: () => element('li', {}, element('button')),
    update: (line, name) => { line.firstChild.textContent = name; },
  });
  try {
    body({ list, show, names: () => [...list.children].map((line) => line.textContent) });
  } finally {
    list.remove();
  }
}

test('a list follows its data in its order', () => shown(({ show, names }) => {
  show('a', 'b', 'c');
  show('c', 'd', 'a');
  equal(names(), ['c', 'd', 'a']);
  show();
  equal(names(), []);
}));

test('an element stays the same, with its focus, while others come and go around it', () => shown(({ list, show, names }) => {
  show('a', 'b', 'c');
  const [, b] = list.children;
  b.firstChild.focus();
  show('b', 'c', 'd');
  show('x', 'b', 'd');
  equal([names(), list.children[1] === b, document.activeElement === b.firstChild], [['x', 'b', 'd'], true, true]);
}));

/** The kinds of a list's lines, and which of them stand with the one before. */
function lines(body) {
  const list = element('ol');
  const made = new Lines(list, 'today');
  const say = (at_ms, participant, visibility) => {
    made.message(element('li', { class: 'line message' }), { at_ms, participant, visibility });
  };
  body({ made, say, kinds: () => [...list.children].map((line) => line.className.replace('line ', '')) });
}

const NOON = new Date(2026, 4, 8, 12).getTime();

test('what one sender says in a row stands together, but not what he says to others', () => lines(({ made, say, kinds }) => {
  made.clear(new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' }).format(NOON));
  say(NOON, 1);
  say(NOON + 1000, 1);
  say(NOON + 2000, 1, 'INT');
  say(NOON + 3000, 2);
  say(NOON + 300_000, 2);
  equal(kinds(), ['message', 'message together', 'message', 'message', 'message']);
}));

test('a new day has a line above it, and what happened ends a group', () => lines(({ made, say, kinds }) => {
  say(NOON, 1);
  made.note(NOON + 1, ['Ben joined']);
  say(NOON + 2, 1);
  say(NOON + 86_400_000, 1);
  equal(kinds(), ['day', 'message', 'note', 'message', 'day', 'message']);
}));

test('data is text in every line', () => lines(({ made }) => {
  const line = made.note(NOON, ['<b>Ana</b>', element('bdi', {}, '<i>')]);
  equal(line.textContent, '<b>Ana</b><i>');
  holds(line.querySelector('b, i') === null, 'no markup came of it');
}));
