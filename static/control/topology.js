/**
 * Draws the picture of a pair: a box for each process and the lines between them. Boxes stay the same elements while what
 * they show changes, so that a failover is seen as a role that moves.
 */

import { byId, element, put, within } from '../shared/dom.js';
import { keep } from '../shared/keyed.js';
import { ago, linkName, micros, number, roleWord, span } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Links that have a box of their own; the rest is counted. */
const LINKS_MAX = 8;

/** A link that was not heard for so long is on its way to be lost: its other side speaks twice a second. */
const QUIET_MS = 1_500;

/** Half the lines' greatest bend, in pixels. */
const BEND_MAX = 60;

export class Topology {
  #lines = byId('map-lines');
  #map = byId('map');
  #observer;

  constructor() {
    // Wherever boxes move, the lines between them follow.
    this.#observer = new ResizeObserver(() => this.#draw());
    this.#observer.observe(this.#map);
  }

  stop() {
    this.#observer.disconnect();
  }

  /**
   * @param {import('./picture.js').Picture} picture
   * @param {number} now_ms of the service
   * @param {number} page_ms of the page
   */
  show(picture, now_ms, page_ms) {
    const links = keyed(picture.links);
    const [gone, there] = [links.filter(({ is_gone }) => is_gone), links.filter(({ is_gone }) => !is_gone)];
    const rest = there.length > LINKS_MAX ? [{ key: 'rest', rest: there.length - LINKS_MAX }] : [];
    keep(byId('map-links'), [...there.slice(0, LINKS_MAX), ...rest, ...gone], {
      key: ({ key }) => key,
      make: () => box('link'),
      update: (node, link) => (link.rest ? restBox(node, link.rest) : linkBox(node, link, now_ms, page_ms)),
    });
    byId('map-links-none').hidden = links.length > 0;
    keep(byId('map-engines'), withVacancy(picture), {
      key: ({ name }) => name,
      make: () => box('engine'),
      update: (node, engine) => (engine.role === 'vacant' ? vacantBox(node) : engineBox(node, engine, picture, now_ms, page_ms)),
    });
    keep(byId('map-store'), picture.store ? [picture.store] : [], {
      key: () => 'store',
      make: () => box('store'),
      update: storeBox,
    });
    this.#draw();
  }

  #draw() {
    const map = this.#map.getBoundingClientRect();
    const find = (selector) => this.#map.querySelector(selector);
    const primary = find('.node[data-role="primary"]');
    const backup = find('.node[data-role="backup"]');
    const store = find('.node[data-kind="store"]');
    const lines = [];
    if (primary) {
      for (const link of this.#map.querySelectorAll('.node[data-kind="link"][data-linked]')) lines.push([link, primary, 'live']);
      if (store) lines.push([primary, store, store.dataset.role === 'away' ? 'broken' : 'live']);
      if (backup) lines.push([backup, primary, 'standby']);
    }
    this.#lines.setAttribute('viewBox', `0 0 ${map.width} ${map.height}`);
    while (this.#lines.childElementCount > lines.length) this.#lines.lastElementChild.remove();
    while (this.#lines.childElementCount < lines.length) this.#lines.append(document.createElementNS(SVG, 'path'));
    lines.forEach(([from, to, kind], at) => {
      const path = this.#lines.children[at];
      path.setAttribute('d', between(from.getBoundingClientRect(), to.getBoundingClientRect(), map));
      path.setAttribute('data-kind', kind);
    });
  }
}

/** Links of the same name from the same address are told apart by their order. */
function keyed(links) {
  const seen = new Map();
  return links.map((link) => {
    const name = `${link.role} ${link.name} ${link.from}`;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return { ...link, key: `${name} ${seen.get(name)}` };
  });
}

/** Where one engine is alone, the place of the other is shown empty. */
function withVacancy({ engines }) {
  return engines.length === 1 && engines[0].role !== 'gone' ? [...engines, { name: 'nobody', role: 'vacant' }] : engines;
}

function box(kind) {
  const name = element('b', { class: 'node-name' });
  const head = element('p', { class: 'node-head' }, name, element('span', { class: 'node-role' }));
  const facts = [0, 1].map(() => element('p', { class: 'node-facts' }));
  return element('li', { class: 'node', 'data-kind': kind }, head, ...facts);
}

/** @param {HTMLElement} node */
function fill(node, { name, role, roleText, lines }) {
  if (node.dataset.role !== role) node.dataset.role = role;
  put(within(node, '.node-name'), name);
  put(within(node, '.node-role'), roleText);
  node.querySelectorAll('.node-facts').forEach((place, at) => put(place, lines[at] ?? ''));
}

function engineBox(node, engine, { epoch }, now_ms, page_ms) {
  const since = engine.since_ms ? `for ${span(now_ms - engine.since_ms)}` : '';
  const first = {
    primary: [`epoch ${epoch}`, since],
    lost: [`epoch ${epoch}`, 'no answer'],
    backup: [since, engine.heard_ms === undefined ? '' : `heard ${micros(engine.heard_ms * 1000)} ago`],
    gone: [engine.gone_ms ? `since ${ago(page_ms - engine.gone_ms)}` : ''],
  }[engine.role];
  const second = [`process ${engine.pid}`, engine.host ?? '', engine.address, engine.version ? `version ${engine.version}` : ''];
  fill(node, {
    name: `Engine ${engine.name}`,
    role: engine.role,
    roleText: roleWord(engine.role),
    lines: [first, second].map((facts) => facts.filter(Boolean).join(' · ')),
  });
}

function vacantBox(node) {
  fill(node, { name: 'No other engine', role: 'vacant', roleText: 'Nobody', lines: ['No backup stands by.'] });
}

function linkBox(node, link, now_ms, page_ms) {
  const [name, roleText] = linkName(link);
  if (link.is_gone) {
    node.removeAttribute('data-linked');
    const lines = [`not linked for ${span(page_ms - link.missing_ms)}`, link.from ? `was at ${link.from}` : ''];
    return fill(node, { name, role: 'gone', roleText: roleWord('gone'), lines });
  }
  const isQuiet = link.heard_ms_ago > QUIET_MS;
  const isLinked = link.since_ms !== undefined;
  node.toggleAttribute('data-linked', isLinked);
  const heard = isQuiet ? `silent for ${span(link.heard_ms_ago)}` : `for ${span(now_ms - link.since_ms)}`;
  const how = isLinked ? heard : 'waits to be let in';
  const unaware = isLinked && !link.knows_pair ? 'does not know the pair yet' : '';
  fill(node, {
    name,
    role: isLinked && !isQuiet && !unaware ? 'linked' : 'quiet',
    roleText,
    lines: [[how, unaware].filter(Boolean).join(' · '), link.from ? `from ${link.from}` : ''],
  });
}

function restBox(node, rest) {
  node.removeAttribute('data-linked');
  fill(node, { name: `and ${number(rest)} more`, role: 'linked', roleText: '', lines: [] });
}

function storeBox(node, store) {
  const isThere = store.in_reach;
  fill(node, {
    name: store.place.includes('://') ? 'PostgreSQL' : 'Embedded store',
    role: isThere ? 'linked' : 'away',
    roleText: isThere ? '' : 'Out of reach',
    lines: [store.place],
  });
}

/** A path from the edge of one box to that of another, beside or below it. */
function between(from, to, map) {
  const isBeside = from.right <= to.left || to.right <= from.left;
  const [x, y] = [(at) => Math.round(at - map.left), (at) => Math.round(at - map.top)];
  if (isBeside) {
    const isRightwards = from.right <= to.left;
    const [x1, x2] = isRightwards ? [x(from.right), x(to.left)] : [x(from.left), x(to.right)];
    const [y1, y2] = [y(from.top + from.height / 2), y(to.top + to.height / 2)];
    const bend = Math.min(BEND_MAX, Math.abs(x2 - x1) / 2) * (isRightwards ? 1 : -1);
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }
  const isDownwards = from.bottom <= to.top;
  const [y1, y2] = isDownwards ? [y(from.bottom), y(to.top)] : [y(from.top), y(to.bottom)];
  const [x1, x2] = [x(from.left + from.width / 2), x(to.left + to.width / 2)];
  const bend = (Math.abs(y2 - y1) / 2) * (isDownwards ? 1 : -1);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
}
