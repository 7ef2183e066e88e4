/**
 * What is asked over REST: opening a session, taking its transcript along, logging in and out. A request whose answer
 * was lost is sent again, unchanged; an opening has an `Idempotency-Key`, so that it is one session however often it
 * is sent (D-3).
 */

import { backoffMs } from './backoff.js';
import { newId } from './ids.js';
import { browser } from './surroundings.js';

/** @typedef {import('./protocol.js').Credentials} Credentials */

/** Attempts before somebody is told: with the waits between them about half a minute. */
export const OPEN_ATTEMPTS_MAX = 6;

/** The longest wait for one answer: longer than a gateway waits for its engine. */
export const ANSWER_WAIT_MS = 35_000;

/** A wished pause beyond this is cut to it: somebody looks at the page. */
const REPEAT_AFTER_MAX_MS = 10_000;

/**
 * Answers after which the same request may succeed: none at all (0), too many, and whatever a proxy says of a gateway
 * that is away.
 */
const RETRYABLE = new Set([0, 408, 429, 500, 502, 503, 504]);

/** A request or an action was not done; `message` is a sentence for people. */
export class Refused extends Error {
  /**
   * @param {string} message
   * @param {string} code the stable error code, or `unreachable`
   * @param {number} [retry_after_ms] when to try again, where that may help
   */
  constructor(message, code, retry_after_ms) {
    super(message);
    this.name = 'Refused';
    this.code = code;
    this.retry_after_ms = retry_after_ms;
    /** What is in the way, of a switchover. @type {(string|object)[]} */
    this.blockers = [];
  }
}

/**
 * @typedef {object} Options
 * @property {string} [base] where the API is; by default this page's host
 * @property {AbortSignal} [signal] gives up
 * @property {number} [attempts_max] how often it is asked before somebody is told; {@link OPEN_ATTEMPTS_MAX} by default
 * @property {number} [answer_wait_ms] the longest wait for one answer; {@link ANSWER_WAIT_MS} by default
 * @property {import('./surroundings.js').Surroundings} [surroundings]
 */

/**
 * Opens a session and becomes its customer.
 * @param {object} wish
 * @param {string} wish.name the name that the others see
 * @param {string} [wish.subject] what it is about
 * @param {Record<string, string>} [wish.properties] the page's own data
 * @param {Options} [options]
 * @returns {Promise<Credentials>} rejects with {@link Refused}
 */
export async function openSession(wish, options = {}) {
  const opened = await post('/sessions', { 'Idempotency-Key': newId() }, wish, options);
  return { session: opened.session, token: opened.token, participant: opened.participant };
}

/**
 * Logs an agent in.
 * @param {{name: string, password: string}} who
 * @param {Options} [options]
 * @returns {Promise<import('./desk-protocol.js').LoggedIn>} rejects with {@link Refused}: `unauthorized`, or
 *   `slow_down` with the pause after which the next attempt is heard
 */
export async function login({ name, password }, options = {}) {
  // Who guesses is slowed down, and who mistyped wants to know it: 429 is told at once.
  return post('/agent/login', {}, { name, password }, options, (status) => status !== 429);
}

/**
 * Ends a login and its desks. A login that is over already is no error.
 * @param {string} token
 * @param {Options} [options]
 * @returns {Promise<void>} rejects with {@link Refused}
 */
export async function logout(token, options = {}) {
  try {
    await request('POST', '/agent/logout', token, undefined, options);
  } catch (refused) {
    if (!(refused instanceof Refused && refused.code === 'unauthorized')) throw refused;
  }
}

/**
 * Says again what was said, as it was said; the answer is that of the first time, and whether it is on the disk by now.
 * @param {Credentials} credentials
 * @param {{client_id: string, text: string, visibility?: import('./protocol.js').Visibility}} said
 * @param {Options} [options]
 * @returns {Promise<{seq: number, durable: boolean}>} rejects with {@link Refused}
 */
export async function repeatMessage({ session, token }, { client_id, text, visibility }, options = {}) {
  const said = { client_id, text, visibility };
  const { seq, durable = true } = await request('POST', `/sessions/${session}/messages`, token, said, options);
  return { seq, durable };
}

/**
 * The transcript of a session, as far as its participant may read it; also after its end.
 * @param {Credentials} credentials
 * @param {'html'|'text'|'json'} format
 * @param {Options} [options]
 * @returns {Promise<Blob>} rejects with {@link Refused}
 */
export async function transcript({ session, token }, format, options = {}) {
  return request('GET', `/sessions/${session}/transcript?format=${format}`, token, undefined, { ...options, read: whole });
}

/** The answer as it is; what breaks off rejects. @param {Response} response */
export const whole = (response) => response.blob();

/**
 * Asks with a token, until there is an answer worth telling.
 * @param {'GET'|'POST'|'PATCH'|'DELETE'} method
 * @param {string} path below the base
 * @param {string} token
 * @param {object} [body]
 * @param {Options & {read?: (response: Response) => Promise<any>}} [options] how to read an answer that is not JSON
 * @returns {Promise<any>} rejects with {@link Refused}
 */
export async function request(method, path, token, body, options = {}) {
  return repeat(method, path, { Authorization: `Bearer ${token}` }, body, options, () => true);
}

/**
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {object|undefined} body
 * @param {Options} options
 * @param {(status: number) => boolean} [wants] whether a status after which another attempt may help is one to repeat
 */
async function post(path, headers, body, options, wants = () => true) {
  return repeat('POST', path, headers, body, options, wants);
}

async function repeat(method, path, headers, body, options, wants) {
  const { base = '/api/v1', signal, surroundings = browser, attempts_max = OPEN_ATTEMPTS_MAX } = options;
  const kind = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const asked = { method, headers: { ...kind, ...headers }, body: JSON.stringify(body), cache: 'no-store' };
  for (let attempt = 0; ; attempt += 1) {
    const { answer, refused, status } = await ask(`${base}${path}`, asked, options);
    if (answer !== undefined) return answer;
    const again = RETRYABLE.has(status) && wants(status) && attempt + 1 < attempts_max && !signal?.aborted;
    if (!again) throw refused;
    const wait_ms = Math.min(refused.retry_after_ms ?? 0, REPEAT_AFTER_MAX_MS);
    await new Promise((then) => surroundings.after(wait_ms + backoffMs(attempt, surroundings.random), then));
  }
}

/** The answer's JSON, which an answer without a body does not have. @param {Response} response */
const json = (response) => response.json().catch(() => ({}));

/** One attempt. */
async function ask(url, request, { signal, surroundings = browser, read = json, answer_wait_ms = ANSWER_WAIT_MS }) {
  const bounds = [AbortSignal.timeout(answer_wait_ms), ...(signal ? [signal] : [])];
  try {
    const response = await surroundings.fetch(url, { ...request, signal: AbortSignal.any(bounds) });
    const { status } = response;
    if (response.ok) return { answer: await read(response), status };
    const body = await json(response);
    const retry_after_ms = body.retry_after_ms ?? retryAfterMs(response);
    const refused = new Refused(sentence(body, status), body.code ?? `http_${status}`, retry_after_ms);
    if (Array.isArray(body.blockers)) refused.blockers = body.blockers;
    return { refused, status };
  } catch {
    return { refused: new Refused('The service cannot be reached at the moment.', 'unreachable'), status: 0 };
  }
}

/** From problem details (RFC 9457): the detail is about this request, the title about its kind. */
function sentence(body, status) {
  return body.detail ?? body.title ?? `The service did not do it (${status}).`;
}

/** `Retry-After` in seconds (RFC 9110 §10.2.3); undefined where there is none. */
function retryAfterMs(response) {
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  return Number.isFinite(seconds) ? Math.max(seconds, 0) * 1000 : undefined;
}
