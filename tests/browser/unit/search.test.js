/**
 * What was found is gone through page by page, also with a keyboard, and also when the service is away for a while.
 */

import { Refused } from '/static/client/tandem.js';
import { byId } from '/static/shared/dom.js';
import { Search } from '/static/workspace/search.js';
import { message, settled } from './fakes.js';
import { equal, holds, test } from './harness.js';
import { withParts } from './parts.js';

/** Messages that were found in one chat. */
const hits = (...seqs) => seqs.map((seq) => ({
  chat: { session: 's', opened_at_ms: 1, customer: 'Ana', subject: 'Order 17' },
  seq, at_ms: seq, name: 'Ana', excerpt: `lamp ${seq}`, marks: [[0, 4]],
}));

/** A search for a word, whose answers are given here one after the other. */
function searching(answers, body) {
  return withParts(['search-dialog'], async (signal) => {
    const archive = {
      search: async () => {
        const next = answers.shift();
        if (next instanceof Error) throw next;
        return next;
      },
      transcript: async () => ({ chat: hits(1)[0].chat, names: { 1: 'Ana' }, events: [message(1, 1, 'lamp')] }),
    };
    const search = new Search(archive, () => null, () => 'Ben', signal);
    search.open();
    byId('search-words').value = 'lamp';
    byId('search-form').requestSubmit();
    await settled();
    await body();
    byId('search-dialog').close();
  });
}

const state = () => byId('search-state').textContent;
const items = () => [...byId('found').querySelectorAll('button')];
const more = () => byId('search-more');

async function presses(button) {
  button.focus();
  button.click();
  await settled();
}

test('more is asked for, and the focus goes to what came', () =>
  searching([{ hits: hits(9, 8), next: 'x' }, { hits: hits(7) }], async () => {
    equal([state(), more().hidden], ['2 messages found so far', false]);
    await presses(more());
    equal([state(), more().hidden, items().length], ['3 messages found', true, 3]);
    holds(document.activeElement === items()[2], 'the first that came has the focus');
  }));

test('what was refused is asked for again where it was, and what was found stays', () =>
  searching([{ hits: hits(9), next: 'x' }, new Refused('away', 'unavailable'), { hits: hits(8) }], async () => {
    await presses(more());
    equal([more().hidden, more().textContent, items().length], [false, 'Try again', 1]);
    holds(document.activeElement === more(), 'the focus stays');
    await presses(more());
    equal([state(), items().length], ['2 messages found', 2]);
  }));

test('a chat that is read has its name at once, and the way back leads to the message that was picked', () =>
  searching([{ hits: hits(9, 8, 7) }], async () => {
    const picked = items()[1];
    picked.focus();
    picked.click();
    holds(byId('found-title').textContent.startsWith('Ana · Order 17, '), byId('found-title').textContent);
    holds(document.activeElement === byId('found-title'), 'it has the focus');
    await settled();
    byId('found-back').click();
    holds(document.activeElement === picked, 'the one that was picked');
  }));
