/**
 * Canned replies: which of them a shortcut means.
 */

import { CannedReplies, begunShortcut } from '/static/workspace/canned.js';
import { equal, test } from './harness.js';

const reply = (shortcut, text) => ({ id: shortcut, shortcut, text, shared: false });

/** The replies of a desk that answers, and what was asked of it. */
async function replies(...all) {
  const asked = [];
  const desk = { do: async (action) => {
    asked.push(action);
    return action.do === 'canned' ? all : null;
  } };
  const made = new CannedReplies(desk);
  await made.load();
  return { made, asked };
}

test('a shortcut begins with a slash at the beginning of a word', () => {
  equal(begunShortcut('/he'), { begun: 'he', from: 0 });
  equal(begunShortcut('Dear Ana,\n/'), { begun: '', from: 10 });
  equal(begunShortcut('see https://he'), null);
  equal(begunShortcut('24/7'), null);
  equal(begunShortcut('/hello there'), null);
});

test('a shortcut is looked for first, then what the replies say', async () => {
  const { made } = await replies(reply('bye', 'Have a good day'), reply('day', 'Which day?'), reply('hello', 'Hello!'));
  equal(made.matching('da').map(({ shortcut }) => shortcut), ['day', 'bye']);
  equal(made.matching('DAY').map(({ shortcut }) => shortcut), ['day', 'bye']);
  equal(made.matching('').map(({ shortcut }) => shortcut), ['bye', 'day', 'hello']);
  equal(made.matching('nothing'), []);
});

test('fresh replies are not asked for again, changed ones are', async () => {
  const { made, asked } = await replies(reply('bye', 'Bye'));
  await made.load();
  equal(asked.length, 1);
  await made.save(reply('hi', 'Hi'));
  await made.remove('bye');
  equal(asked.slice(1), [
    { do: 'save_canned', canned: reply('hi', 'Hi') }, { do: 'canned' }, { do: 'delete_canned', canned: 'bye' }, { do: 'canned' },
  ]);
});
