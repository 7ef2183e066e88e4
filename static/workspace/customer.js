/**
 * What is known of the customer, beside the conversation: who he is, where he came from, the opener's data, who else is
 * in the chat, and his earlier chats.
 */

import { byId, element, name, put, within } from '../shared/dom.js';
import { Earlier } from './earlier.js';
import { showAge } from './ages.js';
import { keep } from '../shared/keyed.js';
import { moment, wait } from './words.js';

/** Properties that steer the service and tell an agent nothing. */
const INNER = new Set(['echo']);

export class Customer {
  #earlier;

  /**
   * @param {import('../client/desk.js').Desk} desk
   * @param {import('../shared/conversation.js').Happening} happening
   * @param {(agent: number, button: HTMLElement) => void} onUninvite
   * @param {AbortSignal} signal ends it
   */
  constructor(desk, happening, onUninvite, signal) {
    this.#earlier = new Earlier(desk, happening, signal);
    byId('people').addEventListener('click', ({ target }) => {
      const button = /** @type {HTMLElement} */ (target).closest('[data-action="uninvite"]');
      if (button) onUninvite(Number(button.dataset.agent), button);
    }, { signal });
  }

  /** @param {import('./chat.js').Chat|null} chat */
  show(chat) {
    byId('customer').hidden = chat === null;
    this.#earlier.open(chat?.id ?? null);
    if (chat === null) return;
    put(byId('customer-name'), chat.view.customer);
    showFacts('customer-facts', aboutChat(chat));
    const properties = Object.entries(chat.view.properties ?? {}).filter(([key]) => !INNER.has(key));
    byId('properties-section').hidden = properties.length === 0;
    showFacts('customer-properties', properties.map(([key, value]) => ({ key, value })));
    this.#people(chat);
  }

  #people({ view }) {
    const others = view.others ?? [];
    byId('people-section').hidden = others.length === 0;
    keep(byId('people'), others, {
      key: ({ agent }) => `${agent}`,
      make: ({ agent }) => {
        const about = { 'data-action': 'uninvite', 'data-agent': `${agent}` };
        const button = element('button', { type: 'button', class: 'quiet small', ...about }, 'Ask no more');
        return element('li', {}, name(''), element('span', { class: 'people-state' }), button);
      },
      update: (shown, { display, invited = false }) => {
        put(within(shown, 'bdi'), display);
        put(within(shown, '.people-state'), invited ? 'is asked to come' : '');
        within(shown, 'button').hidden = !invited;
        within(shown, 'button').ariaLabel = `Ask no more: ${display}`;
      },
    });
  }
}

/** @typedef {{key: string, value?: string, since_ms?: number}} Fact a value, or since when it has been so */

/** @param {import('./chat.js').Chat} chat @returns {Fact[]} */
function aboutChat({ view, session, waitingSince, waited_ms, isEnded }) {
  const isThere = session.participants.some(({ kind, joined }) => kind === 'CLIENT' && joined);
  /** @type {Fact[]} */
  const facts = [{ key: 'Customer', value: isEnded || !isThere ? 'Has left' : 'In the chat' }];
  if (waitingSince !== null) facts.push({ key: 'Waits for an answer', since_ms: waitingSince });
  if (waited_ms !== null) facts.push({ key: 'Waited in the queue', value: wait(waited_ms) });
  if (view.queue) facts.push({ key: 'Queue', value: view.queue });
  facts.push({ key: 'Chat began', value: moment(view.opened_at_ms) });
  if (view.subject) facts.push({ key: 'Subject', value: view.subject });
  return facts;
}

/** @param {string} id @param {Fact[]} facts */
function showFacts(id, facts) {
  keep(byId(id), facts, {
    key: ({ key }) => key,
    make: ({ key }) => element('div', {}, element('dt', {}, name(key)), element('dd', { dir: 'auto' })),
    update: (shown, { value, since_ms }) => {
      const place = within(shown, 'dd');
      if (since_ms === undefined) put(place, value);
      else showAge(place, since_ms);
    },
  });
}
