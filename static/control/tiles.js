/**
 * The figures of a pair, and how some of them went in the last minutes, as far as this page has seen it.
 */

import { byId, element, put, within } from '../shared/dom.js';
import { keep } from '../shared/keyed.js';
import { count, micros, number, rate } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Looks that a line shows: three minutes. */
const LOOKS_MAX = 180;

/** The size of a line's own coordinates. */
const [WIDTH, HEIGHT] = [120, 28];

/**
 * @typedef {object} Tile
 * @property {string} title
 * @property {string} value
 * @property {string} note
 * @property {number} [trace] what its line shows
 * @property {boolean} [isBad]
 */

/** @param {import('../client/control.js').PairStatus} status @returns {Tile[]} */
export function tilesOf({ sessions, traffic, saving }) {
  return [
    { title: 'Open sessions', value: number(sessions.open), note: `of ${number(sessions.sessions_max)}`, isBad: sessions.open >= sessions.sessions_max * 0.9 },
    { title: 'Waiting', value: number(sessions.waiting), note: 'in a queue' },
    { title: 'Connected', value: number(sessions.clients), note: `of ${number(sessions.clients_max)}`, isBad: sessions.clients >= sessions.clients_max * 0.9 },
    { title: 'Messages / s', value: rate(traffic.messages_per_s), note: `${number(traffic.messages)} so far`, trace: traffic.messages_per_s },
    { title: 'Answered within', value: micros(traffic.answer_p50_us), note: `99 % within ${micros(traffic.answer_p99_us)}`, trace: traffic.answer_p99_us ?? 0 },
    { title: 'Saved within', value: micros(saving.save_p50_us), note: `99 % within ${micros(saving.save_p99_us)}`, trace: saving.save_p99_us ?? 0 },
    {
      title: 'Saves waiting',
      value: number(saving.waiting),
      note: saving.sessions_behind > 0 ? `${count(saving.sessions_behind, 'session')} not saved` : 'nothing is unsaved',
      isBad: saving.sessions_behind > 0,
    },
  ];
}

/** How each pair's figures went. */
export class Tiles {
  /** @type {Map<string, number[]>} by pair and tile */
  #traces = new Map();

  /** Notes what a line is to show; once for each look. @param {string} pair @param {Tile[]} tiles */
  note(pair, tiles) {
    for (const { title, trace } of tiles.filter(({ trace }) => trace !== undefined)) {
      const seen = this.#trace(pair, title);
      seen.push(trace);
      if (seen.length > LOOKS_MAX) seen.shift();
    }
  }

  /** @param {string} pair @param {Tile[]} tiles @param {boolean} isOld */
  show(pair, tiles, isOld) {
    const list = byId('tiles');
    list.classList.toggle('old', isOld);
    keep(list, tiles, {
      key: ({ title }) => title,
      make: tileBox,
      update: (box, tile) => {
        put(within(box, 'dt'), tile.title);
        put(within(box, '.tile-value'), tile.value);
        put(within(box, '.tile-note'), tile.note);
        box.classList.toggle('bad', tile.isBad === true);
        if (tile.trace !== undefined) within(box, 'polyline').setAttribute('points', points(this.#trace(pair, tile.title)));
      },
    });
  }

  #trace(pair, title) {
    const key = `${pair} ${title}`;
    if (!this.#traces.has(key)) this.#traces.set(key, []);
    return this.#traces.get(key);
  }
}

function tileBox({ trace }) {
  const value = element('dd', {}, element('span', { class: 'tile-value' }), element('span', { class: 'tile-note' }));
  const box = element('div', { class: 'tile' }, element('dt'), value);
  if (trace !== undefined) {
    const line = document.createElementNS(SVG, 'svg');
    for (const [name, text] of Object.entries({ class: 'trace', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' })) line.setAttribute(name, text);
    line.append(document.createElementNS(SVG, 'polyline'));
    value.append(line);
  }
  return box;
}

/** The newest at the right edge. @param {number[]} seen */
export function points(seen) {
  const most = Math.max(...seen, 0) || 1;
  const at = (value, index) => {
    const x = WIDTH - ((seen.length - 1 - index) * WIDTH) / (LOOKS_MAX - 1);
    return `${x.toFixed(1)},${(HEIGHT - 1 - (value / most) * (HEIGHT - 3)).toFixed(1)}`;
  };
  return seen.map(at).join(' ');
}
