/**
 * How an agent is reached who looks elsewhere: the bell, the tab's title and icon, desktop notifications, the words of
 * a screen reader; the dialog in which they are chosen and tried, and the hints that say what the browser keeps from
 * him. An offer calls until it is answered.
 */

import { announce } from '../shared/announcer.js';
import { byId, element, put } from '../shared/dom.js';
import { ofSite } from '../shared/kept.js';
import { showAttention } from './attention.js';
import { Notifications } from './notifications.js';
import { Ring } from './ring.js';
import { offerAlert, offerWords } from './words.js';

const SOUND_KEY = 'tandem.workspace.sound';
const MESSAGE_SOUND_KEY = 'tandem.workspace.message-sound';
const LATER_KEY = 'tandem.workspace.notifications-later';

/** How long a test shows its count and notification. */
const TEST_MS = 4_000;

const offerTag = (session) => `tandem-offer-${session}`;
const messageTag = (session) => `tandem-message-${session}`;

const SOUND = Object.freeze({
  on: 'An offer rings until it is answered.',
  off: 'Switched off: offers make no sound.',
  blocked: 'The browser blocks it until you click or press a key.',
  missing: 'This browser cannot make sounds.',
});

const NOTIFY = Object.freeze({
  granted: 'Allowed.',
  default: 'Not allowed yet.',
  denied: 'Blocked. Allow notifications for this site in the browser’s settings.',
  missing: 'This browser shows none for this address; https is needed.',
});

export class Alerts {
  #ring;
  #notifications;

  /** @type {{offers: import('../client/desk-protocol.js').Offer[], unread: number}} */
  #wanted = { offers: [], unread: 0 };

  /** The offers that were called out, by session and event. @type {Set<string>} */
  #called = new Set();

  /** A test that shows a count of its own. */
  #isTest = false;

  /** @param {(session: string) => void} onPick a notification was clicked @param {AbortSignal} signal ends it */
  constructor(onPick, signal) {
    this.#ring = new Ring(signal);
    this.#notifications = new Notifications(onPick, signal);
    this.#prepare(signal);
    this.#ring.addEventListener('state', () => this.#show());
    globalThis.addEventListener('storage', () => this.#choose(), { signal });
    signal.addEventListener('abort', () => showAttention({ offers: [], unread: 0 }));
    this.#choose();
  }

  /**
   * What waits for the agent at the moment.
   * @param {import('../client/desk-protocol.js').Offer[]} offers
   * @param {number} unread
   */
  want(offers, unread) {
    this.#wanted = { offers, unread };
    this.#ring.want(offers.length > 0);
    if (!this.#isTest) showAttention(this.#wanted);
    this.#call(offers);
  }

  /** A customer said something. @param {string} session @param {string} customer @param {string} text */
  message(session, customer, text) {
    if (document.visibilityState === 'visible' && document.hasFocus()) return;
    if (this.#messageSound) this.#ring.strike();
    this.#notifications.show(messageTag(session), session, { title: customer, body: text });
  }

  /** The agent has seen what was said. @param {string} session */
  seen(session) {
    this.#notifications.close(messageTag(session));
  }

  open() {
    this.#show();
    /** @type {HTMLDialogElement} */ (byId('alerts-dialog')).showModal();
  }

  /** Calls each offer out once, and takes the call back once it is answered. */
  #call(offers) {
    const keys = new Set(offers.map(({ session, seq }) => `${session} ${seq}`));
    for (const key of this.#called) {
      if (keys.has(key)) continue;
      this.#called.delete(key);
      this.#notifications.close(offerTag(key.split(' ')[0]));
    }
    for (const offer of offers) {
      const key = `${offer.session} ${offer.seq}`;
      if (this.#called.has(key)) continue;
      this.#called.add(key);
      put(byId('alarm'), offerAlert(offer));
      const what = { title: `${offerWords(offer)}: ${offer.customer}`, body: offer.subject ?? '', stays: true };
      this.#notifications.show(offerTag(offer.session), offer.session, what);
    }
    if (offers.length === 0) put(byId('alarm'), '');
  }

  get #messageSound() {
    return ofSite.get(MESSAGE_SOUND_KEY) ?? true;
  }

  #prepare(signal) {
    const onChange = (id, key) => byId(id).addEventListener('change', ({ target }) => {
      ofSite.set(key, /** @type {HTMLInputElement} */ (target).checked);
      this.#choose();
    }, { signal });
    onChange('sound-switch', SOUND_KEY);
    onChange('message-sound-switch', MESSAGE_SOUND_KEY);
    byId('alerts-test').addEventListener('click', () => this.#test(), { signal });
    byId('notification-allow').addEventListener('click', () => this.#allow(), { signal });
  }

  #choose() {
    this.#ring.isOn = ofSite.get(SOUND_KEY) ?? true;
    this.#show();
  }

  async #allow() {
    await this.#notifications.ask();
    this.#show();
  }

  /** As an offer would, for a moment. */
  #test() {
    this.#ring.test();
    const what = { title: 'Test: a chat is offered', body: 'This is how an offer is shown.' };
    this.#notifications.show('tandem-test', '', what);
    this.#isTest = true;
    showAttention({ offers: [{ customer: 'Test' }], unread: 0 });
    announce('Test: an offer rings, counts in the title and is shown on your desktop.');
    setTimeout(() => {
      this.#isTest = false;
      this.#notifications.close('tandem-test');
      showAttention(this.#wanted);
    }, TEST_MS);
  }

  #show() {
    const [sound, notify] = [this.#ring.state, this.#notifications.state];
    /** @type {HTMLInputElement} */ (byId('sound-switch')).checked = sound !== 'off' && sound !== 'missing';
    /** @type {HTMLInputElement} */ (byId('sound-switch')).disabled = sound === 'missing';
    /** @type {HTMLInputElement} */ (byId('message-sound-switch')).checked = this.#messageSound;
    put(byId('sound-state'), SOUND[sound]);
    put(byId('notification-state'), NOTIFY[notify]);
    byId('notification-allow').hidden = notify !== 'default';
    const isReached = sound === 'on';
    byId('alerts-button').dataset.reached = `${isReached}`;
    byId('alerts-button').querySelector('use').setAttribute('href', isReached ? '#icon-bell' : '#icon-bell-off');
    put(byId('alerts-state'), `Sound and notifications. ${SOUND[sound]}`);
    this.#hint(sound, notify);
  }

  /** What the browser keeps from the agent stands where he looks, until it is mended or put off. */
  #hint(sound, notify) {
    const hints = [];
    if (sound === 'blocked') hints.push(hint('sound', `Sound is blocked. ${SOUND.blocked}`, 'Let it sound', () => {}));
    if (sound === 'missing') hints.push(hint('sound', SOUND.missing));
    if (notify === 'default' && ofSite.get(LATER_KEY) !== true) {
      const later = () => {
        ofSite.set(LATER_KEY, true);
        this.#show();
      };
      hints.push(hint('notifications', 'Show offers on your desktop, too?', 'Allow', () => this.#allow(), later));
    }
    if (notify === 'denied') hints.push(hint('notifications', `Notifications: ${NOTIFY.denied}`));
    byId('hints').replaceChildren(...hints);
  }
}

/**
 * @param {string} about
 * @param {string} text
 * @param {string} [label] what can be done about it
 * @param {() => void} [run] does it
 * @param {() => void} [later] puts it off
 */
function hint(about, text, label, run, later) {
  const made = element('div', { class: 'hint', 'data-hint': about }, element('p', {}, text));
  const offer = (words, then) => {
    const button = element('button', { type: 'button', class: 'quiet small' }, words);
    button.addEventListener('click', then);
    made.append(button);
  };
  if (label) offer(label, run);
  if (later) offer('Not now', later);
  return made;
}
