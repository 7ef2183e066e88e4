/**
 * Buttons with which a customer takes his chat along, while it goes on and after its end: as a page or as plain text.
 */

import { transcript } from '../client/tandem.js';
import { announce } from '../shared/announcer.js';
import { whileBusy } from '../shared/busy.js';
import { download } from '../shared/download.js';
import { within } from '../shared/dom.js';

/** What a file of each format ends with. */
const ENDINGS = Object.freeze({ html: 'html', text: 'txt' });

/** @param {import('../client/protocol.js').Credentials} credentials @param {AbortSignal} signal ends it */
export function offerTranscript(credentials, signal) {
  for (const place of document.querySelectorAll('.saving')) {
    within(place, '.form-problem').hidden = true;
    place.addEventListener('click', ({ target }) => {
      const button = /** @type {HTMLButtonElement|null} */ (
        /** @type {HTMLElement} */ (target).closest('button[data-format]'));
      if (button) save(credentials, button, within(place, '.form-problem'), signal);
    }, { signal });
  }
}

async function save(credentials, button, problem, signal) {
  const format = /** @type {'html'|'text'} */ (button.dataset.format);
  const file = await whileBusy(() => transcript(credentials, format, { signal }), { button, busy: 'Saving…', problem });
  if (!file || signal.aborted) return;
  download(file, `chat-${credentials.session}.${ENDINGS[format]}`);
  announce('The chat is saved as a file.');
}
