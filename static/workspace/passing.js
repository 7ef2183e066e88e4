/**
 * Passing a chat on to a queue or an agent, with a note for whoever comes, and asking an agent to come along.
 */

import { byId, put } from '../shared/dom.js';
import { act } from './act.js';
import { dialog } from './dialogs.js';
import { Picker, agentPicks, queuePicks } from './picker.js';
import { toast } from './toasts.js';

/** The longest note, in bytes of UTF-8. */
const NOTE_BYTES_MAX = 4096;

export class Passing {
  #desk;
  #chats;
  #transfer;
  #invite;

  /** The chat that a dialog is about. @type {import('./chat.js').Chat|null} */
  #about = null;

  /**
   * @param {import('../client/desk.js').Desk} desk
   * @param {import('./chats.js').Chats} chats
   * @param {AbortSignal} signal ends it
   */
  constructor(desk, chats, signal) {
    this.#desk = desk;
    this.#chats = chats;
    this.#transfer = new Picker('transfer-picks', 'transfer-search', signal);
    this.#invite = new Picker('invite-picks', 'invite-search', signal);
    const on = (id, then) => byId(id).addEventListener('submit', (submit) => {
      submit.preventDefault();
      then();
    }, { signal });
    on('transfer-form', () => this.#pass());
    on('invite-form', () => this.#ask());
  }

  /** @param {import('./chat.js').Chat} chat */
  openTransfer(chat) {
    this.#about = chat;
    put(byId('transfer-title'), `Pass the chat with ${chat.view.customer} on`);
    /** @type {HTMLTextAreaElement} */ (byId('transfer-note')).value = '';
    byId('transfer-problem').hidden = true;
    this.#transfer.open(this.#transferPicks());
    dialog('transfer-dialog').showModal();
  }

  /** @param {import('./chat.js').Chat} chat */
  openInvite(chat) {
    this.#about = chat;
    byId('invite-problem').hidden = true;
    this.#invite.open(this.#invitePicks());
    dialog('invite-dialog').showModal();
  }

  /** Keeps an open dialog current; one about a chat that is gone closes. */
  show() {
    for (const id of ['transfer-dialog', 'invite-dialog']) {
      if (dialog(id).open && (this.#about === null || !this.#chats.all.includes(this.#about))) dialog(id).close();
    }
    if (dialog('transfer-dialog').open) this.#transfer.show(this.#transferPicks());
    if (dialog('invite-dialog').open) this.#invite.show(this.#invitePicks());
  }

  /** Takes an invitation back. @param {import('./chat.js').Chat} chat @param {number} agent @param {HTMLElement} button */
  uninvite(chat, agent, button) {
    return act(this.#desk, { do: 'uninvite', session: chat.id, agent }, button);
  }

  #transferPicks() {
    const { queues, agents, me } = this.#desk.view;
    return [...queuePicks(queues), ...agentPicks([...agents], [me.agent])];
  }

  #invitePicks() {
    const { agents, me } = this.#desk.view;
    const there = (this.#about?.view.others ?? []).map(({ agent }) => agent);
    return agentPicks(agents.filter(({ role }) => role !== 'bot'), [me.agent, ...there]);
  }

  async #pass() {
    const to = this.#transfer.picked;
    const note = /** @type {HTMLTextAreaElement} */ (byId('transfer-note')).value.trim();
    if (!to) return complain('transfer-problem', 'Please choose to whom.');
    const isTooLong = new TextEncoder().encode(note).length > NOTE_BYTES_MAX;
    if (isTooLong) return complain('transfer-problem', 'The note is too long.');
    const { id, view } = this.#about;
    this.#chats.give(id);
    const action = { do: 'transfer', session: id, ...to, ...(note === '' ? {} : { note }) };
    const { done } = await act(this.#desk, action, byId('transfer-submit'));
    if (!done) return this.#chats.keepIt(id);
    dialog('transfer-dialog').close();
    return toast(`The chat with ${view.customer} was passed on.`);
  }

  async #ask() {
    const who = this.#invite.picked;
    if (!who) return complain('invite-problem', 'Please choose whom.');
    const { done } = await act(this.#desk, { do: 'invite', session: this.#about.id, ...who }, byId('invite-submit'));
    return done && dialog('invite-dialog').close();
  }
}

function complain(id, text) {
  put(byId(id), text);
  byId(id).hidden = false;
}
