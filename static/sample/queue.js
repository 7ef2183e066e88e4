/**
 * What a customer sees while he waits: his place in the queue and how long it may take. The card is always current;
 * what is read aloud is only what is worth an interruption.
 */

import { announce } from '../shared/announcer.js';
import { byId, put } from '../shared/dom.js';
import { waiting } from './words.js';

/** A place is read aloud at most this often; the card can be read at any time. */
const ANNOUNCE_MS = 20_000;

/** @param {import('../client/session.js').Session} session @param {AbortSignal} signal ends it */
export function showQueue(session, signal) {
  const told = { place: null, at: -Infinity };
  const show = () => {
    const { queue } = session;
    const ended = session.status === 'ended';
    byId('queue').hidden = queue === null || ended;
    if (queue === null || ended) {
      told.place = null;
      return;
    }
    put(byId('queue-place'), waiting(queue));
    put(byId('queue-text'), queue.text ?? '');
    byId('queue-text').hidden = !queue.text;
    tell(told, queue);
  };
  session.addEventListener('queue', show, { signal });
  session.addEventListener('ended', show, { signal });
  show();
}

/** Another place is news, another estimate is not. */
function tell(told, queue) {
  const place = queue.place ?? null;
  const isEarly = performance.now() - told.at < ANNOUNCE_MS && place !== 1;
  if (place === null || place === told.place || isEarly) return;
  told.place = place;
  told.at = performance.now();
  announce(waiting(queue));
}
