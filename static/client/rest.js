/**
 * Opening a session over REST. A repeat under the same `Idempotency-Key` is the same session, so a request whose
 * answer was lost is simply sent again (D-3).
 */

import { backoffMs } from './backoff.js';
import { newId } from './ids.js';
import { browser } from './surroundings.js';

/** @typedef {import('./protocol.js').Credentials} Credentials */

/** Attempts to open a session before somebody is told: with the waits between them about half a minute. */
export const OPEN_ATTEMPTS_MAX = 6;

/** The longest wait for one answer: longer than a gateway waits for its engine. */
export const ANSWER_WAIT_MS = 35_000;

/** Answers after which the same request may succeed: too many, and whatever a proxy says of a gateway that is away. */
const RETRYABLE = new Set([408, 429, 500, 502, 503, 504]);

/** A request was not done; `message` is a sentence for people. */
export class Refused extends Error {
  /** @param {string} message @param {string} code the stable error code, or `unreachable` */
  constructor(message, code) {
    super(message);
    this.name = 'Refused';
    this.code = code;
  }
}

/**
 * Opens a session and becomes its customer.
 * @param {object} wish
 * @param {string} wish.name the name that the others see
 * @param {string} [wish.subject] what it is about
 * @param {Record<string, string>} [wish.properties] the page's own data
 * @param {object} [options]
 * @param {string} [options.base] where the API is; by default this page's host
 * @param {AbortSignal} [options.signal] gives up
 * @param {import('./surroundings.js').Surroundings} [options.surroundings]
 * @returns {Promise<Credentials>} rejects with {@link Refused}
 */
export async function openSession(wish, { base = '/api/v1', signal, surroundings = browser } = {}) {
  const request = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': newId() },
    body: JSON.stringify(wish),
    cache: 'no-store',
  };
  for (let attempt = 0; ; attempt += 1) {
    const { credentials, refused, wait_ms } = await ask(`${base}/sessions`, request, signal, surroundings);
    if (credentials) return credentials;
    const again = wait_ms !== null && attempt + 1 < OPEN_ATTEMPTS_MAX && !signal?.aborted;
    if (!again) throw refused;
    await new Promise((then) => surroundings.after(wait_ms + backoffMs(attempt, surroundings.random), then));
  }
}

/** One attempt; `wait_ms` is null when another would meet the same. */
async function ask(url, request, signal, surroundings) {
  const bounds = [AbortSignal.timeout(ANSWER_WAIT_MS), ...(signal ? [signal] : [])];
  try {
    const response = await surroundings.fetch(url, { ...request, signal: AbortSignal.any(bounds) });
    const body = await response.json().catch(() => ({}));
    if (response.ok) {
      return { credentials: { session: body.session, token: body.token, participant: body.participant } };
    }
    const refused = new Refused(sentence(body, response.status), body.code ?? `http_${response.status}`);
    const wait_ms = RETRYABLE.has(response.status) ? retryAfterMs(response) : null;
    return { refused, wait_ms };
  } catch {
    return { refused: new Refused('The chat cannot be reached at the moment.', 'unreachable'), wait_ms: 0 };
  }
}

/** From problem details (RFC 9457): the detail is about this request, the title about its kind. */
function sentence(body, status) {
  return body.detail ?? body.title ?? `The chat could not be started (${status}).`;
}

/** `Retry-After` in seconds (RFC 9110 §10.2.3), within reason. */
function retryAfterMs(response) {
  const seconds = Number(response.headers.get('Retry-After'));
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 10) * 1000 : 0;
}
