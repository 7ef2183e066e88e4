/**
 * What a tab that nobody looks at shows of itself: the count in its title and on its icon. The icon is drawn into a
 * data: URL, which the page's policy allows.
 */

import { byId } from '../shared/dom.js';
import { TITLE } from './words.js';

/** More than this is "9+": an icon has room for two characters. */
const DIGITS_MAX = 9;

let plain = '';
let shown = '';

/**
 * @param {{offers: import('../client/desk-protocol.js').Offer[], unread: number}} what
 */
export function showAttention({ offers, unread }) {
  const count = offers.length + unread;
  const what = offers.length > 0 ? `Offer: ${offers[0].customer} · Tandem` : TITLE;
  document.title = count === 0 ? TITLE : `(${count}) ${what}`;
  showIcon(count, offers.length > 0 ? 'offer' : 'unread');
}

/** @param {number} count @param {'offer'|'unread'} kind */
function showIcon(count, kind) {
  const link = /** @type {HTMLLinkElement} */ (byId('favicon'));
  plain ||= link.href;
  const wanted = count === 0 ? plain : badge(count > DIGITS_MAX ? `${DIGITS_MAX}+` : `${count}`, kind);
  if (wanted === shown) return;
  shown = wanted;
  link.href = wanted;
}

/** The logo with a count: red for an offer, blue for messages; the number is not told by colour alone. */
function badge(text, kind) {
  const colour = kind === 'offer' ? '#d12a1f' : '#1f5fc4';
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
    <rect width="32" height="32" rx="9" fill="#0b6e63"/>
    <path d="M11 8a6 6 0 1 0 3 11l2.5 1.3-.6-2.8A6 6 0 0 0 11 8Z" fill="#fff"/>
    <circle cx="21" cy="21" r="11" fill="${colour}"/>
    <text x="21" y="26.5" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="15" fill="#fff">${text}</text>
  </svg>`;
  return `data:image/svg+xml,${encodeURIComponent(picture)}`;
}
