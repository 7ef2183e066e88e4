/**
 * What came of a chat: chosen when it is ended, or afterwards when it has ended by itself. Only then is it filed away.
 */

import { byId, element, put, within } from '../shared/dom.js';
import { keptDraft } from '../shared/account.js';
import { act } from './act.js';
import { dialog } from './dialogs.js';

/** The disposition and the remark of one form. */
class EndingFields {
  #place;
  #group;

  /** @param {HTMLElement} form @param {string} group unique */
  constructor(form, group) {
    this.#place = within(form, '.ending-fields');
    this.#group = group;
    const template = /** @type {HTMLTemplateElement} */ (byId('ending-template'));
    this.#place.replaceChildren(template.content.cloneNode(true));
    this.#place.addEventListener('change', () => { within(this.#place, '.field-problem').hidden = true; });
  }

  /** Begins anew. @param {string[]} dispositions */
  open(dispositions) {
    within(this.#place, '.chips').replaceChildren(...dispositions.map((each) => this.#chip(each)));
    /** @type {HTMLTextAreaElement} */ (within(this.#place, 'textarea')).value = '';
    within(this.#place, '.field-problem').hidden = true;
  }

  /**
   * What was chosen; null, with a complaint, when nothing was.
   * @returns {{disposition: string, remark?: string}|null}
   */
  read() {
    const chosen = /** @type {HTMLInputElement|null} */ (this.#place.querySelector('input:checked'));
    const remark = /** @type {HTMLTextAreaElement} */ (within(this.#place, 'textarea')).value.trim();
    within(this.#place, '.field-problem').hidden = chosen !== null;
    if (!chosen) {
      this.#place.querySelector('input')?.focus();
      return null;
    }
    return { disposition: chosen.value, ...(remark === '' ? {} : { remark }) };
  }

  #chip(disposition) {
    const input = element('input', { type: 'radio', name: this.#group, value: disposition });
    return element('label', { class: 'chip', 'data-disposition': disposition }, input, element('span', {}, disposition));
  }
}

export class Ending {
  #desk;
  #chats;
  #asked = new EndingFields(byId('end-form'), 'end-disposition');
  #after = new EndingFields(byId('wrap-up'), 'wrap-up-disposition');

  /** The chat that the dialog is about. @type {import('./chat.js').Chat|null} */
  #about = null;

  /** The ended chat whose form is shown. @type {import('./chat.js').Chat|null} */
  #shown = null;

  /**
   * @param {import('../client/desk.js').Desk} desk
   * @param {import('./chats.js').Chats} chats
   * @param {AbortSignal} signal ends it
   */
  constructor(desk, chats, signal) {
    this.#desk = desk;
    this.#chats = chats;
    const on = (id, then) => byId(id).addEventListener('submit', (submit) => {
      submit.preventDefault();
      then();
    }, { signal });
    on('end-form', () => this.#file(this.#about, this.#asked, byId('end-submit')));
    on('wrap-up', () => this.#file(this.#shown, this.#after, within(byId('wrap-up'), '[type="submit"]')));
  }

  /** Asks what came of a chat that goes on. @param {import('./chat.js').Chat} chat */
  open(chat) {
    this.#about = chat;
    this.#asked.open(this.#desk.view.dispositions);
    dialog('end-dialog').showModal();
  }

  /**
   * Shows the form of an ended chat; what is in it stays as long as it is the same chat.
   * @param {import('./chat.js').Chat|null} chat the open one
   */
  show(chat) {
    const isGone = this.#about === null || !this.#chats.all.includes(this.#about);
    if (isGone) dialog('end-dialog').close();
    const ended = chat?.isEnded ? chat : null;
    byId('wrap-up').hidden = ended === null;
    if (ended === this.#shown) return;
    this.#shown = ended;
    if (!ended) return;
    this.#after.open(this.#desk.view.dispositions);
    // What was being written when it ended can still be taken along.
    const draft = keptDraft(ended.id)?.text ?? '';
    byId('wrap-up-draft').hidden = draft === '';
    put(within(byId('wrap-up-draft'), 'bdi'), draft);
  }

  /** To the form of an ended chat. */
  focus() {
    byId('wrap-up').querySelector('input')?.focus();
  }

  async #file(chat, fields, button) {
    const what = fields.read();
    if (!chat || !what) return;
    this.#chats.give(chat.id);
    const { done } = await act(this.#desk, { do: 'end', session: chat.id, ...what }, button);
    if (!done) this.#chats.keepIt(chat.id);
    else dialog('end-dialog').close();
  }
}
