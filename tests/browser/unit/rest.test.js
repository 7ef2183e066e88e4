/**
 * Requests over REST: what is repeated, and what is told at once.
 */

import { OPEN_ATTEMPTS_MAX, login, logout, openSession, repeatMessage } from '/static/client/rest.js';
import { World, answer, settled } from './fakes.js';
import { equal, test } from './harness.js';

/** What a request ends with, while the clock turns. */
async function ending(world, request) {
  let end = null;
  const over = request({ surroundings: world.surroundings }).then((value) => { end = { value }; }, ({ code, message, retry_after_ms }) => {
    end = { code, message, retry_after_ms };
  });
  while (end === null) {
    await settled();
    world.pass(1000);
  }
  await over;
  return end;
}

const problem = { code: 'unauthorized', title: 'Not authorized', detail: 'The name or the password is wrong.' };

test('an opening is repeated under its key until it is answered (D-3)', async () => {
  const world = new World();
  world.answers = [answer(503, { code: 'unavailable' }), answer(201, { session: 's', token: 't', participant: 1, seq: 2 })];
  const { value } = await ending(world, (options) => openSession({ name: 'Ana' }, options));
  equal(value, { session: 's', token: 't', participant: 1 });
  const keys = world.requests.map(({ init }) => init.headers['Idempotency-Key']);
  equal([keys.length, keys[0] === keys[1]], [2, true]);
});

test('a service that stays away is told after some attempts', async () => {
  const world = new World();
  const { code } = await ending(world, (options) => openSession({ name: 'Ana' }, options));
  equal([code, world.requests.length], ['unreachable', OPEN_ATTEMPTS_MAX]);
});

test('a login brings its token', async () => {
  const world = new World();
  const ben = { token: 't', agent: 7, name: 'ben', display: 'Ben', role: 'agent' };
  world.answers = [answer(200, ben)];
  const { value } = await ending(world, (options) => login({ name: 'ben', password: 'p' }, options));
  equal(value, ben);
  const [{ url, init }] = world.requests;
  equal([url, init.body], ['/api/v1/agent/login', '{"name":"ben","password":"p"}']);
});

test('a wrong password is told at once, in the service\'s words', async () => {
  const world = new World();
  world.answers = [answer(401, problem)];
  const { code, message } = await ending(world, (options) => login({ name: 'ben', password: 'p' }, options));
  equal([code, message, world.requests.length], ['unauthorized', problem.detail, 1]);
});

test('who is slowed down is told for how long, and nothing is repeated', async () => {
  for (const slow of [
    answer(429, { code: 'slow_down', title: 'Too many attempts' }, { 'Retry-After': '7' }),
    answer(429, { code: 'slow_down', title: 'Too many attempts', retry_after_ms: 7000 }),
  ]) {
    const world = new World();
    world.answers = [slow];
    const { code, retry_after_ms } = await ending(world, (options) => login({ name: 'ben', password: 'p' }, options));
    equal([code, retry_after_ms, world.requests.length], ['slow_down', 7000, 1]);
  }
});

test('a logout names its token in a header, and one that is over already is none to complain of', async () => {
  for (const done of [answer(204), answer(401, problem)]) {
    const world = new World();
    world.answers = [done];
    equal(await ending(world, (options) => logout('t', options)), {});
    equal(world.requests[0].init.headers.Authorization, 'Bearer t');
  }
});

test('a message is repeated with the token of its session, and says whether it is saved', async () => {
  for (const [body, durable] of [[{ seq: 4 }, true], [{ seq: 4, durable: false }, false]]) {
    const world = new World();
    world.answers = [answer(503, { code: 'unavailable' }), answer(200, body)];
    const said = { client_id: 'm-1', text: 'hi' };
    const { value } = await ending(world, (options) => repeatMessage({ session: 's', token: 't' }, said, options));
    equal(value, { seq: 4, durable });
    equal(world.requests.map(({ init }) => init.headers.Authorization), ['Bearer t', 'Bearer t']);
  }
});
