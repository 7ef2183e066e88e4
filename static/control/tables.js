/**
 * Tables that follow data. A row stays the same element while its key is there. On a phone each row stands as a list of
 * its own, by the style sheet; so roles are given in so many words, and each cell knows its column.
 */

import { byId, element } from '../shared/dom.js';
import { keep } from '../shared/keyed.js';
import { NOTHING } from './words.js';

/**
 * @typedef {object} Cell
 * @property {string|Node} text
 * @property {boolean} [isNumber]
 * @property {string} [mark] what a style makes of it
 * @property {string} [hint] a longer text for who points at it
 */

/**
 * @template Item
 * @param {object} table
 * @param {string} table.table the id of the table
 * @param {string} table.rows the id of its body
 * @param {string} table.none the id of what is said without a row
 * @param {Item[]} items
 * @param {(item: Item) => string} key
 * @param {(item: Item) => Cell[]} cells the first one heads the row
 */
export function fillTable({ table, rows, none }, items, key, cells) {
  byId(table).hidden = items.length === 0;
  byId(none).hidden = items.length > 0;
  const columns = [...byId(table).querySelectorAll('thead th')].map((column) => column.textContent);
  keep(byId(rows), items, {
    key,
    make: (item) => element('tr', { role: 'row' }, ...cells(item).map((_, at) => place(at, columns[at]))),
    update: (row, item) => cells(item).forEach((cell, at) => fill(row.children[at], cell)),
  });
}

function place(at, column) {
  if (at === 0) return element('th', { scope: 'row', role: 'rowheader' });
  return element('td', { role: 'cell', 'data-column': column });
}

/** @param {HTMLElement} place @param {Cell} cell */
function fill(place, { text, isNumber, mark, hint }) {
  if (text instanceof Node) {
    // What can be pressed stays while it is pressed.
    if (place.firstChild === null) place.append(text);
  } else if (place.textContent !== text) {
    place.textContent = text;
  }
  place.classList.toggle('number', isNumber === true);
  place.classList.toggle('empty', text === NOTHING);
  if (mark === undefined) delete place.dataset.mark;
  else place.dataset.mark = mark;
  if (hint !== undefined && place.title !== hint) place.title = hint;
}
