/**
 * The customer's field. A draft belongs to its tab and survives a reload; nothing typed is ever lost to a state of the
 * connection.
 */

import { announce } from '../shared/announcer.js';
import { byId } from '../shared/dom.js';
import { Field } from '../shared/field.js';
import { ofTab } from '../shared/kept.js';
import { TOO_MANY, WAITING } from '../shared/words.js';

const draftKey = (session) => `tandem.sample.draft.${session}`;

export class Composer {
  #session;
  #form = /** @type {HTMLFormElement} */ (byId('composer'));
  #field;

  /** @param {import('../client/session.js').Session} session @param {AbortSignal} signal ends it */
  constructor(session, signal) {
    this.#session = session;
    const text = /** @type {HTMLTextAreaElement} */ (byId('text'));
    const send = /** @type {HTMLButtonElement} */ (byId('send'));
    const page = { onSend: (said) => this.#say(said), onChange: (written) => this.#keep(written) };
    this.#form.hidden = false;
    this.#field = new Field({ form: this.#form, text, send, note: byId('composer-note') }, page, signal);
    this.#field.readOnly = false;
    this.#field.value = ofTab.get(draftKey(session.id)) ?? '';
    text.addEventListener('input', () => session.typing(text.value !== ''), { signal });
    text.addEventListener('blur', () => session.typing(false), { signal });
    session.addEventListener('state', () => this.#field.say(WAITING[session.status]), { signal });
    session.addEventListener('ended', () => this.#over(), { signal });
    this.#field.say();
  }

  focus() {
    this.#field.focus();
  }

  /** A text comes back to be changed. @param {string} text */
  edit(text) {
    this.#field.add(text);
  }

  #keep(written) {
    if (written === '') ofTab.remove(draftKey(this.#session.id));
    else ofTab.set(draftKey(this.#session.id), written);
  }

  #say(text) {
    const tooLong = this.#field.problem(text, this.#session.messageBytesMax);
    const problem = tooLong ?? (this.#session.say(text) ? null : TOO_MANY);
    if (problem) {
      this.#field.say(problem, true);
      announce(problem);
      return;
    }
    this.#field.say(WAITING[this.#session.status]);
    this.#field.value = '';
    this.focus();
  }

  /** What was being written when the chat ended can still be taken along. */
  #over() {
    this.#field.readOnly = true;
    this.#form.hidden = this.#field.value === '';
    this.#field.say();
  }
}
