/**
 * The field in which a message is written: as high as its text, sent with Enter, never longer than a message may be.
 *
 * What becomes of the text, and where a draft is kept, is its page's business.
 */

import { tooLong } from './words.js';

/**
 * @typedef {object} FieldParts
 * @property {HTMLFormElement} form
 * @property {HTMLTextAreaElement} text
 * @property {HTMLButtonElement} send
 * @property {HTMLElement} note where a problem is said
 */

export class Field {
  #parts;
  #onChange;

  /**
   * @param {FieldParts} parts
   * @param {object} page
   * @param {(text: string) => void} page.onSend the trimmed text is to be said
   * @param {(text: string) => void} page.onChange the text is another
   * @param {AbortSignal} [signal] ends it
   */
  constructor(parts, { onSend, onChange }, signal) {
    this.#parts = parts;
    this.#onChange = onChange;
    const { form, text } = parts;
    form.addEventListener('submit', (submit) => {
      submit.preventDefault();
      const said = text.value.trim();
      if (said !== '' && !text.readOnly) onSend(said);
    }, { signal });
    text.addEventListener('input', () => this.#changed(), { signal });
    text.addEventListener('keydown', (key) => this.#key(key), { signal });
    globalThis.addEventListener('resize', () => this.fit(), { signal });
  }

  get value() {
    return this.#parts.text.value;
  }

  /** @param {string} text */
  set value(text) {
    this.#parts.text.value = text;
    this.#changed();
  }

  /** @param {boolean} isReadOnly */
  set readOnly(isReadOnly) {
    this.#parts.text.readOnly = isReadOnly;
    this.fit();
  }

  focus() {
    this.#parts.text.focus();
  }

  /** As high as its text, which can be told while it is in sight; the style sheet bounds it. */
  fit() {
    const { text, send } = this.#parts;
    text.style.height = 'auto';
    text.style.height = `${text.scrollHeight}px`;
    send.disabled = text.readOnly || text.value.trim() === '';
  }

  /** A text comes back to be changed; what is being written stays. @param {string} text */
  add(text) {
    this.value = [text, this.value].filter(Boolean).join('\n');
    this.focus();
  }

  /** @param {string} text below the field @param {boolean} [problem] */
  say(text = '', problem = false) {
    this.#parts.note.textContent = text;
    this.#parts.note.classList.toggle('problem', problem);
  }

  /**
   * What is wrong with a text, if anything.
   * @param {string} text
   * @param {number} bytesMax
   * @returns {string|null}
   */
  problem(text, bytesMax) {
    const over = new TextEncoder().encode(text).length - bytesMax;
    return over > 0 ? tooLong(over) : null;
  }

  #changed() {
    this.fit();
    this.#onChange(this.value);
  }

  /** Enter sends, unless it chooses a character of an input method or something of the page took it. */
  #key(key) {
    if (key.key !== 'Enter' || key.shiftKey || key.altKey || key.isComposing || key.defaultPrevented) return;
    key.preventDefault();
    this.#parts.form.requestSubmit();
  }
}
