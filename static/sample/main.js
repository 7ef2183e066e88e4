/**
 * The sample page: a start form, then a chat, then perhaps the next chat. It owns the one session of the page and
 * gives it to the parts that show it. Everything of a chat ends with that chat.
 */

import { Session, forgetSession, keepSession, keptSession, onKeptSession } from '../client/tandem.js';
import { announce } from '../shared/announcer.js';
import { Conversation } from '../shared/conversation.js';
import { byId } from '../shared/dom.js';
import { followViewport } from '../shared/viewport.js';
import { STATUS, stopping } from '../shared/words.js';
import { Composer } from './composer.js';
import { prepareDetails, showDetails } from './details.js';
import { showQueue } from './queue.js';
import { offerTranscript } from './saving.js';
import { prepareStart } from './start.js';
import { ending, happening } from './words.js';

/** The chat that is shown; ending it ends every listener it has. @type {{session: Session, life: AbortController}|null} */
let chat = null;

/** Where the conversation is shown. */
const PLACE = Object.freeze({
  log: byId('log'),
  lines: byId('lines'),
  outbox: byId('outbox'),
  newer: byId('newer'),
  typing: byId('typing'),
});

/** The customer; how many messages came that he has not seen stands in the title. */
function reader(composer) {
  let unseen = 0;
  const count = (next) => {
    unseen = next;
    document.title = unseen === 0 ? 'Chat HA sample · Tandem' : `(${unseen}) Chat HA sample · Tandem`;
  };
  return {
    happening,
    present: () => ({}),
    isLooking: () => true,
    onArrived: () => count(unseen + 1),
    onSeen: () => count(0),
    onEdit: (text) => composer.edit(text),
    announce,
    announceNotice: (text) => document.body.dataset.notices === 'on' && announce(text),
  };
}

/** @param {import('../client/protocol.js').Credentials} credentials */
function enter(credentials) {
  chat?.life.abort();
  chat?.session.stop();
  const session = new Session(credentials);
  const life = new AbortController();
  chat = { session, life };
  document.body.dataset.view = 'chat';
  const composer = new Composer(session, life.signal);
  new Conversation(session, PLACE, reader(composer), life.signal);
  showQueue(session, life.signal);
  showDetails(session, life.signal);
  showStatus(session, life.signal);
  offerTranscript(credentials, life.signal);
  session.start();
  composer.focus();
}

function toStart() {
  chat?.life.abort();
  chat?.session.stop();
  chat = null;
  document.body.dataset.view = 'start';
  byId('subject').hidden = true;
  byId('name').focus();
}

/** The header and what stands in the field's place when nothing can be written. */
function showStatus(session, signal) {
  const show = () => {
    const { status } = session;
    byId('status').dataset.status = status;
    byId('status-text').textContent = STATUS[status];
    document.body.dataset.status = status;
    byId('end').hidden = status === 'ended' || status === 'stopped';
    byId('over').hidden = status !== 'ended' && status !== 'stopped';
    byId('retry').hidden = status !== 'stopped';
    byId('over-text').textContent = status === 'stopped' ? stopping(session.stopCode) : ending(null);
  };
  session.addEventListener('state', () => {
    show();
    // With the notices on, their sentences say the same and more.
    if (document.body.dataset.notices === 'off') announce(STATUS[session.status]);
  }, { signal });
  session.addEventListener('event', ({ detail: { event } }) => event.type === 'opened' && showSubject(event.subject), { signal });
  session.addEventListener('ended', ({ detail }) => over(ending(detail.reason)), { signal });
  byId('end').disabled = false;
  showSubject(undefined);
  show();
}

function showSubject(subject) {
  byId('subject').textContent = subject ?? '';
  byId('subject').hidden = !subject;
}

function over(text) {
  byId('over-text').textContent = text;
  announce(text);
  const ask = /** @type {HTMLDialogElement} */ (byId('ask'));
  if (ask.open) ask.close();
  if (document.hasFocus()) byId('again').focus();
}

function prepareEnd() {
  const ask = /** @type {HTMLDialogElement} */ (byId('ask'));
  byId('end').addEventListener('click', () => {
    ask.returnValue = '';
    ask.showModal();
  });
  ask.addEventListener('close', () => {
    if (ask.returnValue !== 'end' || !chat) return;
    byId('end').disabled = true;
    byId('status-text').textContent = 'Ending…';
    chat.session.leave();
  });
  byId('retry').addEventListener('click', () => chat?.session.start());
  byId('again').addEventListener('click', next);
}

/** Another tab may have begun the next chat already: then this one joins it. */
function next() {
  const kept = keptSession();
  if (kept && kept.session !== chat?.session.id) return enter(kept);
  forgetSession();
  return toStart();
}

function followOtherTabs(credentials) {
  const free = chat === null || chat.session.status === 'ended';
  if (credentials && free && credentials.session !== chat?.session.id) enter(credentials);
}

function begin() {
  followViewport();
  prepareDetails();
  prepareEnd();
  prepareStart((credentials) => {
    keepSession(credentials);
    enter(credentials);
  });
  onKeptSession(followOtherTabs);
  const kept = keptSession();
  if (kept) enter(kept);
  else toStart();
}

begin();
