/**
 * The chats that are offered: cards above everything else, with the time that is left, to accept or decline. They
 * never take the focus, so that nobody answers by what he types; Alt+Enter and Alt+Shift+Enter answer from anywhere.
 */

import { byId, element, name, put, within } from '../shared/dom.js';
import { act } from './act.js';
import { serviceNow, showAge } from './ages.js';
import { keep } from '../shared/keyed.js';
import { offerWords } from './words.js';

/** @typedef {import('../client/desk-protocol.js').Offer} Offer */

/** How often the time that is left is drawn. */
const TICK_MS = 250;

export class Offers {
  #desk;
  #onAccepted;

  /** When each offer was first seen here, for the part of its time that is left. @type {Map<string, number>} */
  #firstSeen = new Map();

  /**
   * @param {import('../client/desk.js').Desk} desk
   * @param {(session: string) => void} onAccepted
   * @param {AbortSignal} signal ends it
   */
  constructor(desk, onAccepted, signal) {
    this.#desk = desk;
    this.#onAccepted = onAccepted;
    byId('offer-list').addEventListener('click', ({ target }) => {
      const button = /** @type {HTMLElement} */ (target).closest('button[data-action]');
      const card = button?.closest('.offer');
      const offer = this.#offers.find(({ session }) => session === card?.dataset.session);
      if (offer) this.#answer(offer, button.dataset.action);
    }, { signal });
    const tick = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener('abort', () => {
      clearInterval(tick);
      byId('offer-list').replaceChildren();
      byId('offers').hidden = true;
    });
  }

  /** Answers the offer that goes first. @param {'accept'|'decline'} answer */
  answerFirst(answer) {
    const first = [...this.#offers].sort((a, b) => a.expires_at_ms - b.expires_at_ms)[0];
    if (first) this.#answer(first, answer);
  }

  show() {
    const offers = this.#offers;
    byId('offers').hidden = offers.length === 0;
    keep(byId('offer-list'), offers, { key: ({ session, seq }) => `${session} ${seq}`, make: card, update });
    const keys = new Set(offers.map(({ session }) => session));
    for (const session of this.#firstSeen.keys()) if (!keys.has(session)) this.#firstSeen.delete(session);
    this.#tick();
  }

  /** @returns {Offer[]} */
  get #offers() {
    return this.#desk.view?.offers ?? [];
  }

  async #answer({ session, seq }, answer) {
    const shown = byId('offer-list').querySelector(`[data-session="${session}"]`);
    const button = shown && within(shown, `[data-action="${answer}"]`);
    const { done } = await act(this.#desk, { do: answer, session, seq }, button);
    if (done && answer === 'accept') this.#onAccepted(session);
  }

  #tick() {
    for (const { session, expires_at_ms } of this.#offers) {
      const shown = byId('offer-list').querySelector(`[data-session="${session}"]`);
      if (!shown) continue;
      const now = serviceNow();
      if (!this.#firstSeen.has(session)) this.#firstSeen.set(session, now);
      const left_ms = Math.max(0, expires_at_ms - now);
      const whole_ms = Math.max(1, expires_at_ms - this.#firstSeen.get(session));
      put(within(shown, '.offer-left'), left_ms === 0 ? 'going on…' : `${Math.ceil(left_ms / 1000)} s left`);
      within(shown, '.offer-time').style.setProperty('--left', `${(left_ms / whole_ms).toFixed(3)}`);
      shown.classList.toggle('urgent', left_ms < 6000);
    }
  }
}

/** @param {Offer} offer */
function card(offer) {
  const answer = (action, label, keys) =>
    element('button', { type: 'button', class: action, 'data-action': action, 'aria-keyshortcuts': keys }, label);
  const [age, left] = [element('time', { class: 'age' }), element('span', { class: 'offer-left' })];
  return element(
    'li',
    { class: 'offer', 'data-session': offer.session },
    element('div', { class: 'offer-time' }),
    element('p', { class: 'offer-why' }),
    element('p', { class: 'offer-who' }, name('')),
    element('p', { class: 'offer-subject' }, name('')),
    element('p', { class: 'offer-wait' }, 'Waits ', age, left),
    element(
      'div',
      { class: 'offer-answers' },
      answer('accept', 'Accept', 'Alt+Enter'),
      answer('decline', 'Decline', 'Alt+Shift+Enter'),
    ),
  );
}

/** @param {HTMLElement} shown @param {Offer} offer */
function update(shown, offer) {
  put(within(shown, '.offer-why'), offerWords(offer));
  put(within(shown, '.offer-who bdi'), offer.customer);
  put(within(shown, '.offer-subject bdi'), offer.subject ?? '');
  within(shown, '.offer-subject').hidden = !offer.subject;
  showAge(within(shown, '.age'), offer.waiting_since_ms);
  const about = offer.subject ? `${offer.customer}, ${offer.subject}` : offer.customer;
  for (const button of shown.querySelectorAll('button')) button.ariaLabel = `${button.textContent}: ${about}`;
}
