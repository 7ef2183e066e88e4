/**
 * The figures of a pair, and how some of them went in the last minutes, as far as this page has seen it.
 */

import { byId, element, put, within } from '../shared/dom.js';
import { keep } from '../shared/keyed.js';
import { count, micros, number, rate } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Looks that a line shows: three minutes. */
const LOOKS_MAX = 180;

/** Of a limit, this much is near to it. */
const NEAR = 0.9;

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
  const limited = (title, value, most) => {
    return { title, value: number(value), note: `of ${number(most)}`, isBad: value >= most * NEAR };
  };
  const timed = (title, p50_us, p99_us) => {
    return { title, value: micros(p50_us), note: `99 % within ${micros(p99_us)}`, trace: p99_us ?? 0 };
  };
  const { messages, messages_per_s: per_s } = traffic;
  return [
    limited('Open sessions', sessions.open, sessions.sessions_max),
    { title: 'Waiting', value: number(sessions.waiting), note: 'in a queue' },
    limited('Connected', sessions.clients, sessions.clients_max),
    { title: 'Messages / s', value: rate(per_s), note: `${number(messages)} so far`, trace: per_s },
    timed('Answered within', traffic.answer_p50_us, traffic.answer_p99_us),
    timed('Saved within', saving.save_p50_us, saving.save_p99_us),
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
    const attributes = { class: 'trace', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' };
    for (const [name, text] of Object.entries(attributes)) line.setAttribute(name, text);
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
