/**
 * What the control page says. Pure: values in, text out. One place to translate.
 */

import { clock, day } from '../shared/words.js';

export const NOT_ADMINISTRATOR = 'This account is not an administrator’s. Please log in with one that is.';

export const LIVE = 'Live';

/** @param {number} age_ms */
export const asOf = (age_ms) => `As of ${ago(age_ms)}`;

/** In the place of what follows from how it stands. @param {number} age_ms */
export const wasSo = (age_ms) => `So it was ${ago(age_ms)}, when the gateway answered last.`;

export const SILENCE = 'The gateway does not answer. What is shown is old; it is asked again and again.';

/** @param {string} sentence @param {number} age_ms */
export const agentsOld = (sentence, age_ms) => `As of ${ago(age_ms)}. ${sentence}`;

export const NO_INTERACTION = 'The interaction server does not answer.';

const ROLES = Object.freeze({ primary: 'Primary', backup: 'Backup', lost: 'Not reached', gone: 'Gone' });

/** @param {string} role of an engine */
export const roleWord = (role) => ROLES[role] ?? role;

const LINKS = Object.freeze({ gateway: 'Gateway', interaction: 'Interaction server', external: 'Bot' });

/** @param {string} role of a link */
export const linkWord = (role) => LINKS[role] ?? role;

/**
 * The sentence on top, and what follows from it.
 * @param {import('./picture.js').Picture} picture
 * @returns {[string, string]}
 */
export function headline({ state, engines, away_ms, blockers, store }) {
  const named = (role) => engines.find((engine) => engine.role === role)?.name;
  const [primary, backup, lost] = ['primary', 'backup', 'lost'].map(named);
  switch (state) {
    case 'well':
      return [`Engine ${primary} serves, engine ${backup} stands by`, 'If the primary dies, the backup takes over at once.'];
    case 'care':
      return [`Engine ${primary} serves, engine ${backup} stands by`, notPossible(blockers)];
    case 'unsafe':
      if (store?.in_reach === false) return [`Engine ${primary} does not reach the store`, WITHOUT_STORE];
      return [`Engine ${primary} serves alone`, ALONE];
    case 'moving':
      return [`Engine ${lost} hands over`, 'As planned; sends wait for some milliseconds.'];
    case 'lost':
      return ['No primary is reached', `For ${span(away_ms ?? 0)}. ${WITHOUT_PRIMARY}`];
    default:
      return ['Looking for the primary…', ''];
  }
}

const notPossible = (blockers) => `A switchover is not possible now: ${blockers.map(blocker).join('; ')}.`;
const ALONE = 'No backup stands by: nobody would take over. Whoever supervises the other engine should start it.';
const WITHOUT_STORE = 'Messages wait, or are refused, until it is back.';
const WITHOUT_PRIMARY = 'Customers stay connected to the gateway; what they say waits in their pages.';

/** What a link is called, and what it is where its name does not say that. @param {{name: string, role: string}} link */
export function linkName({ name, role }) {
  const called = role === 'external' || name !== role ? name : linkWord(role);
  return [called, called === linkWord(role) ? '' : linkWord(role)];
}

/** What happened, as it is read aloud. @param {object} happened of {@link import('./picture.js').changes} */
export function happening({ what, engine, epoch, link }) {
  switch (what) {
    case 'primary': return `Engine ${engine} is the primary now, epoch ${epoch}.`;
    case 'found': return `Engine ${engine} is reached again.`;
    case 'lost': return engine === null ? 'No primary is reached.' : `Engine ${engine} is not reached any more.`;
    case 'backup': return `Engine ${engine} stands by.`;
    case 'alone': return `Engine ${engine} is gone: no backup stands by.`;
    case 'link_gone': return `${linkName(link)[0]} is not linked to the primary any more.`;
    case 'store_lost': return 'The store is out of reach.';
    case 'store_back': return 'The store is in reach again.';
    default: return '';
  }
}

/** @param {import('../client/control.js').Blocker} blocker */
export function blocker(blocker) {
  const [kind, about] = typeof blocker === 'string' ? [blocker, {}] : Object.entries(blocker)[0];
  switch (kind) {
    case 'no_backup': return 'no backup stands by';
    case 'backup_older': return `the backup is of version ${about.backup}, older than the primary’s ${about.primary}`;
    case 'store_not_writable': return 'the store cannot be written';
    case 'link_unaware': return `the link ${about.link} has not acknowledged who is primary and who is backup`;
    case 'under_way': return 'a switchover is under way';
    default: return kind.replaceAll('_', ' ');
  }
}

const GIVEN_UP = Object.freeze({
  backup_lost: 'the backup was lost',
  backup_late: 'the backup did not prepare itself in time',
  store_late: 'what was on its way to the store was not saved in time',
  not_saved: 'something that was told is not saved and cannot be at present',
  lease_not_handed: 'the store did not take the change of the lease',
  stopping: 'the engine is being stopped',
});

/** What became of a switchover. @param {object} outcome @returns {{text: string, isWell: boolean}} */
export function switched({ done, given_up, overtaken, clear }) {
  if (done) {
    const held = `Sends were held for ${micros(done.held_us)}; nobody was disconnected.`;
    return { text: `Engine ${done.to} took over from engine ${done.from}, epoch ${done.epoch}. ${held}`, isWell: true };
  }
  if (given_up) {
    const why = GIVEN_UP[given_up] ?? given_up;
    return { text: `It was begun and given up, since ${why}. The primary goes on.`, isWell: false };
  }
  if (overtaken) {
    const { primary, epoch } = overtaken;
    return { text: `Engine ${primary} had taken over meanwhile, epoch ${epoch}; nothing was done.`, isWell: false };
  }
  if (clear) {
    return { text: `Nothing is in the way of a switchover from engine ${clear.from} to engine ${clear.to}.`, isWell: true };
  }
  return { text: 'The answer makes no sense to this page; reload it.', isWell: false };
}

/** What a switchover will do. @param {{from: string, to: string}} engines */
export const willSwitch = ({ from, to }) => [
  `Engine ${from} hands over to engine ${to}, and stands by afterwards.`,
  'What is sent meanwhile waits for some milliseconds at the gateways.',
  'Nobody is disconnected, and nothing is lost, doubled or reordered.',
];

const CAUSES = Object.freeze({
  first: 'First start',
  released: 'The primary had stopped',
  returned: 'The same engine came back',
  died: 'The primary died',
  silent: 'The primary was silent',
  planned: 'Planned switchover',
});

/** @param {string} cause of a takeover */
export const causeWord = (cause) => CAUSES[cause] ?? cause;

const SEVERITIES = Object.freeze({ nothing_noticed: 'Nothing noticed', degraded: 'Degraded', outage: 'Outage' });

/** @param {string} severity */
export const severityWord = (severity) => SEVERITIES[severity] ?? severity;

/** What the service says in the middle of a line, as a sentence of its own. @param {string} says */
export const sentence = (says) => `${says.charAt(0).toUpperCase()}${says.slice(1)}${says.endsWith('.') ? '' : '.'}`;

const HOW = Object.freeze({
  prepared: 'read ahead of a planned switchover',
  asked: 'read when it was asked for',
  unattended: 'read by the engine itself, for its timers',
});

/** @param {object} restoration */
export const restoration = ({ engine, epoch, how, events, took_us }) =>
  `Engine ${engine}, epoch ${epoch}: ${HOW[how] ?? how}; ${count(events, 'event')} in ${micros(took_us)}.`;

export const NEVER_RESTORED = 'It never had to be restored, or that was more than 30 days ago.';

/** @param {string} act of the audit log */
export const actWord = (act) => {
  const words = act.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const FAILURES = Object.freeze({ kill: 'Primary killed', hang: 'Primary hung', switchover: 'Switchover' });

/** @param {string} failure of a rehearsal */
export const failureWord = (failure) => FAILURES[failure] ?? failure;

/** @param {object} drill */
export function drillOutcome({ aborted, gaps, acknowledged, lost, doubled, out_of_order, disconnected }) {
  if (aborted) return `Aborted: ${aborted}`;
  const faults = lost + doubled + out_of_order + disconnected;
  return faults === 0 && gaps && acknowledged > 0 ? 'Passed' : 'Not passed';
}

/** When failover was last proven. @param {object[]} drills newest first @param {number} now_ms */
export function proven(drills, now_ms) {
  // A planned switchover is no failure: it proves nothing of one.
  const last = drills.find((drill) => drill.failure !== 'switchover' && drillOutcome(drill) === 'Passed');
  if (!last) return 'Failover has not been proven by a rehearsal yet.';
  const what = `${failureWord(last.failure).toLowerCase()}, ${count(last.sessions, 'session')}`;
  const when = `${ago(now_ms - last.at_ms)} (${moment(last.at_ms)})`;
  return `Failover was last proven ${when}: ${what}, longest gap ${micros(last.gaps.max_us)}.`;
}

const STATES = Object.freeze({ ready: 'Ready', not_ready: 'Not ready', after_work: 'After work' });

/** @param {{state: string, reason?: string}} agent */
export function agentState({ state, reason }) {
  if (state === 'not_ready' && reason) return `Not ready: ${reason === 'no_answer' ? 'no answer' : reason}`;
  return STATES[state] ?? state;
}

/** In a place for which there is no value. */
export const NOTHING = '–';

const NUMBER = new Intl.NumberFormat();

/** @param {number} value */
export const number = (value) => NUMBER.format(value);

/** @param {number} value @param {string} what in the singular */
export const count = (value, what) => `${number(value)} ${what}${value === 1 ? '' : 's'}`;

/** A duration in microseconds. @param {number|undefined} us */
export function micros(us) {
  if (us === undefined || us === null) return NOTHING;
  const ms = us / 1000;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** @param {number|undefined|null} ms */
export const millis = (ms) => (ms === undefined || ms === null ? NOTHING : micros(ms * 1000));

/** A rate. @param {number} per_s */
export const rate = (per_s) => (per_s < 10 ? per_s.toFixed(1) : number(Math.round(per_s)));

/** How long. @param {number} ms */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** @param {number} ms */
export const ago = (ms) => `${span(ms)} ago`;

const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

/** A moment, with its day where it is not today's. @param {number} at_ms */
export const moment = (at_ms) => (day(at_ms) === day(Date.now()) ? clock(at_ms) : `${DATE.format(at_ms)}, ${clock(at_ms)}`);
