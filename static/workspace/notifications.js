/**
 * Desktop notifications: for a chat that is offered until it is answered, and for a message while the workspace is
 * not before the agent's eyes. A chat has one at a time, by its tag, also when two tabs show it.
 */

/** @typedef {'granted'|'denied'|'default'|'missing'} NotificationState default: nobody has decided yet */

export class Notifications {
  /** @type {Map<string, Notification>} */
  #shown = new Map();
  #onPick;

  /** @param {(session: string) => void} onPick somebody clicked one @param {AbortSignal} signal ends it */
  constructor(onPick, signal) {
    this.#onPick = onPick;
    signal.addEventListener('abort', () => {
      for (const tag of [...this.#shown.keys()]) this.close(tag);
    });
  }

  /** @returns {NotificationState} */
  get state() {
    // Only a secure page may notify; elsewhere the browser has nothing to ask.
    return typeof Notification === 'function' && isSecureContext ? Notification.permission : 'missing';
  }

  /** Asks the agent; to be called from a click. */
  async ask() {
    if (this.state === 'default') await Notification.requestPermission();
  }

  /**
   * @param {string} tag of two with the same tag the later one replaces the earlier
   * @param {string} session
   * @param {{title: string, body: string, stays?: boolean}} what
   */
  show(tag, session, { title, body, stays = false }) {
    if (this.state !== 'granted') return;
    this.close(tag);
    try {
      const shown = new Notification(title, { body, tag, requireInteraction: stays });
      shown.onclick = () => {
        globalThis.focus();
        shown.close();
        this.#onPick(session);
      };
      this.#shown.set(tag, shown);
    } catch {
      // Some phones let only a service worker notify; the sound and the title remain.
    }
  }

  /** @param {string} tag */
  close(tag) {
    this.#shown.get(tag)?.close();
    this.#shown.delete(tag);
  }
}
