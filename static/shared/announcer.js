/**
 * What a screen reader says by itself. The log is no live region of its own: it would read the history at each
 * reload. Only what happens from now on is put here, one line each.
 */

import { byId, element } from './dom.js';

/** Lines that are kept; a reader has long said the others. */
const LINES_MAX = 12;

/** @param {string} text */
export function announce(text) {
  const place = byId('announcer');
  place.append(element('p', {}, text));
  while (place.childElementCount > LINES_MAX) place.firstElementChild.remove();
}
