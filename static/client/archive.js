/**
 * What is looked up in what is over, with a login's token: contacts, transcripts, full text. The service decides who may
 * see and do what; everything may be asked again.
 */

import { request, whole } from './rest.js';

/** @typedef {{kind: 'customer'|'email'|'phone', value: string}} Identity by what a customer is known again */

/**
 * @typedef {object} Contact one person, however often he comes
 * @property {number} contact his number
 * @property {string} name what he calls himself, or was named
 * @property {Identity[]} identities by what he is known
 * @property {Record<string, string>} attributes the integrator's data of him
 * @property {number} since_ms when he came first
 * @property {number} chats how many he has had
 * @property {number[]} [similar] others who may be the same person
 * @property {boolean} [erasing] whether he is being erased
 */

/**
 * @typedef {object} Amendment how a contact is to be; what is absent stays
 * @property {string} [name]
 * @property {Record<string, string|null>} [attributes] null removes one
 * @property {Identity[]} [identities] all of them
 */

/**
 * @typedef {object} PastChat a chat as a list shows it
 * @property {string} session
 * @property {number} opened_at_ms when it began
 * @property {number} [closed_at_ms] when it ended; absent while it goes on
 * @property {string} [subject] what it was about
 * @property {string} customer as he called himself there
 * @property {number} [contact] his contact
 * @property {number[]} [agents] the accounts that took it, in order
 * @property {string} [disposition] what came of it
 * @property {boolean} [erased] whether what was said in it is erased
 */

/**
 * @typedef {object} Hit a message that was found
 * @property {PastChat} chat
 * @property {number} seq the message
 * @property {number} at_ms when it was said
 * @property {string} name who said it
 * @property {string} excerpt a part of its text
 * @property {[number, number][]} marks where the words stand in the excerpt
 */

/**
 * @typedef {object} WholeTranscript
 * @property {PastChat} chat
 * @property {number} head its last event for this reader
 * @property {Record<string, string>} names of its participants, by number
 * @property {import('./protocol.js').SessionEvent[]} events in order
 */

export class Archive {
  #token;
  #options;

  /** @param {string} token of a login @param {import('./rest.js').Options} [options] */
  constructor(token, options = {}) {
    this.#token = token;
    this.#options = options;
  }

  /** The contact of a session; null for a stranger's. @param {string} session @returns {Promise<Contact|null>} */
  contactOf(session) {
    return this.#ask('GET', `/sessions/${session}/contact`);
  }

  /** @param {number} contact @returns {Promise<Contact>} one that was merged into another answers as that */
  contact(contact) {
    return this.#ask('GET', `/contacts/${contact}`);
  }

  /** @param {number} contact @param {Amendment} change @returns {Promise<Contact>} as it is then */
  amend(contact, change) {
    return this.#ask('PATCH', `/contacts/${contact}`, change);
  }

  /** @param {number} into who stays @param {number} from who becomes a part of him @returns {Promise<Contact>} */
  merge(into, from) {
    return this.#ask('POST', `/contacts/${into}/merge`, { from });
  }

  /** @param {number} contact @returns {Promise<{chats: number, erased: number}>} how far it is */
  erase(contact) {
    return this.#ask('DELETE', `/contacts/${contact}`);
  }

  /**
   * A contact's chats, the newest first.
   * @param {number} contact
   * @param {{before?: number, limit?: number}} [part] those that began before this moment
   * @returns {Promise<PastChat[]>}
   */
  async chats(contact, part = {}) {
    const { chats } = await this.#ask('GET', `/contacts/${contact}/chats${query(part)}`);
    return chats;
  }

  /**
   * @param {{q: string, contact?: number, from?: number, until?: number, after?: string, limit?: number}} wanted
   * @returns {Promise<{hits: Hit[], next?: string}>}
   */
  search(wanted) {
    return this.#ask('GET', `/transcripts${query(wanted)}`);
  }

  /** @param {string} session @returns {Promise<WholeTranscript>} */
  transcript(session) {
    return this.#ask('GET', `/transcripts/${session}?format=json`);
  }

  /** The same to be kept as a file. @param {string} session @param {'html'|'text'} format @returns {Promise<Blob>} */
  transcriptFile(session, format) {
    const options = { ...this.#options, read: whole };
    return request('GET', `/transcripts/${session}?format=${format}`, this.#token, undefined, options);
  }

  #ask(method, path, body) {
    return request(method, path, this.#token, body, this.#options);
  }
}

/** @param {Record<string, string|number|undefined>} parts */
function query(parts) {
  const given = Object.entries(parts).filter(([, value]) => value !== undefined).map(([key, value]) => [key, `${value}`]);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
