/**
 * The lists beside one's own chats: the queues and who waits in them, to take one of one's own accord; and for
 * supervisors all chats that somebody is in, to watch or to take over.
 */

import { byId, element, name, put, within } from '../shared/dom.js';
import { act } from './act.js';
import { showAge } from './ages.js';
import { confirmed } from './dialogs.js';
import { keep } from '../shared/keyed.js';
import { queueWords } from './words.js';

/** @typedef {import('../client/desk-protocol.js').LiveView} LiveView */
/** @typedef {import('../client/desk-protocol.js').QueueView} QueueView */
/** @typedef {import('../client/desk-protocol.js').WaitingView} WaitingView */

export class Lists {
  #desk;
  #onTaken;

  /**
   * @param {import('../client/desk.js').Desk} desk
   * @param {(session: string) => void} onTaken the agent is in this session now, or was already
   * @param {AbortSignal} signal ends it
   */
  constructor(desk, onTaken, signal) {
    this.#desk = desk;
    this.#onTaken = onTaken;
    for (const list of ['waiting-list', 'live-list']) {
      byId(list).addEventListener('click', ({ target }) => {
        const button = /** @type {HTMLElement} */ (target).closest('button[data-action]');
        if (button) this.#do(button.dataset.action, button.closest('.item').dataset.session, button);
      }, { signal });
    }
  }

  show() {
    const { waiting, queues, live = [], me } = this.#desk.view;
    const count = Math.max(waiting.length, queues.reduce((sum, queue) => sum + queue.waiting, 0));
    put(byId('count-waiting'), count === 0 ? '' : `${count}`);
    keepQueues(byId('queue-list'), queues);
    keepQueues(byId('idle-queues'), queues);
    keep(byId('waiting-list'), waiting, { key: ({ session }) => session, make: waitingItem, update: updateWaiting });
    const more = count - waiting.length; // The list itself is bounded.
    put(byId('waiting-empty'), more > 0 ? `… and ${more} more` : 'Nobody is waiting.');
    byId('waiting-empty').hidden = waiting.length > 0 && more === 0;
    const supervises = me.role === 'supervisor' || me.role === 'administrator';
    byId('tab-live').hidden = !supervises;
    put(byId('count-live'), live.length === 0 ? '' : `${live.length}`);
    const update = (shown, each) => updateLive(shown, each, this.#isMine(each.session));
    keep(byId('live-list'), live, { key: ({ session }) => session, make: liveItem, update });
    byId('live-empty').hidden = live.length > 0;
  }

  #isMine(session) {
    return this.#desk.view.chats.some((chat) => chat.session === session);
  }

  async #do(what, session, button) {
    if (what === 'open') return this.#onTaken(session);
    const action = what === 'take' ? this.#take(session) : { do: what, session };
    if (!action || (what === 'take_over' && !await this.confirmTakeOver(session))) return undefined;
    const { done } = await act(this.#desk, action, button);
    return done && this.#onTaken(session);
  }

  #take(session) {
    const waits = this.#desk.view.waiting.find((each) => each.session === session);
    return waits && { do: 'accept', session, seq: waits.seq };
  }

  /** Taking a chat away from somebody is asked twice. @param {string} session */
  confirmTakeOver(session) {
    const chat = this.#desk.view.live?.find((each) => each.session === session);
    const agents = chat?.agents ?? [];
    const whose = agents.length > 1 ? `${agents.join(' and ')} leave` : `${agents[0] ?? 'Whoever is in it'} leaves`;
    return confirmed({
      title: 'Take this chat over?',
      text: `${whose} it, and you go on with ${chat?.customer ?? 'the customer'}.`,
      yes: 'Take over',
    });
  }
}

/** @param {HTMLElement} list @param {QueueView[]} queues */
function keepQueues(list, queues) {
  keep(list, queues, {
    key: ({ queue }) => queue,
    make: () => element(
      'li',
      { class: 'queue-row' },
      element('p', { class: 'queue-name' }, name('')),
      element('p', { class: 'queue-facts' }),
      element('p', { class: 'queue-longest' }, 'longest ', element('time', { class: 'age' })),
    ),
    update: (shown, queue) => {
      shown.dataset.queue = queue.queue;
      shown.dataset.open = `${queue.open}`;
      put(within(shown, 'bdi'), queue.queue);
      put(within(shown, '.queue-facts'), queueWords(queue));
      within(shown, '.queue-longest').hidden = queue.longest_since_ms === undefined;
      showAge(within(shown, '.age'), queue.longest_since_ms);
    },
  });
}

/** The frame that both lists' items have: who and what about, facts, what can be done. */
function item(kind, session, ...buttons) {
  return element(
    'li',
    { class: `item ${kind}`, 'data-session': session },
    element('p', { class: 'item-who' }, name(''), element('time', { class: 'age' })),
    element('p', { class: 'item-subject' }, name('')),
    element('p', { class: 'item-facts' }),
    element('div', { class: 'item-actions' }, ...buttons),
  );
}

function updateItem(shown, { customer, subject }, since_ms, facts) {
  put(within(shown, '.item-who bdi'), customer);
  showAge(within(shown, '.age'), since_ms);
  put(within(shown, '.item-subject bdi'), subject ?? '');
  within(shown, '.item-subject').hidden = !subject;
  put(within(shown, '.item-facts'), facts);
  for (const button of shown.querySelectorAll('button')) button.ariaLabel = `${button.textContent}: ${customer}`;
}

const action = (what, label) => element('button', { type: 'button', class: 'quiet small', 'data-action': what }, label);

/** @param {WaitingView} waits */
const waitingItem = (waits) => item('waiting-item', waits.session, action('take', 'Take'));

/** @param {HTMLElement} shown @param {WaitingView} waits */
function updateWaiting(shown, waits) {
  const facts = waits.offered_to ? `${waits.queue} · offered to ${waits.offered_to}` : waits.queue;
  updateItem(shown, waits, waits.since_ms, facts);
  within(shown, '[data-action="take"]').hidden = !waits.may_take;
}

/** @param {LiveView} live */
const liveItem = (live) =>
  item('live-item', live.session, action('watch', 'Watch'), action('take_over', 'Take over'), action('open', 'Open'));

/** @param {HTMLElement} shown @param {LiveView} live @param {boolean} isMine */
function updateLive(shown, live, isMine) {
  const agents = live.agents.length > 0 ? `With ${live.agents.join(', ')}` : 'Nobody is in it';
  updateItem(shown, live, live.opened_at_ms, live.queue ? `${agents} · ${live.queue}` : agents);
  within(shown, '[data-action="watch"]').hidden = isMine;
  within(shown, '[data-action="take_over"]').hidden = isMine;
  within(shown, '[data-action="open"]').hidden = !isMine;
}
