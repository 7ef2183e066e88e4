/**
 * Who the customer of the open chat is, as far as he is known: the contact with all its chats, what is kept of it, and
 * who may be the same person. What was asked for one chat is never shown beside another.
 */

import { byId, element, name, put, within } from '../shared/dom.js';
import { pressed } from './act.js';
import { ContactEdit } from './contact-edit.js';
import { IDENTITIES, chats, contactName, contactWords, eraseQuestion, erasureWords, mergeQuestion } from './contact-words.js';
import { confirmed } from './dialogs.js';
import { keep } from '../shared/keyed.js';
import { toast } from './toasts.js';
import { refusal } from './words.js';

/** @typedef {import('../client/archive.js').Contact} Contact */

/** Properties of a session by which its customer is known. */
const KNOWN_BY = Object.freeze(['customer', 'email', 'phone']);

/** A session that has just begun becomes known a moment later: so often it is asked again, after so long each. */
const AGAIN_MAX = 5;
const AGAIN_MS = 1_500;

const STRANGER = 'This customer has named nothing by which to know him again.';

/** Others who are shown (B-1). */
const SIMILAR_MAX = 5;

export class ContactPanel {
  #archive;
  #onChats;
  #edit;
  #isAdministrator;

  /** @type {string|null} the chat beside which it is shown */
  #session = null;

  /** @type {Contact|null} */
  #contact = null;

  /** @type {Contact[]} */
  #similar = [];

  /** Ends what was asked for the chat before. */
  #asking = new AbortController();

  /**
   * @param {import('../client/archive.js').Archive} archive
   * @param {string} role of the login
   * @param {(contact: Contact) => void} onChats all chats of the contact are wanted
   * @param {AbortSignal} signal ends it
   */
  constructor(archive, role, onChats, signal) {
    this.#archive = archive;
    this.#onChats = onChats;
    this.#isAdministrator = role === 'administrator';
    const supervises = role === 'supervisor' || role === 'administrator';
    this.#edit = new ContactEdit(archive, supervises, signal);
    const deeds = {
      'contact-edit': () => {
        const { signal: asking } = this.#asking;
        this.#edit.open(this.#contact, (contact) => this.#changed(contact, asking));
      },
      'contact-chats': () => this.#onChats(this.#contact),
      'contact-erase': (button) => this.#erase(button),
      'contact-merge': (button) => this.#merge(Number(button.dataset.contact), button),
    };
    byId('contact-section').addEventListener('click', ({ target }) => {
      const button = /** @type {HTMLElement} */ (target).closest('button[data-deed]');
      if (button && this.#contact) deeds[button.dataset.deed](button);
    }, { signal });
    signal.addEventListener('abort', () => this.#asking.abort());
  }

  /** @param {import('./chat.js').Chat|null} chat the open one */
  open(chat) {
    if ((chat?.id ?? null) === this.#session) return;
    this.#session = chat?.id ?? null;
    this.#asking.abort();
    this.#asking = new AbortController();
    this.#show(null, 'Looking…');
    if (chat === null) return;
    const isNamed = KNOWN_BY.some((key) => chat.view.properties?.[key]);
    this.#ask({ session: chat.id, isNamed, again: AGAIN_MAX }, this.#asking.signal);
  }

  /**
   * @param {{session: string, isNamed: boolean, again: number}} wanted `again`: how often it may become known yet
   * @param {AbortSignal} signal
   */
  async #ask({ session, isNamed, again }, signal) {
    let problem = STRANGER;
    let found = null;
    try {
      found = await this.#archive.contactOf(session);
    } catch (refused) {
      problem = refusal(refused);
    }
    if (signal.aborted) return;
    const mayCome = found === null && (isNamed || problem !== STRANGER);
    if (mayCome && again > 0) {
      const timer = setTimeout(() => this.#ask({ session, isNamed, again: again - 1 }, signal), AGAIN_MS);
      signal.addEventListener('abort', () => clearTimeout(timer));
      return;
    }
    this.#show(found, problem);
    if (found) this.#askSimilar(found, signal);
  }

  /** Those who may be the same person are known by number alone. */
  async #askSimilar(contact, signal) {
    const asked = (contact.similar ?? []).slice(0, SIMILAR_MAX).map((each) => this.#archive.contact(each));
    const found = (await Promise.allSettled(asked)).map(({ value }) => value).filter(Boolean);
    if (signal.aborted || this.#contact?.contact !== contact.contact) return;
    // One that was merged meanwhile answers as whom it has become.
    this.#similar = found.filter((each) => each.contact !== contact.contact);
    this.#showSimilar();
  }

  /** @param {Contact} contact as it is now @param {AbortSignal} signal which has ended once another chat is open */
  #changed(contact, signal) {
    if (signal.aborted) return;
    this.#show(contact, '');
    this.#askSimilar(contact, signal);
  }

  async #merge(from, button) {
    const { signal } = this.#asking;
    const [into, other] = [this.#contact, this.#similar.find((each) => each.contact === from)];
    if (!other || !await confirmed(mergeQuestion(into, other))) return;
    const { done, result } = await pressed(() => this.#archive.merge(into.contact, other.contact), button);
    if (!done || signal.aborted) return;
    toast(`${contactName(other)} and ${contactName(result)} are one contact now.`);
    this.#changed(result, signal);
    byId('contact-name').focus();
  }

  async #erase(button) {
    const { signal } = this.#asking;
    const contact = this.#contact;
    if (!await confirmed(eraseQuestion(contact))) return;
    const { done, result } = await pressed(() => this.#archive.erase(contact.contact), button);
    if (!done) return;
    toast(erasureWords(result));
    this.#changed({ ...contact, name: '', identities: [], attributes: {}, similar: [], erasing: true }, signal);
  }

  /** @param {Contact|null} contact @param {string} state what is said where there is none */
  #show(contact, state) {
    this.#contact = contact;
    this.#similar = [];
    put(byId('contact-state'), contact ? '' : state);
    byId('contact-state').hidden = contact !== null;
    byId('contact-body').hidden = contact === null;
    this.#showSimilar();
    if (contact === null) return;
    put(byId('contact-name'), contactName(contact));
    showRows('contact-identities', contact.identities.map(({ kind, value }) => [IDENTITIES[kind] ?? kind, value]));
    showRows('contact-attributes', Object.entries(contact.attributes));
    const isErasing = contact.erasing === true;
    byId('contact-erasing').hidden = !isErasing;
    const shown = {
      'contact-edit': !isErasing,
      'contact-chats': contact.chats > 0,
      'contact-erase': this.#isAdministrator,
    };
    for (const [deed, isShown] of Object.entries(shown)) {
      within(byId('contact-body'), `[data-deed="${deed}"]`).hidden = !isShown;
    }
    put(within(byId('contact-body'), '[data-deed="contact-chats"]'), `All ${chats(contact.chats)}`);
  }

  #showSimilar() {
    byId('similar').hidden = this.#similar.length === 0;
    keep(byId('similar-list'), this.#similar, {
      key: ({ contact }) => `${contact}`,
      make: ({ contact }) => {
        const about = { type: 'button', class: 'quiet small', 'data-deed': 'contact-merge', 'data-contact': `${contact}` };
        return element('li', {}, name(''), element('button', about, 'Merge'));
      },
      update: (shown, contact) => {
        put(within(shown, 'bdi'), `${contactWords(contact)}, ${chats(contact.chats)}`);
        within(shown, 'button').ariaLabel = `Merge: ${contactWords(contact)}`;
      },
    });
  }
}

/** @param {string} id @param {[string, string][]} rows */
function showRows(id, rows) {
  byId(id).hidden = rows.length === 0;
  const made = rows.map(([key, value]) =>
    element('div', {}, element('dt', {}, name(key)), element('dd', { dir: 'auto' }, value)));
  byId(id).replaceChildren(...made);
}
