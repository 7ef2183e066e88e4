/**
 * An agent's workspace from his login to its end: one desk, its view, and the parts of the page that show it. It owns
 * them, passes each view on, and says which chat is open.
 *
 * Everything is shown from the newest view and the chats' own sessions; it keeps no list of its own.
 */

import { Archive, Desk } from '../client/tandem.js';
import { byId } from '../shared/dom.js';
import { act } from './act.js';
import { followClock } from './ages.js';
import { Alerts } from './alerts.js';
import { CannedDialog } from './canned-dialog.js';
import { CannedReplies } from './canned.js';
import { Chats } from './chats.js';
import { Composer } from './composer.js';
import { showConnection } from './connection.js';
import { ContactPanel } from './contact.js';
import { Customer } from './customer.js';
import { confirmed, prepareDialogs } from './dialogs.js';
import { Ending } from './ending.js';
import { Lists } from './lists.js';
import { Menu } from './menu.js';
import { Offers } from './offers.js';
import { Pane } from './pane.js';
import { Passing } from './passing.js';
import { Presence } from './presence.js';
import { Search } from './search.js';
import { openShortcuts, prepareShortcuts } from './shortcuts.js';
import { prepareTabs } from './tabs.js';
import { clearToasts } from './toasts.js';
import { happenings } from './words.js';

/** @typedef {import('./chat.js').Chat} Chat */

export class Workspace {
  #life = new AbortController();
  #desk;
  #chats;
  #alerts;
  #composer;
  #contact;
  #customer;
  #canned;
  #cannedDialog;
  #ending;
  #lists;
  #offers;
  #pane;
  #passing;
  #presence;
  #search;

  /** The session of the chat that is open. @type {string|null} */
  #openSession = null;

  /** Whether the chats are to be shown anew before the next thing happens. */
  #isDue = false;

  /**
   * @param {import('../client/desk-protocol.js').LoggedIn} login
   * @param {object} page
   * @param {() => void} page.onRevoked the login is no longer good
   * @param {() => void} page.onLogout the agent wants to go
   */
  constructor(login, { onRevoked, onLogout }) {
    const { signal } = this.#life;
    const desk = new Desk(login.token);
    const happening = happenings((agent) => this.#agentName(agent));
    this.#desk = desk;
    followClock(() => desk.now(), signal);
    this.#chats = new Chats(this.#house(happening), (chat, byHand) => this.#opened(chat, byHand), signal);
    this.#canned = new CannedReplies(desk);
    this.#composer = new Composer(this.#canned, signal);
    this.#ending = new Ending(desk, this.#chats, signal);
    this.#pane = new Pane(desk, this.#composer, this.#ending, signal);
    this.#passing = new Passing(desk, this.#chats, signal);
    this.#customer = new Customer(desk, happening, (agent, button) => this.#uninvite(agent, button), signal);
    const archive = new Archive(login.token, { signal });
    this.#search = new Search(archive, happening, (agent) => this.#agentName(agent), signal);
    this.#contact = new ContactPanel(archive, login.role, (contact) => this.#search.open(contact), signal);
    this.#alerts = new Alerts((session) => session && this.#pick(session), signal);
    this.#presence = new Presence(desk, signal);
    this.#offers = new Offers(desk, (session) => this.#pick(session), signal);
    this.#lists = new Lists(desk, (session) => this.#pick(session), signal);
    const supervises = login.role === 'supervisor' || login.role === 'administrator';
    this.#cannedDialog = new CannedDialog(this.#canned, supervises, (text) => this.#insert(text), signal);
    this.#prepare(signal, onLogout);
    desk.addEventListener('view', () => this.#viewed(), { signal });
    desk.addEventListener('revoked', onRevoked, { signal });
    showConnection(desk, signal);
    document.body.dataset.view = 'desk';
    this.#toPane('list');
    this.#pane.open(null, false);
    desk.start();
    this.#canned.load();
  }

  /** Ends it; the agent's chats stay his as long as the service says. */
  stop() {
    this.#life.abort();
    this.#desk.stop();
    clearToasts();
  }

  #prepare(signal, onLogout) {
    prepareDialogs(signal);
    prepareTabs(['mine', 'waiting', 'live'], signal);
    new Menu('account-button', 'account-menu', signal);
    new Menu('chat-more', 'chat-menu', signal);
    const deeds = {
      back: () => this.#toPane('list'),
      customer: () => this.#toCustomer(),
      'customer-back': () => this.#toCustomer(),
      invite: (chat) => this.#passing.openInvite(chat),
      transfer: (chat) => this.#passing.openTransfer(chat),
      end: (chat) => this.#ending.open(chat),
      take_over: (chat, button) => this.#takeOver(chat, button),
      leave: (chat, button) => this.#leave(chat, button),
      canned: () => this.#cannedDialog.open(this.#canWrite),
      search: () => this.#search.open(),
      alerts: () => this.#alerts.open(),
      shortcuts: () => openShortcuts(),
      logout: () => this.#logout(onLogout),
    };
    byId('desk').addEventListener('click', ({ target }) => {
      const button = /** @type {HTMLElement} */ (target).closest('button[data-action]');
      deeds[button?.dataset.action]?.(this.#chats.current, button);
    }, { signal });
    prepareShortcuts({
      answer: (answer) => this.#offers.answerFirst(answer),
      step: (step) => this.#chats.step(step),
      unread: () => this.#chats.step(1, (chat) => chat.unread > 0),
      note: () => this.#canWrite && this.#composer.toggleNote(),
      write: () => this.#pane.focus(),
      ready: () => this.#presence.toggle(),
      chat: (action) => this.#press(action),
      customer: () => this.#toCustomer(),
      canned: () => deeds.canned(),
      search: () => deeds.search(),
    }, signal);
  }

  /** @returns {import('./chat.js').House} */
  #house(happening) {
    return {
      happening,
      isLooking: (chat) => chat === this.#chats.current && byId('chat').checkVisibility(),
      onChange: () => this.#changed(),
      onArrived: (chat, event) => this.#alerts.message(chat.id, nameOf(chat, event.participant), event.text),
      onSeen: (chat) => this.#alerts.seen(chat.id),
      onEdit: (chat, text, visibility) => {
        this.#chats.open(chat.id);
        this.#composer.edit(text, visibility);
      },
    };
  }

  #viewed() {
    this.#chats.sync(this.#desk.view.chats);
    this.#presence.show();
    this.#offers.show();
    this.#lists.show();
    this.#passing.show();
    this.#show();
  }

  /** Many changes of one turn are shown once. */
  #changed() {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (!this.#life.signal.aborted) this.#show();
    });
  }

  #show() {
    this.#chats.show();
    this.#pane.show();
    this.#customer.show(this.#chats.current);
    this.#contact.open(this.#chats.current);
    this.#alerts.want(this.#desk.view?.offers ?? [], this.#chats.unread);
  }

  /** @param {Chat|null} chat @param {boolean} byHand */
  #opened(chat, byHand) {
    const isSame = chat !== null && chat.id === this.#openSession;
    this.#openSession = chat?.id ?? null;
    if (chat && byHand) this.#toPane('chat');
    else if (!isSame) this.#toPane('list');
    this.#pane.open(chat, byHand);
    this.#changed();
  }

  #pick(session) {
    this.#chats.open(session);
  }

  /** What is in front where there is no room for all: the lists, the conversation, or the customer. */
  #toPane(pane) {
    document.body.dataset.pane = pane;
    byId('chat-menu').querySelector('[data-action="customer"]').ariaExpanded = `${pane === 'customer'}`;
  }

  #toCustomer() {
    if (this.#chats.current === null) return;
    const isThere = document.body.dataset.pane === 'customer';
    this.#toPane(isThere ? 'chat' : 'customer');
    if (isThere) this.#pane.focus();
    else byId('customer-title').focus();
  }

  async #takeOver(chat, button) {
    if (!await this.#lists.confirmTakeOver(chat.id)) return;
    await act(this.#desk, { do: 'take_over', session: chat.id }, button);
  }

  async #leave(chat, button) {
    this.#chats.give(chat.id);
    const { done } = await act(this.#desk, { do: 'leave', session: chat.id }, button);
    if (!done) this.#chats.keepIt(chat.id);
  }

  #uninvite(agent, button) {
    if (this.#chats.current) this.#passing.uninvite(this.#chats.current, agent, button);
  }

  /** Whoever goes is told what he leaves behind. */
  async #logout(onLogout) {
    const open = this.#chats.all.filter((chat) => !chat.isEnded && !chat.isHidden);
    const chats = open.length === 1 ? `The chat with ${open[0].view.customer}` : `Your ${open.length} chats`;
    const text = `${chats} will be offered to others after a while.`;
    if (open.length === 0 || await confirmed({ title: 'Log out?', text, yes: 'Log out' })) onLogout();
  }

  /** A shortcut presses the button, so that it can no more than the button can. */
  #press(action) {
    const chat = this.#chats.current;
    const button = byId('chat-menu').querySelector(`[data-action="${action}"]`);
    if (chat?.isEnded && action === 'end') this.#ending.focus();
    else if (chat !== null && !button.hidden) button.click();
  }

  #insert(text) {
    if (this.#canWrite) this.#composer.insert(text);
    return this.#canWrite;
  }

  get #canWrite() {
    return this.#chats.current !== null && !this.#chats.current.isEnded;
  }

  /** @param {number} agent an account */
  #agentName(agent) {
    const { me, agents } = this.#desk.view;
    const known = agent === me.agent ? me : agents.find((each) => each.agent === agent);
    return known?.display ?? `Agent ${agent}`;
  }
}

/** @param {Chat} chat @param {number} participant */
function nameOf(chat, participant) {
  return chat.session.participants.find((each) => each.participant === participant)?.name ?? chat.view.customer;
}
