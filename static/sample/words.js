/**
 * What the customer's page says of a chat's course. Pure; what it has in common with other pages is in
 * `shared/words.js`.
 */

import { name } from '../shared/dom.js';
import { leaving } from '../shared/words.js';

/** @param {string|null} reason why the session closed */
export function ending(reason) {
  switch (reason) {
    case 'not_saved': return 'The chat was ended because it could not be saved any more.';
    case 'idle': return 'The chat was closed because nobody had written for so long.';
    case 'not_restored': return 'The chat was ended because the service was interrupted. Please start a new one.';
    default: return 'The chat has ended.';
  }
}

/**
 * What happened, in pieces, as a customer reads it; null for what is nothing to him.
 * @type {import('../shared/conversation.js').Happening}
 */
export function happening(event, { mine, nameOf, kindOf }) {
  switch (event.type) {
    case 'opened': return event.subject ? ['Subject: ', name(event.subject)] : null;
    case 'joined': return mine ? ['You joined as ', name(event.name)] : [name(event.name), ' joined the chat'];
    case 'left': return left(event, mine, nameOf(event.participant), kindOf(event.participant));
    case 'notice': return event.text ? [event.text] : null;
    case 'erased': return ['Erased'];
    case 'queued': return queued(event, event.by === undefined ? null : nameOf(event.by));
    default: return null;
  }
}

function left({ reason }, mine, who, kind) {
  if (mine) return [reason === 0 ? 'You left the chat' : 'You are no longer in the chat'];
  return [name(who), ` ${leaving(reason, kind)}`];
}

/** A wait for the first answer needs no line of its own: the page shows it as long as it lasts. */
function queued({ cause, text }, by) {
  const passedOn = by === null ? null : [name(by), ' passed the chat on; please stay.'];
  const gone = ['The connection to the other side was lost. Please stay: somebody else takes the chat over.'];
  const pieces = { transferred: passedOn, handed_off: passedOn, agent_gone: gone }[cause] ?? null;
  if (!text) return pieces;
  return pieces === null ? [text] : [...pieces, ` ${text}`];
}

/**
 * Where a customer is in the queue.
 * @param {import('../client/waiting.js').Wait} wait
 */
export function waiting({ place, wait_ms }) {
  if (place === undefined) return 'Waiting for somebody to answer…';
  const where = place === 1 ? 'You are next in the queue' : `You are number ${place} in the queue`;
  return wait_ms === undefined ? `${where}.` : `${where}, ${about(wait_ms)}.`;
}

/** A wait as one would promise it. @param {number} ms */
function about(ms) {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes === 1) return 'about 1 minute';
  return minutes <= 60 ? `about ${minutes} minutes` : 'more than an hour';
}
