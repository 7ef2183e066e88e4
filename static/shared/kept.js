/**
 * Small things a page keeps in the browser: drafts of a tab, choices of a visitor. Where a browser refuses storage
 * they live as long as the page. The page names its keys.
 */

import { Shelf } from '../client/storage.js';

/** What this tab keeps over a reload. */
export const ofTab = new Shelf(area(() => globalThis.sessionStorage));

/** What all tabs of the site keep. */
export const ofSite = new Shelf(area(() => globalThis.localStorage));

/** Reading the property alone throws where storage is blocked. @param {() => Storage} read */
function area(read) {
  try {
    return read();
  } catch {
    return null;
  }
}
