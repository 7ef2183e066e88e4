/**
 * A list of what was said and what happened, in order. It only ever appends, so that nobody loses his place; it
 * groups what one sender says in a row and separates days. A conversation and an earlier transcript are made of it.
 */

import { element } from './dom.js';
import { clock, day } from './words.js';

/** Messages of one sender within this time stand together, under one name. */
const GROUP_MS = 120_000;

export class Lines {
  #list;

  /** Who spoke last, to whom and when, so that his next message stands with it. */
  #group = { who: '', at_ms: 0 };
  #day = '';

  /** @param {HTMLElement} list @param {string} today the day that needs no line above what was said */
  constructor(list, today = day(Date.now())) {
    this.#list = list;
    this.clear(today);
  }

  clear(today = day(Date.now())) {
    this.#list.replaceChildren();
    this.#group = { who: '', at_ms: 0 };
    this.#day = today;
  }

  /**
   * Puts a message's line at the end; one that stands elsewhere moves here and stays one element.
   * @param {HTMLElement} line
   * @param {{at_ms: number, participant: number, visibility?: string}} said
   */
  message(line, { at_ms, participant, visibility = 'ALL' }) {
    this.#separateDays(at_ms);
    const who = `${participant} ${visibility}`;
    line.classList.toggle('together', this.#group.who === who && at_ms - this.#group.at_ms < GROUP_MS);
    this.#group = { who, at_ms };
    this.#list.append(line);
  }

  /** What happened. @param {number} at_ms @param {(Node|string)[]} pieces @returns {HTMLElement} its line */
  note(at_ms, pieces) {
    this.#separateDays(at_ms);
    const line = this.#append('note', {}, ...pieces);
    line.title = clock(at_ms);
    return line;
  }

  /** What happened to the connection. @param {'lost'|'restored'} notice @param {string} text */
  notice(notice, text) {
    this.#append('notice', { 'data-notice': notice }, text);
  }

  #separateDays(at_ms) {
    const today = day(at_ms);
    if (today === this.#day) return;
    this.#day = today;
    this.#append('day', {}, today);
  }

  #append(kind, attributes, ...pieces) {
    this.#group.who = '';
    const line = element('li', { class: `line ${kind}`, ...attributes }, element('p', {}, ...pieces));
    this.#list.append(line);
    return line;
  }
}
