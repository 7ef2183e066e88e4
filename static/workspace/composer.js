/**
 * The agent's field: a reply that the customer reads, or a note that he never gets; which of them is never in doubt.
 * One field serves all chats; what was being written stays with its chat, over a switch and a reload.
 */

import { announce } from '../shared/announcer.js';
import { byId, put } from '../shared/dom.js';
import { Field } from '../shared/field.js';
import { TOO_MANY, WAITING } from '../shared/words.js';
import { keepDraft, keptDraft } from '../shared/account.js';
import { Completion } from './completion.js';
import { FIELD, WHOM } from './words.js';

/** @typedef {import('../client/protocol.js').Visibility} Visibility */

/** Who may say what, by what he is in the session. */
const MODES = Object.freeze({ SUPERVISOR: ['ALL', 'INT', 'VIP'], AGENT: ['ALL', 'INT'] });

export class Composer {
  #form = /** @type {HTMLFormElement} */ (byId('composer'));
  #text = /** @type {HTMLTextAreaElement} */ (byId('composer-text'));
  #field;
  #completion;

  /** @type {import('./chat.js').Chat|null} */
  #chat = null;

  /** @type {Visibility} */
  #visibility = 'ALL';

  /** Whether the customer did not see the agent when this was shown last. */
  #wasHidden = false;

  /** Where the caret was in each chat's text. @type {Map<string, number>} */
  #carets = new Map();

  /** @param {import('./canned.js').CannedReplies} replies @param {AbortSignal} signal ends it */
  constructor(replies, signal) {
    const parts = { form: this.#form, text: this.#text, send: byId('composer-send'), note: byId('composer-note') };
    // Before the field: Enter that inserts a reply does not send.
    this.#completion = new Completion(replies, this.#text, signal);
    this.#field = new Field(parts, { onSend: (text) => this.#say(text), onChange: () => this.#keep() }, signal);
    this.#text.addEventListener('input', () => this.#type(), { signal });
    this.#text.addEventListener('blur', () => this.#chat?.session.typing(false), { signal });
    byId('composer-modes').addEventListener('change', ({ target }) => {
      this.#become(/** @type {Visibility} */ (/** @type {HTMLInputElement} */ (target).value));
      this.#keep();
      this.focus();
    }, { signal });
  }

  focus() {
    this.#text.focus();
  }

  /** Takes up what was being written in a chat. @param {import('./chat.js').Chat|null} chat */
  open(chat) {
    if (this.#chat) {
      this.#carets.set(this.#chat.id, this.#text.selectionStart);
      this.#chat.session.typing(false);
    }
    this.#completion.close();
    this.#chat = null; // What is put into the field now is no change of a draft.
    const draft = chat && keptDraft(chat.id);
    this.#field.value = draft?.text ?? '';
    this.#chat = chat;
    if (!chat) return;
    this.#become(draft?.visibility ?? first(chat));
    this.#wasHidden = draft?.isHidden ?? chat.isHidden;
    const caret = this.#carets.get(chat.id) ?? this.#text.value.length;
    this.#text.setSelectionRange(caret, caret);
    this.show();
    this.#field.fit();
  }

  /** Shows what the chat allows at the moment. */
  show() {
    const chat = this.#chat;
    if (!chat) return;
    const modes = MODES[chat.view.kind] ?? MODES.AGENT;
    for (const mode of this.#form.querySelectorAll('[name="visibility"]')) {
      mode.closest('label').hidden = !modes.includes(mode.value);
    }
    if (!modes.includes(this.#visibility)) this.#become('INT');
    // Who takes a chat over goes on with the customer, unless he is writing something already.
    if (this.#wasHidden !== chat.isHidden && this.#field.value === '') this.#become(first(chat));
    this.#wasHidden = chat.isHidden;
    this.#label();
    if (!byId('composer-note').classList.contains('problem')) this.#field.say(WAITING[chat.session.status]);
  }

  /** A reply becomes a note, and the other way round. */
  toggleNote() {
    this.#become(this.#visibility === 'ALL' ? 'INT' : 'ALL');
    this.#keep();
    this.focus();
    announce(byId('composer-label').textContent);
  }

  /**
   * A refused text comes back to be changed.
   * @param {string} text
   * @param {Visibility} whom it was for
   */
  edit(text, whom) {
    if (this.#field.value.trim() === '') this.#become(whom);
    this.#field.add(text);
  }

  /** A text is inserted where the caret is. @param {string} text */
  insert(text) {
    const { selectionStart, selectionEnd } = this.#text;
    this.#text.setRangeText(text, selectionStart, selectionEnd, 'end');
    this.#field.value = this.#text.value;
    this.focus();
  }

  #become(visibility) {
    this.#visibility = visibility;
    for (const mode of this.#form.querySelectorAll('[name="visibility"]')) mode.checked = mode.value === visibility;
    this.#form.dataset.visibility = visibility;
    if (visibility !== 'ALL') this.#chat?.session.typing(false);
    this.#label();
  }

  #label() {
    if (!this.#chat) return;
    const { customer } = this.#chat.view;
    const words = FIELD[this.#visibility];
    put(byId('composer-label'), words.label(customer));
    this.#text.placeholder = words.placeholder(customer);
    byId('composer-send').ariaLabel = words.send;
    put(byId('composer-whom'), WHOM[this.#visibility](customer, this.#chat.isHidden));
  }

  #keep() {
    if (!this.#chat) return;
    const { id } = this.#chat;
    const text = this.#field.value;
    const isUsual = text === '' && this.#visibility === first(this.#chat);
    keepDraft(id, isUsual ? null : { text, visibility: this.#visibility, isHidden: this.#chat.isHidden });
  }

  /** That a note is written, or that somebody watches, is nothing that the customer sees. */
  #type() {
    if (!this.#chat || this.#visibility !== 'ALL' || this.#chat.isHidden) return;
    this.#chat.session.typing(this.#text.value !== '');
  }

  #say(text) {
    if (!this.#chat) return;
    const { session } = this.#chat;
    const tooLong = this.#field.problem(text, session.messageBytesMax);
    const problem = tooLong ?? (session.say(text, { visibility: this.#visibility }) ? null : TOO_MANY);
    if (problem) {
      this.#field.say(problem, true);
      announce(problem);
      return;
    }
    this.#field.say(WAITING[session.status]);
    this.#field.value = '';
    this.focus();
  }
}

/** For whom a text is unless the agent says otherwise; who is not seen does not become so by accident. */
function first(chat) {
  return chat.isHidden ? 'INT' : 'ALL';
}
