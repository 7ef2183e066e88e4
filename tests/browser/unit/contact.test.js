/**
 * What is said of contacts and of what was found, and what a form asks of a contact.
 */

import {
  amendment, contactWords, eraseQuestion, excerptPieces, formProblem, mergeQuestion, period,
} from '/static/workspace/contact-words.js';
import { Reader } from '/static/workspace/reader.js';
import { element } from '/static/shared/dom.js';
import { message } from './fakes.js';
import { equal, holds, test } from './harness.js';

const mail = { kind: 'email', value: 'ana@example.org' };
const ana = { contact: 7, name: 'Ana', identities: [mail], attributes: { plan: 'gold', old: 'x' }, since_ms: 1, chats: 2 };
const form = (more) => ({ name: 'Ana', attributes: Object.entries(ana.attributes), ...more });

test('a form asks for what is another than before, and for nothing else', () => {
  equal(amendment(ana, form()), {});
  equal(amendment(ana, form({ name: ' Ana M. ' })), { name: 'Ana M.' });
  const attributes = [['plan', 'silver '], ['new', 'y'], ['', '']];
  equal(amendment(ana, form({ attributes })), { attributes: { plan: 'silver', new: 'y', old: null } });
  equal(amendment({ ...ana, attributes: { constructor: 'x' } }, form({ attributes: [] })), { attributes: { constructor: null } });
  equal(amendment(ana, form({ identities: [mail] })), {});
  const phone = { kind: 'phone', value: ' +49 1 ' };
  const both = [mail, { kind: 'phone', value: '+49 1' }];
  equal(amendment(ana, form({ identities: [mail, phone, { kind: 'email', value: ' ' }] })), { identities: both });
});

test('a form that makes no sense is not sent', () => {
  equal(formProblem(form()), null);
  for (const wrong of [{ name: ' ' }, { attributes: [['', 'x']] }, { attributes: [['a', '1'], [' a', '2']] }]) {
    holds(formProblem(form(wrong)) !== null, JSON.stringify(wrong));
  }
  equal(formProblem(form({ attributes: [['', ''], ['', ' ']] })), null, 'rows that were left empty do not matter');
});

test('an excerpt is marked where the words stand, and nothing of it is lost', () => {
  const pieces = (excerpt, marks) => excerptPieces({ excerpt, marks }).map(({ text, isMarked }) => (isMarked ? `<${text}>` : text));
  equal(pieces('a red lamp', [[2, 5], [6, 9]]), ['a ', '<red>', ' ', '<lam>', 'p']);
  equal(pieces('red', [[0, 3]]), ['<red>']);
  equal(pieces('👍 red', [[3, 6]]), ['👍 ', '<red>'], 'counted as browsers count');
  equal(pieces('redder', [[0, 3], [0, 6]]), ['<red>', '<der>'], 'marks that overlap');
  equal(pieces('short', [[3, 99]]), ['sho', '<rt>']);
  equal(pieces('plain', []), ['plain']);
});

test('two days mean all of both', () => {
  const day = (date) => new Date(2026, 0, date).getTime();
  equal(period('2026-01-30', '2026-01-31'), { from: day(30), until: day(32) });
  equal(period('', ''), {});
});

test('a question says what becomes of whom', () => {
  equal(contactWords(ana), 'Ana (ana@example.org)');
  const bob = { ...ana, name: 'Bob', identities: [], chats: 1 };
  const { text } = mergeQuestion(ana, bob);
  holds(text.startsWith('Bob becomes a part of Ana (ana@example.org), who then has 3 chats'), text);
  holds(eraseQuestion(bob).text.includes('1 chat,'), eraseQuestion(bob).text);
});

test('a chat that is read stands in order, and the message that was found is pointed at', () => {
  const list = element('ol');
  document.body.append(list);
  const reader = new Reader(list, ({ type }) => (type === 'erased' ? ['Erased'] : null));
  const signal = reader.begin();
  const erased = { seq: 2, at_ms: 2, type: 'erased' };
  reader.add({ session: 's', names: { 1: 'Ana' }, events: [message(1, 1, 'hi'), erased, message(3, 9, '<b>so</b>')] });
  const texts = () => [...list.querySelectorAll('.bubble, .note')].map((line) => line.textContent);
  equal(texts(), ['hi', 'Erased', '<b>so</b>']);
  reader.point('s', 3);
  equal([...list.querySelectorAll('.pointed .bubble')].map((line) => line.textContent), ['<b>so</b>']);
  reader.point('s', 1);
  equal([...list.querySelectorAll('.pointed .bubble')].map((line) => line.textContent), ['hi']);
  reader.begin();
  equal([signal.aborted, texts()], [true, []]);
  list.remove();
});
