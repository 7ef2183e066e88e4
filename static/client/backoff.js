/**
 * How long to wait before the next attempt to connect. Pure.
 */

/** The first wait is up to this. A gateway that its supervisor restarts is back in less. */
export const BACKOFF_FIRST_MS = 500;

/** No wait is longer: somebody may be looking at the page. */
export const BACKOFF_MAX_MS = 15_000;

/**
 * Exponential with full jitter: any moment up to the bound, so that the browsers that one gateway lost do not come
 * back together.
 * @param {number} attempt 0 for the first
 * @param {() => number} random from 0 up to 1
 */
export function backoffMs(attempt, random) {
  return Math.floor(random() * Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** attempt));
}
