/**
 * The dialog in which a contact gets another name, other attributes and, from who supervises, other identities.
 */

import { whileBusy } from '../shared/busy.js';
import { byId, element, icon, put, within } from '../shared/dom.js';
import { IDENTITIES, amendment, formProblem } from './contact-words.js';
import { dialog } from './dialogs.js';
import { refusal } from './words.js';

/** @typedef {import('../client/archive.js').Contact} Contact */

export class ContactEdit {
  #archive;
  #supervises;

  /** @type {Contact|null} whom it is about */
  #contact = null;

  /** @type {(contact: Contact) => void} what is done when he is changed */
  #onChanged = () => {};

  /**
   * @param {import('../client/archive.js').Archive} archive
   * @param {boolean} supervises whether this agent may change by what somebody is known
   * @param {AbortSignal} signal ends it
   */
  constructor(archive, supervises, signal) {
    this.#archive = archive;
    this.#supervises = supervises;
    const on = (id, type, then) => byId(id).addEventListener(type, then, { signal });
    on('contact-form', 'submit', (submit) => {
      submit.preventDefault();
      this.#save();
    });
    on('contact-form', 'click', ({ target }) => remove(/** @type {HTMLElement} */ (target)));
    on('attribute-add', 'click', () => add(byId('attribute-rows'), attributeRow('', '')));
    on('identity-add', 'click', () => add(byId('identity-rows'), identityRow({ kind: 'email', value: '' })));
  }

  /** @param {Contact} contact @param {(contact: Contact) => void} onChanged */
  open(contact, onChanged) {
    this.#contact = contact;
    this.#onChanged = onChanged;
    this.#name.value = contact.name;
    byId('attribute-rows').replaceChildren(...Object.entries(contact.attributes).map((row) => attributeRow(...row)));
    byId('identity-rows').replaceChildren(...contact.identities.map(identityRow));
    byId('identity-fields').hidden = !this.#supervises;
    byId('contact-problem').hidden = true;
    dialog('contact-dialog').showModal();
    this.#name.focus();
  }

  get #name() {
    return /** @type {HTMLInputElement} */ (byId('contact-edit-name'));
  }

  #read() {
    const rows = (id) => [...byId(id).children];
    const value = (row, selector) => /** @type {HTMLInputElement} */ (within(row, selector)).value;
    const attributes = rows('attribute-rows').map((row) => [value(row, '.key'), value(row, '.value')]);
    const identities = rows('identity-rows').map((row) => ({ kind: value(row, '.key'), value: value(row, '.value') }));
    return { name: this.#name.value, attributes, ...(this.#supervises ? { identities } : {}) };
  }

  async #save() {
    const form = this.#read();
    const problem = formProblem(form);
    put(byId('contact-problem'), problem ?? '');
    byId('contact-problem').hidden = problem === null;
    if (problem) return;
    const { contact } = this.#contact;
    const onChanged = this.#onChanged;
    const request = () => this.#archive.amend(contact, amendment(this.#contact, form));
    const button = /** @type {HTMLButtonElement} */ (byId('contact-save'));
    const sentence = (refused) =>
      (refused.code === 'taken' ? 'Another contact is known by one of these already. Merge the two.' : refusal(refused));
    const changed = await whileBusy(request, { button, busy: 'Saving…', problem: byId('contact-problem'), sentence });
    if (!changed) return;
    dialog('contact-dialog').close();
    onChanged(changed);
  }
}

function attributeRow(key, value) {
  return row(
    element('input', { type: 'text', class: 'key', maxlength: '64', autocomplete: 'off', 'aria-label': 'Name of the attribute', placeholder: 'Name', value: key }),
    element('input', { type: 'text', class: 'value', maxlength: '1024', autocomplete: 'off', 'aria-label': 'Value', placeholder: 'Value', dir: 'auto', value }),
  );
}

/** @param {import('../client/archive.js').Identity} identity */
function identityRow({ kind, value }) {
  const kinds = Object.entries(IDENTITIES).map(([each, words]) => element('option', { value: each }, words));
  const select = /** @type {HTMLSelectElement} */ (element('select', { class: 'key', 'aria-label': 'Known by' }, ...kinds));
  select.value = kind;
  return row(select, element('input', { type: 'text', class: 'value', maxlength: '254', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', 'aria-label': 'Value', value }));
}

function row(...fields) {
  const button = element('button', { type: 'button', class: 'tool', 'data-remove': '', 'aria-label': 'Remove' }, icon('close'));
  return element('li', { class: 'edit-row' }, ...fields, button);
}

function add(rows, made) {
  rows.append(made);
  within(made, '.key').focus();
}

/** The focus goes to what stands in its place. @param {HTMLElement} pressed */
function remove(pressed) {
  const gone = pressed.closest('[data-remove]')?.closest('li');
  if (!gone) return;
  const next = gone.nextElementSibling ?? gone.previousElementSibling;
  const place = gone.parentElement.parentElement;
  gone.remove();
  /** @type {HTMLElement|null} */ (next?.querySelector('[data-remove]') ?? place.querySelector('.small'))?.focus();
}
