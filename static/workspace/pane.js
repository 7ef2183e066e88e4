/**
 * The open chat: who the customer is, what can be done with the chat, its field or, when it has ended, the form with
 * which it is filed away. Without an open chat: how things stand, so that nobody waits before an empty page.
 */

import { announce } from '../shared/announcer.js';
import { byId, put } from '../shared/dom.js';
import { STATUS, stopping, typing } from '../shared/words.js';
import { stateWords, ended } from './words.js';

export class Pane {
  #desk;
  #composer;
  #ending;

  /** @type {import('./chat.js').Chat|null} */
  #chat = null;

  /**
   * @param {import('../client/desk.js').Desk} desk
   * @param {import('./composer.js').Composer} composer
   * @param {import('./ending.js').Ending} ending
   * @param {AbortSignal} signal ends it
   */
  constructor(desk, composer, ending, signal) {
    this.#desk = desk;
    this.#composer = composer;
    this.#ending = ending;
    byId('chat-retry').addEventListener('click', () => this.#chat?.session.start(), { signal });
  }

  /** @param {import('./chat.js').Chat|null} chat @param {boolean} byHand the focus goes with it */
  open(chat, byHand) {
    const isOther = chat !== this.#chat;
    this.#chat = chat;
    this.show();
    if (isOther) this.#composer.open(chat); // In sight by now, so that its height can be told.
    if (byHand && chat) this.focus();
    else if (isLost(document.activeElement)) this.#title.focus();
    if (byHand && chat && isOther) announce(`Chat with ${chat.view.customer}`);
  }

  /** To the field; on a phone to the name, since the field would bring its keyboard. */
  focus() {
    if (this.#canWrite && !matchMedia('(hover: none) and (pointer: coarse)').matches) this.#composer.focus();
    else this.#title.focus();
  }

  get #title() {
    return byId(this.#chat ? 'chat-title' : 'idle-title');
  }

  show() {
    const chat = this.#chat;
    byId('idle').hidden = chat !== null;
    byId('chat').hidden = chat === null;
    this.#ending.show(chat);
    this.#showIdle();
    if (chat === null) return undefined;
    const { view, session } = chat;
    put(byId('chat-customer'), view.customer);
    put(byId('chat-subject'), view.subject ?? '');
    put(byId('chat-status'), status(chat));
    byId('chat').dataset.hidden = `${chat.isHidden}`;
    this.#showActions(chat);
    const isStopped = session.status === 'stopped';
    byId('chat-stopped').hidden = !isStopped;
    put(byId('chat-stopped-text'), isStopped ? stopping(session.stopCode) : '');
    byId('composer').hidden = !this.#canWrite;
    put(byId('wrap-up-why'), ended(chat.ended));
    return this.#composer.show();
  }

  get #canWrite() {
    return this.#chat !== null && !this.#chat.isEnded && this.#chat.session.status !== 'stopped';
  }

  #showActions(chat) {
    const isOpen = !chat.isEnded;
    const isWith = (chat.view.others ?? []).some(({ invited = false }) => !invited);
    const shown = {
      take_over: isOpen && chat.isHidden,
      invite: isOpen && !chat.isHidden,
      transfer: isOpen && !chat.isHidden,
      leave: isOpen && (chat.isHidden || isWith),
      end: isOpen && !chat.isHidden,
    };
    for (const [action, isShown] of Object.entries(shown)) {
      byId('chat-menu').querySelector(`[data-action="${action}"]`).hidden = !isShown;
    }
  }

  #showIdle() {
    const view = this.#desk.view;
    if (!view) return;
    const { me, chats } = view;
    const isReady = me.state === 'ready';
    put(byId('idle-title'), isReady ? 'You are ready' : `You are ${stateWords(me).toLowerCase()}`);
    put(byId('idle-text'), idleText(me, chats.length));
    byId('idle-ready').hidden = isReady;
  }
}

/** Whether the focus went with what it was on. @param {Element|null} focused */
function isLost(focused) {
  return focused === null || focused === document.body || !focused.checkVisibility();
}

/** @param {import('./chat.js').Chat} chat */
function status(chat) {
  const { session } = chat;
  if (chat.isEnded) return 'Ended';
  if (session.status !== 'connected') return STATUS[session.status];
  return chat.isHidden ? 'You watch unseen' : chat.isTyped ? `${typing([chat.view.customer])}…` : '';
}

function idleText(me, chats) {
  if (me.state !== 'ready') {
    const why = me.reason === 'no_answer' ? 'An offer was not answered in time, so you were set not ready. ' : '';
    return `${why}No chats are offered to you until you are ready.`;
  }
  if (me.room === 0) return 'You have as many chats as you may have.';
  return chats === 0 ? 'The next chat is offered to you here.' : 'Choose a chat, or wait for the next one.';
}
