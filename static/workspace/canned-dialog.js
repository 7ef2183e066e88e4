/**
 * The dialog in which canned replies are written, changed, deleted and inserted.
 */

import { newId } from '../client/tandem.js';
import { whileBusy } from '../shared/busy.js';
import { byId, element, put, within } from '../shared/dom.js';
import { confirmed, dialog } from './dialogs.js';
import { keep } from '../shared/keyed.js';
import { refusal } from './words.js';

/** @typedef {import('../client/desk-protocol.js').Canned} Canned */

/** As the service wants them. */
const SHORTCUT = /^[a-z0-9_-]{1,32}$/;

/** The longest text, in bytes of UTF-8. */
const TEXT_BYTES_MAX = 4096;

const FRESH = Object.freeze({ id: '', shortcut: '', text: '', shared: false });

export class CannedDialog {
  #replies;
  #supervises;
  #onInsert;

  /** @type {Canned} what is in the form; a fresh one has no id yet */
  #open = FRESH;

  #shortcut = /** @type {HTMLInputElement} */ (byId('canned-shortcut'));
  #text = /** @type {HTMLTextAreaElement} */ (byId('canned-text'));
  #shared = /** @type {HTMLInputElement} */ (byId('canned-shared'));

  /**
   * @param {import('./canned.js').CannedReplies} replies
   * @param {boolean} supervises whether this agent changes what everybody has
   * @param {(text: string) => boolean} onInsert whether there was a field for it
   * @param {AbortSignal} signal ends it
   */
  constructor(replies, supervises, onInsert, signal) {
    this.#replies = replies;
    this.#supervises = supervises;
    this.#onInsert = onInsert;
    const on = (id, type, then) => byId(id).addEventListener(type, then, { signal });
    replies.addEventListener('change', () => this.#list(), { signal });
    on('canned-new', 'click', () => this.#edit(FRESH));
    on('canned-list', 'click', ({ target }) => {
      const id = /** @type {HTMLElement} */ (target).closest('button')?.dataset.canned;
      const picked = this.#replies.all.find((canned) => canned.id === id);
      if (picked) this.#edit(picked);
    });
    on('canned-form', 'submit', (submit) => {
      submit.preventDefault();
      this.#save();
    });
    on('canned-delete', 'click', () => this.#delete());
    on('canned-insert', 'click', () => this.#onInsert(this.#text.value) && dialog('canned-dialog').close());
  }

  /** @param {boolean} mayInsert whether a chat is open that takes a reply */
  open(mayInsert) {
    byId('canned-insert').hidden = !mayInsert;
    this.#replies.load(true);
    this.#list();
    dialog('canned-dialog').showModal();
    this.#edit(this.#replies.all[0] ?? FRESH);
  }

  #list() {
    byId('canned-empty').hidden = this.#replies.all.length > 0;
    keep(byId('canned-list'), this.#replies.all, {
      key: ({ id }) => id,
      make: ({ id }) => {
        const button = element('button', { type: 'button', 'data-canned': id }, element('b'), element('span'));
        return element('li', {}, button);
      },
      update: (shown, { id, shortcut, text, shared }) => {
        const button = within(shown, 'button');
        put(within(button, 'b'), `/${shortcut}`);
        put(within(button, 'span'), shared ? `For everybody · ${text}` : text);
        button.setAttribute('aria-pressed', `${id === this.#open.id}`);
      },
    });
  }

  /** @param {Canned} canned */
  #edit(canned) {
    this.#open = canned;
    this.#shortcut.value = canned.shortcut;
    this.#text.value = canned.text;
    this.#shared.checked = canned.shared;
    const isLocked = canned.shared && !this.#supervises;
    this.#shortcut.readOnly = isLocked;
    this.#text.readOnly = isLocked;
    byId('canned-shared-row').hidden = !this.#supervises;
    byId('canned-locked').hidden = !isLocked;
    byId('canned-save').hidden = isLocked;
    byId('canned-delete').hidden = isLocked || canned.id === '';
    byId('canned-problem').hidden = true;
    this.#list();
    this.#shortcut.focus();
  }

  async #save() {
    const shortcut = this.#shortcut.value.trim().toLowerCase().replace(/^\//, '');
    const text = this.#text.value.trim();
    const canned = { id: this.#open.id || newId(), shortcut, text, shared: this.#shared.checked };
    const problem = this.#problem(canned);
    if (problem) return this.#complain(problem);
    const done = await this.#request(() => this.#replies.save(canned).then(() => true), 'Saving…', 'canned-save');
    return done && this.#edit(canned);
  }

  async #delete() {
    const { id, shortcut } = this.#open;
    const question = { title: `Delete /${shortcut}?`, text: 'It is gone for everybody who has it.', yes: 'Delete' };
    if (!await confirmed(question)) return;
    const done = await this.#request(() => this.#replies.remove(id).then(() => true), 'Deleting…', 'canned-delete');
    if (done) this.#edit(this.#replies.all[0] ?? FRESH);
  }

  #request(request, busy, id) {
    const button = /** @type {HTMLButtonElement} */ (byId(id));
    return whileBusy(request, { button, busy, problem: byId('canned-problem'), sentence: refusal });
  }

  /** @param {Canned} canned @returns {string|null} */
  #problem({ id, shortcut, text, shared }) {
    if (!SHORTCUT.test(shortcut)) return 'A shortcut is 1 to 32 of the letters a–z, digits, - and _.';
    if (text === '') return 'Please write the reply.';
    if (new TextEncoder().encode(text).length > TEXT_BYTES_MAX) return 'The reply is too long.';
    const others = this.#replies.all.filter((each) => each.id !== id && each.shared === shared);
    return others.some((each) => each.shortcut === shortcut) ? `There is a reply /${shortcut} already.` : null;
  }

  #complain(problem) {
    put(byId('canned-problem'), problem);
    byId('canned-problem').hidden = false;
    (SHORTCUT.test(this.#shortcut.value) ? this.#text : this.#shortcut).focus();
  }
}
