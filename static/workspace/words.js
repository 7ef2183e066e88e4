/**
 * What the workspace says. Pure: values in, text or pieces of text out. One place to translate; what it has in common
 * with the customer's page is in `shared/words.js`.
 */

import { name } from '../shared/dom.js';
import { clock, day, duration, leaving } from '../shared/words.js';

/** @typedef {import('../client/desk-protocol.js').ChosenState} ChosenState */

export const TITLE = 'Workspace · Tandem';

/** What stands in the bar, by the desk's status. */
export const DESK_STATUS = Object.freeze({
  connecting: 'Connecting…',
  connected: 'Connected',
  reconnecting: 'Reconnecting…',
  stopped: 'Not connected',
});

/** @param {number} at_ms when the view was current */
export const deskLost = (at_ms) =>
  `The connection to the desk was lost. The lists show how things stood at ${clock(at_ms)}; `
  + 'what you do is kept and done when it is back.';

export const DESK_STOPPED = 'The service refused the connection of this desk.';

/** @param {number} gap_ms */
export const deskRestored = (gap_ms) => `The desk is connected again after ${duration(gap_ms)}; the lists are current.`;

const STATES = Object.freeze({ ready: 'Ready', not_ready: 'Not ready', after_work: 'After work' });

/** @param {ChosenState} chosen */
export function stateWords({ state, reason }) {
  if (state !== 'not_ready' || !reason) return STATES[state] ?? state;
  return `${STATES.not_ready}: ${reason === 'no_answer' ? 'no answer' : reason}`;
}

/** What an account may do, by its role. */
export const ROLES = Object.freeze({
  bot: 'Bot',
  agent: 'Agent',
  supervisor: 'Supervisor',
  administrator: 'Administrator',
});

/** What somebody of the staff is in a chat, where it is not the reader himself. */
export const TAGS = Object.freeze({ AGENT: 'Agent', SUPERVISOR: 'Supervisor', EXTERNAL: 'Bot', SYSTEM: 'Service' });

/** Why a chat is offered. @param {import('../client/desk-protocol.js').Offer} offer */
export function offerWords({ cause, from, queue }) {
  const by = from ?? 'Somebody';
  if (cause === undefined) return `${by} invites you into a chat`;
  if (cause === 'transferred') return `${by} passes a chat on to you`;
  if (cause === 'handed_off') return `${by} hands a chat over`;
  if (cause === 'agent_gone') return 'A chat was left alone';
  return queue ? `A chat in ${queue}` : 'A chat';
}

/** What a screen reader says of an offer. @param {import('../client/desk-protocol.js').Offer} offer */
export const offerAlert = (offer) =>
  `${offerWords(offer)}: ${offer.customer}${offer.subject ? `, ${offer.subject}` : ''}. Alt+Enter accepts.`;

/** What is said when an action was refused, by its code; else the service's own sentence. */
const REFUSALS = Object.freeze({
  taken: 'Somebody else was faster.',
  no_room: 'You have as many chats as you may have.',
  session_closed: 'The chat has ended, or you are not in it any more.',
  unknown_session: 'There is no such chat any more.',
  unknown_contact: 'There is no such contact any more.',
  forbidden: 'You may not do this.',
});

/** @param {import('../client/rest.js').Refused} refused */
export const refusal = ({ code, message }) => REFUSALS[code] ?? message;

/** A wait, precise while it is short. @param {number} ms */
export function wait(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
  return minutes < 24 * 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 1440)} d`;
}

/** A moment, with its day where it is not today's. @param {number} at_ms */
export function moment(at_ms) {
  return day(at_ms) === day(Date.now()) ? clock(at_ms) : `${DATE.format(at_ms)}, ${clock(at_ms)}`;
}

const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

/** A day as in a list of earlier chats. @param {number} at_ms */
export const date = (at_ms) => DATE.format(at_ms);

/** Above the field, by whom the message is for: the customer's name and whether he does not see the agent go in. */
export const WHOM = Object.freeze({
  ALL: (customer, isHidden) => (isHidden ? `${customer} reads it, and learns that you are here.` : ''),
  INT: (customer) => `Only staff reads it; ${customer} never does.`,
  VIP: (customer) => `Only supervisors read it; neither ${customer} nor the agents do.`,
});

/** The field's name and what stands in it, by whom the message is for. */
export const FIELD = Object.freeze({
  ALL: { label: (customer) => `Message to ${customer}`, placeholder: (customer) => `Write to ${customer}`, send: 'Send' },
  INT: { label: () => 'Note for staff', placeholder: () => 'Write a note for staff', send: 'Add note' },
  VIP: { label: () => 'Note for supervisors', placeholder: () => 'Write to supervisors', send: 'Add note' },
});

/** Why a chat is over. @param {string|null|undefined} reason */
export function ended(reason) {
  if (reason === 'customer_left') return 'The customer has left: the chat is over.';
  if (reason === 'not_saved') return 'The chat was ended because it could not be saved any more.';
  return 'The chat has ended.';
}

/**
 * What happened, in pieces, as the staff reads it; null for what is no line.
 * @param {(agent: number) => string} agentName
 * @returns {import('../shared/conversation.js').Happening}
 */
export function happenings(agentName) {
  return (event, about) => {
    switch (event.type) {
      case 'opened': return event.subject ? ['Subject: ', name(event.subject)] : null;
      case 'joined': return joined(event, about.mine);
      case 'left': return left(event, about);
      case 'queued': return queued(event, about, agentName);
      case 'invited': return [name(about.nameOf(event.by)), ' asks ', name(agentName(event.agent)), ' to join'];
      case 'invitation_ended': return [name(agentName(event.agent)), ` ${NOT_COMING[event.reason] ?? NOT_COMING.declined}`];
      case 'erased': return ['Erased'];
      case 'closed': return [ended(event.reason)];
      default: return null;
    }
  };
}

const NOT_COMING = Object.freeze({
  declined: 'declined the invitation',
  no_answer: 'did not answer the invitation',
  withdrawn: 'is not asked any more',
});

/** Of somebody whom the customer does not see, by who does. He joins again when he says something to more. */
const UNSEEN = Object.freeze({
  VIP: { mine: 'You watch; only supervisors see you', theirs: ' watches; only supervisors see it' },
  INT: { mine: 'The staff sees you now; the customer does not', theirs: ' is here; the customer does not see it' },
});

function joined({ name: who, visibility, took }, mine) {
  const unseen = UNSEEN[visibility];
  if (unseen) return mine ? [unseen.mine] : [name(who), unseen.theirs];
  if (mine) return [took === undefined ? 'You joined the chat' : 'You took the chat'];
  return [name(who), took === undefined ? ' joined the chat' : ' took the chat'];
}

function left({ participant, reason, visibility }, { mine, nameOf, kindOf }) {
  if (mine) return [reason === 0 ? 'You left the chat' : 'You are no longer in the chat'];
  if (visibility) return [name(nameOf(participant)), ' no longer watches'];
  return [name(nameOf(participant)), ` ${leaving(reason, kindOf(participant))}`];
}

function queued({ queue, cause, by, agent, text }, { nameOf }, agentName) {
  const who = by === undefined ? 'Somebody' : nameOf(by);
  const where = agent === undefined ? queue : agentName(agent);
  const pieces = {
    transferred: [name(who), ' passed the chat on to ', name(where)],
    handed_off: [name(who), ' handed the chat over to ', name(where)],
    no_bot: ['No bot took the chat; it waits in ', name(where)],
    agent_gone: ['The connection to the agent was lost; the chat waits in ', name(where)],
    unattended: ['Nobody was in the chat; it waits in ', name(where)],
  }[cause] ?? ['Waits in ', name(where)];
  return text ? [...pieces, '. The customer was told: ', name(`“${text}”`)] : pieces;
}

/** @param {import('../client/desk-protocol.js').AgentView} agent */
export function agentWords(agent) {
  if (!agent.connected) return 'Not here';
  const room = agent.room === 0 ? 'no room' : `room for ${agent.room}`;
  return `${stateWords(agent)} · ${agent.chats} ${agent.chats === 1 ? 'chat' : 'chats'}, ${room}`;
}

/** @param {import('../client/desk-protocol.js').QueueView} queue */
export function queueWords(queue) {
  const hours = queue.open ? '' : ' · closed now';
  const bot = queue.bot ? ' · bots' : '';
  return `${queue.waiting} waiting · ${queue.available} available${bot}${hours}`;
}
