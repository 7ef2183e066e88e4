/**
 * Gives somebody a file that the page has made or fetched. A link alone cannot: what it leads to is asked for without
 * the token.
 */

import { element } from './dom.js';

/** Long enough for the slowest browser to have begun. */
const KEPT_MS = 60_000;

/** @param {Blob} file @param {string} name */
export function download(file, name) {
  const url = URL.createObjectURL(file);
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
