/**
 * The panel that shows what the page knows of its session, for whoever rehearses a failover; and the switch for
 * connection notices, whose first position is the site's choice and every other one the visitor's.
 */

import { byId } from '../shared/dom.js';
import { ofSite } from '../shared/kept.js';
import { STATUS, duration } from '../shared/words.js';

const NOTICES_KEY = 'tandem.sample.notices';

/** From here on there is room beside the conversation, and the panel is open by itself. */
const WIDE = '(min-width: 60rem)';

/** Sets the panel and the switch up; once, for all sessions of the page. */
export function prepareDetails() {
  const panel = /** @type {HTMLDetailsElement} */ (byId('details'));
  const wide = matchMedia(WIDE);
  panel.open = wide.matches;
  wide.addEventListener('change', () => { panel.open = wide.matches; });
  const notices = /** @type {HTMLInputElement} */ (byId('notices'));
  const chosen = readChoice() ?? document.body.dataset.notices;
  notices.checked = chosen === 'on';
  document.body.dataset.notices = chosen;
  notices.addEventListener('change', () => choose(notices.checked ? 'on' : 'off'));
}

/** @param {import('../client/session.js').Session} session @param {AbortSignal} signal ends it */
export function showDetails(session, signal) {
  let restorations = 0;
  let engine = 'Serving';
  put('restored', 'Not yet');
  const show = () => {
    put('connection', STATUS[session.status]);
    put('engine', session.status === 'connecting' ? '–' : engine);
    put('event', session.last === 0 ? '–' : `${session.last}`);
    put('waiting', `${session.outbox.filter((entry) => entry.state !== 'not_sent').length}`);
    put('participant', session.participant === undefined ? '–' : `${session.participant}`);
    put('session', session.id);
  };
  session.addEventListener('notice', ({ detail }) => {
    const lost = detail.notice === 'connection_lost';
    engine = lost && detail.source === 'engine' ? 'Being replaced' : 'Serving';
    if (!lost) put('restored', `${(restorations += 1)}×, last after ${duration(detail.gap_ms)}`);
  }, { signal });
  for (const type of ['state', 'event', 'message-state', 'notice']) session.addEventListener(type, show, { signal });
  show();
}

function put(fact, text) {
  byId(`fact-${fact}`).textContent = text;
}

function choose(notices) {
  document.body.dataset.notices = notices;
  ofSite.set(NOTICES_KEY, notices);
}

function readChoice() {
  const kept = ofSite.get(NOTICES_KEY);
  return kept === 'on' || kept === 'off' ? kept : null;
}
