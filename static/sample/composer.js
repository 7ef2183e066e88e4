/**
 * The field in which a message is written. A draft belongs to its tab and survives a reload; nothing typed is ever
 * lost to a state of the connection.
 */

import { announce } from './announcer.js';
import { byId } from './dom.js';

const draftKey = (session) => `tandem.sample.draft.${session}`;

const NOTES = Object.freeze({
  reconnecting: 'Messages wait until the connection is back.',
  stopped: 'Messages wait until the chat can be reached.',
});

export class Composer {
  #session;
  #form = byId('composer');
  #text = /** @type {HTMLTextAreaElement} */ (byId('text'));
  #send = /** @type {HTMLButtonElement} */ (byId('send'));

  /** @param {import('../client/session.js').Session} session @param {AbortSignal} signal ends it */
  constructor(session, signal) {
    this.#session = session;
    this.#form.hidden = false;
    this.#text.readOnly = false;
    this.#put(readDraft(session.id));
    this.#form.addEventListener('submit', (submit) => this.#submit(submit), { signal });
    this.#text.addEventListener('input', () => this.#typed(), { signal });
    this.#text.addEventListener('keydown', (key) => this.#key(key), { signal });
    this.#text.addEventListener('blur', () => session.typing(false), { signal });
    session.addEventListener('state', () => this.#note(NOTES[session.status]), { signal });
    session.addEventListener('ended', () => this.#over(), { signal });
    this.#note();
  }

  focus() {
    this.#text.focus();
  }

  /** A text comes back to be changed; what is being written stays. @param {string} text */
  edit(text) {
    this.#put([text, this.#text.value].filter(Boolean).join('\n'));
    this.focus();
  }

  #put(text) {
    this.#text.value = text;
    this.#fit();
    keepDraft(this.#session.id, text);
  }

  #submit(submit) {
    submit.preventDefault();
    const text = this.#text.value.trim();
    if (text === '' || this.#text.readOnly) return;
    const problem = this.#problem(text) ?? (this.#session.say(text) ? null : 'Too many messages are waiting to be sent.');
    if (problem) {
      this.#note(problem, true);
      announce(problem);
      return;
    }
    this.#note(NOTES[this.#session.status]);
    this.#put('');
    this.focus();
  }

  #problem(text) {
    const bytes = new TextEncoder().encode(text).length;
    const over = bytes - this.#session.messageBytesMax;
    return over > 0 ? `This message is too long by about ${over} characters.` : null;
  }

  #typed() {
    this.#fit();
    keepDraft(this.#session.id, this.#text.value);
    this.#session.typing(this.#text.value !== '');
  }

  /** Enter sends, unless it chooses a character of an input method. */
  #key(key) {
    if (key.key !== 'Enter' || key.shiftKey || key.isComposing) return;
    key.preventDefault();
    this.#form.requestSubmit();
  }

  /** As high as its text; the style sheet bounds it. */
  #fit() {
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
    this.#send.disabled = this.#text.value.trim() === '';
  }

  #note(text = '', problem = false) {
    const note = byId('composer-note');
    note.textContent = text;
    note.classList.toggle('problem', problem);
  }

  /** What was being written when the chat ended can still be taken along. */
  #over() {
    this.#text.readOnly = true;
    this.#send.disabled = true;
    this.#form.hidden = this.#text.value === '';
    this.#note();
  }
}

/** @returns {string} */
function readDraft(session) {
  try {
    return sessionStorage.getItem(draftKey(session)) ?? '';
  } catch {
    return ''; // Storage is blocked: the draft lives as long as the page.
  }
}

function keepDraft(session, text) {
  try {
    if (text === '') sessionStorage.removeItem(draftKey(session));
    else sessionStorage.setItem(draftKey(session), text);
  } catch {
    // As above.
  }
}
