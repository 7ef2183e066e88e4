/**
 * The list of canned replies that opens while a shortcut is typed. Arrows choose, Enter or Tab inserts, Escape
 * closes; the focus stays in the field, which tells a screen reader what is chosen.
 */

import { announce } from '../shared/announcer.js';
import { byId, element } from '../shared/dom.js';
import { begunShortcut } from './canned.js';

export class Completion {
  #replies;
  #text;
  #list = byId('completion');

  /** @type {import('../client/desk-protocol.js').Canned[]} */
  #offered = [];
  #chosen = 0;

  /** The begun shortcut that Escape sent away; another one opens the list again. */
  #dismissed = '';

  /**
   * @param {import('./canned.js').CannedReplies} replies
   * @param {HTMLTextAreaElement} text
   * @param {AbortSignal} signal ends it
   */
  constructor(replies, text, signal) {
    this.#replies = replies;
    this.#text = text;
    for (const type of ['input', 'click']) text.addEventListener(type, () => this.#look(), { signal });
    text.addEventListener('keydown', (key) => this.#key(key), { signal });
    text.addEventListener('blur', () => this.close(), { signal });
    replies.addEventListener('change', () => document.activeElement === text && this.#look(), { signal });
    // The press must not take the focus from the field.
    this.#list.addEventListener('pointerdown', (press) => {
      press.preventDefault();
      const option = /** @type {HTMLElement} */ (press.target).closest('[role="option"]');
      if (option) this.#insert(this.#offered[Number(option.dataset.at)]);
    }, { signal });
    this.close();
  }

  get isOpen() {
    return !this.#list.hidden;
  }

  #look() {
    const found = this.#begun();
    if (!found) this.#dismissed = '';
    if (!found || found.begun === this.#dismissed) return this.close();
    this.#dismissed = '';
    this.#replies.load();
    const wasOpen = this.isOpen;
    this.#offered = this.#replies.matching(found.begun);
    this.#chosen = 0;
    if (this.#offered.length === 0) return this.close();
    this.#draw();
    return wasOpen || announce(`${this.#offered.length} canned replies. Arrows choose, Enter inserts.`);
  }

  #begun() {
    const { value, selectionStart, selectionEnd } = this.#text;
    return selectionStart === selectionEnd ? begunShortcut(value.slice(0, selectionStart)) : null;
  }

  #draw() {
    this.#list.replaceChildren(...this.#offered.map((canned, at) => option(canned, at, at === this.#chosen)));
    this.#list.hidden = false;
    this.#text.setAttribute('aria-activedescendant', `completion-${this.#chosen}`);
    this.#list.children[this.#chosen].scrollIntoView({ block: 'nearest' });
  }

  /** Nothing is offered any more. */
  close() {
    this.#list.hidden = true;
    this.#offered = [];
    this.#text.removeAttribute('aria-activedescendant');
  }

  #key(key) {
    if (!this.isOpen || key.altKey || key.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key.key];
    if (step) {
      this.#chosen = (this.#chosen + step + this.#offered.length) % this.#offered.length;
      this.#draw();
    } else if ((key.key === 'Enter' || key.key === 'Tab') && !key.shiftKey) this.#insert(this.#offered[this.#chosen]);
    else if (key.key === 'Escape') this.#dismiss();
    else return;
    key.preventDefault();
    key.stopPropagation();
  }

  #dismiss() {
    this.#dismissed = this.#begun()?.begun ?? '';
    this.close();
  }

  /** @param {import('../client/desk-protocol.js').Canned} canned */
  #insert(canned) {
    const { from } = this.#begun();
    this.#text.setRangeText(canned.text, from, this.#text.selectionStart, 'end');
    this.close();
    this.#text.dispatchEvent(new Event('input', { bubbles: true }));
  }
}

/** @param {import('../client/desk-protocol.js').Canned} canned @param {number} at @param {boolean} isChosen */
function option({ shortcut, text, id }, at, isChosen) {
  return element(
    'div',
    { role: 'option', id: `completion-${at}`, 'data-at': `${at}`, 'data-canned': id, 'aria-selected': `${isChosen}` },
    element('b', {}, `/${shortcut}`),
    element('span', { dir: 'auto' }, text),
  );
}
