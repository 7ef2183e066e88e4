/**
 * One message as it is shown: its text, its time, and for one's own the mark that says whether it is safe.
 */

import { element, name } from './dom.js';
import { MARK, clock } from './words.js';

/**
 * @typedef {object} Shown what a message shows
 * @property {string} key unique on the page
 * @property {string} text
 * @property {number} at_ms
 * @property {boolean} mine
 * @property {string} [sender] the name above it, for the others' messages
 * @property {'sending'|'saved'|'not_sent'} [state] for one's own
 * @property {string} [reason] why it was not sent
 */

/** What the writer of a refused message can do; the conversation brings what happens then. */
const ACTIONS = Object.freeze([['again', 'Send again'], ['edit', 'Edit'], ['copy', 'Copy text']]);

export class Message {
  /** @type {HTMLLIElement} */
  line;
  #meta;
  #time;
  #mark;
  #text;

  /** @param {Shown} shown */
  constructor(shown) {
    this.#text = shown.text;
    this.#time = element('time');
    this.#mark = element('span', { class: 'mark' });
    this.#meta = element('p', { class: 'meta', id: `meta-${shown.key}` }, this.#time);
    if (shown.mine) this.#meta.append(this.#mark);
    const text = element('p', { class: 'bubble', dir: 'auto', 'aria-describedby': this.#meta.id }, shown.text);
    this.line = element('li', { class: `line message ${shown.mine ? 'mine' : 'theirs'}` });
    this.line.append(this.#sender(shown), text, this.#meta);
    this.update(shown);
  }

  get text() {
    return this.#text;
  }

  /** @param {Pick<Shown, 'at_ms'|'state'|'reason'>} shown */
  update({ at_ms, state, reason }) {
    this.#time.dateTime = new Date(at_ms).toISOString();
    this.#time.textContent = clock(at_ms);
    if (!state) return;
    this.line.dataset.state = state;
    this.#mark.textContent = state === 'not_sent' ? `${MARK.not_sent}. ${reason ?? ''}` : MARK[state];
  }

  /**
   * Offers what can be done about a refused message; without a handler, nothing is offered.
   * @param {Partial<Record<'again'|'edit'|'copy', () => void>>} handlers
   */
  offer(handlers) {
    this.line.querySelector('.actions')?.remove();
    const offered = ACTIONS.filter(([action]) => handlers[action]);
    if (offered.length === 0) return;
    const buttons = offered.map(([action, label]) => {
      const button = element('button', { type: 'button', 'aria-describedby': this.#meta.id }, label);
      button.addEventListener('click', handlers[action]);
      return button;
    });
    this.line.append(element('div', { class: 'actions' }, ...buttons));
  }

  #sender({ mine, sender }) {
    if (mine) return element('p', { class: 'sr-only' }, 'You:');
    return element('p', { class: 'sender' }, name(sender));
  }
}
