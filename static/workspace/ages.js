/**
 * How long ago things were, kept current once a second by one clock for the whole page: the service's, by which all
 * times of a desk's view are. None of it is read aloud.
 */

import { put } from '../shared/dom.js';
import { wait } from './words.js';

/** From here on a wait is shown as long, and as too long. */
const LONG_MS = 120_000;
const TOO_LONG_MS = 300_000;

const TICK_MS = 1000;

let now = () => Date.now();

/** @param {() => number} clock the service's time @param {AbortSignal} signal ends it */
export function followClock(clock, signal) {
  now = clock;
  const tick = setInterval(() => {
    for (const place of document.querySelectorAll('[data-since]')) show(place);
  }, TICK_MS);
  signal.addEventListener('abort', () => clearInterval(tick));
}

/** Milliseconds since 1970 by the service's clock. */
export const serviceNow = () => now();

/**
 * Has an element show for how long something has been so; nothing without a moment.
 * @param {HTMLElement} place
 * @param {number|null|undefined} since_ms
 */
export function showAge(place, since_ms) {
  place.hidden = !since_ms; // 1970 stands for "not known", too.
  if (place.hidden) {
    delete place.dataset.since;
    put(place, '');
    return;
  }
  place.dataset.since = `${since_ms}`;
  show(place);
}

function show(place) {
  const age_ms = now() - Number(place.dataset.since);
  put(place, wait(age_ms));
  const level = age_ms >= TOO_LONG_MS ? 'too-long' : age_ms >= LONG_MS ? 'long' : 'short';
  if (place.dataset.level !== level) place.dataset.level = level;
}
