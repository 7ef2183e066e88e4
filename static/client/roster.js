/**
 * Who is in the session and who types at the moment. Pure but for the timer that ends a forgotten "types".
 */

/** @typedef {import('./protocol.js').Participant} Participant */

/** "Types" ends by itself after this: the frame that ends it may be lost. Twice the sender's repeat. */
export const TYPING_SHOWN_MS = 6_000;

export class Roster {
  /** @type {Map<number, Participant>} */
  #participants = new Map();

  /** @type {Map<number, () => void>} who types, and what cancels the timer that ends it */
  #typing = new Map();
  #after;
  #onTyping;

  /**
   * @param {import('./surroundings.js').Surroundings['after']} after
   * @param {() => void} onTyping somebody began or stopped to type
   */
  constructor(after, onTyping) {
    this.#after = after;
    this.#onTyping = onTyping;
  }

  /** Everyone who ever joined, in order of joining. */
  get participants() {
    return [...this.#participants.values()];
  }

  /** Those who type. @returns {Participant[]} */
  get typing() {
    return [...this.#typing.keys()].map((number) => this.get(number)).filter(Boolean);
  }

  /** @param {number} participant @returns {Participant|undefined} */
  get(participant) {
    return this.#participants.get(participant);
  }

  /** Takes the whole state. @param {Participant[]} participants */
  replace(participants) {
    this.#participants = new Map(participants.map((each) => [each.participant, each]));
  }

  /**
   * Takes one event.
   * @param {import('./protocol.js').SessionEvent} event
   * @returns {boolean} whether who is in the session changed
   */
  apply({ type, participant, kind, name, visibility, agent }) {
    if (type === 'message' || type === 'left') this.type(participant, false);
    // He joins again, under the same number, when he becomes visible to more or comes back.
    const joined = { participant, kind, name, joined: true, visibility, agent };
    if (type === 'joined') this.#participants.set(participant, joined);
    const leaver = this.get(participant);
    if (type === 'left' && leaver) this.#participants.set(participant, { ...leaver, joined: false });
    return type === 'joined' || type === 'left';
  }

  /** @param {number} participant @param {boolean} on */
  type(participant, on) {
    this.#typing.get(participant)?.();
    const changed = on ? !this.#typing.has(participant) : this.#typing.delete(participant);
    if (on) this.#typing.set(participant, this.#after(TYPING_SHOWN_MS, () => this.type(participant, false)));
    if (changed) this.#onTyping();
  }

  /** Nobody is known to type: the connection over which it would end is gone. */
  stillness() {
    for (const { participant } of this.typing) this.type(participant, false);
  }
}
