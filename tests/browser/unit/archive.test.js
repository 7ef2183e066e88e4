/**
 * What is looked up with a login's token.
 */

import { Archive } from '/static/client/archive.js';
import { World, answer } from './fakes.js';
import { equal, test } from './harness.js';

/** An archive over a network that answers this, and what it was asked. */
async function asked(body, ask) {
  const world = new World();
  world.answers = [answer(200, body)];
  const told = await ask(new Archive('t', { surroundings: world.surroundings }));
  const [{ url, init }] = world.requests;
  equal(init.headers.Authorization, 'Bearer t', 'the token');
  return { told, url, method: init.method, body: init.body === undefined ? null : JSON.parse(init.body) };
}

test('a stranger has no contact, and that is no error', async () => {
  const { told, url } = await asked(null, (archive) => archive.contactOf('s'));
  equal([told, url], [null, '/api/v1/sessions/s/contact']);
});

test('a search names only what is wanted, escaped', async () => {
  const wanted = { q: 'red & lamp+', contact: 7, from: 0, until: undefined, limit: 25 };
  const { told, url } = await asked({ hits: [] }, (archive) => archive.search(wanted));
  equal(url, '/api/v1/transcripts?q=red+%26+lamp%2B&contact=7&from=0&limit=25');
  equal(told, { hits: [] });
});

test('what changes a contact says how it is to be', async () => {
  const change = { attributes: { plan: null } };
  for (const [ask, method, url, body] of [
    [(archive) => archive.amend(7, change), 'PATCH', '/api/v1/contacts/7', change],
    [(archive) => archive.merge(7, 9), 'POST', '/api/v1/contacts/7/merge', { from: 9 }],
    [(archive) => archive.erase(7), 'DELETE', '/api/v1/contacts/7', null],
    [(archive) => archive.contact(7), 'GET', '/api/v1/contacts/7', null],
  ]) {
    const { told, ...request } = await asked({ contact: 7 }, ask);
    equal([request.method, request.url, request.body, told], [method, url, body, { contact: 7 }]);
  }
});

test('chats come as a list, page by page', async () => {
  const { told, url } = await asked({ chats: [{ session: 's' }] }, (archive) => archive.chats(7, { before: 5, limit: 2 }));
  equal([told, url], [[{ session: 's' }], '/api/v1/contacts/7/chats?before=5&limit=2']);
});

test('a transcript comes to be read, or as a file', async () => {
  const whole = { chat: {}, head: 1, names: {}, events: [] };
  equal((await asked(whole, (archive) => archive.transcript('s'))).told, whole);
  const { told, url } = await asked('a page', (archive) => archive.transcriptFile('s', 'html'));
  equal([await told.text(), url], ['"a page"', '/api/v1/transcripts/s?format=html']);
});
