/**
 * What administrators ask of the service: how everything stands, what has happened, and to have a pair switch over or
 * rehearse a failure. Asked with the token of an administrator's login; everybody else is refused with `forbidden`.
 */

import { request } from './rest.js';

/** The status is answered within a second; what takes longer than this has no gateway behind it. */
const STATUS_WAIT_MS = 4_000;

/** A switchover is answered when it is over, which has bounds of its own. */
const SWITCHOVER_WAIT_MS = 70_000;

/** @typedef {string|Record<string, Record<string, string>>} Blocker what is in the way of a switchover */

/**
 * @typedef {object} EngineStatus
 * @property {string} name
 * @property {string} address
 * @property {string} host
 * @property {number} pid
 * @property {string} version
 * @property {number} started_ms
 */

/**
 * @typedef {object} LinkStatus
 * @property {string} name
 * @property {'gateway'|'interaction'|'external'|'control'} role
 * @property {string} from the address it comes from
 * @property {number} [since_ms] absent while it waits to be welcome
 * @property {number} heard_ms_ago
 * @property {boolean} knows_pair
 */

/**
 * @typedef {object} PairStatus how a pair stands, as its primary tells
 * @property {string} pair
 * @property {number} at_ms
 * @property {number} epoch
 * @property {number} since_ms
 * @property {EngineStatus} primary
 * @property {{engine: EngineStatus, since_ms: number, heard_ms_ago: number}} [backup]
 * @property {LinkStatus[]} links
 * @property {{open: number, waiting: number, live: number, clients: number, sessions_max: number, clients_max: number}} sessions
 * @property {{messages: number, messages_per_s: number, answer_p50_us?: number, answer_p99_us?: number}} traffic
 * @property {{waiting: number, batch_ms?: number, sessions_behind: number, save_p50_us?: number, save_p99_us?: number}} saving
 * @property {{place: string, in_reach: boolean}} store
 * @property {Blocker[]} blockers
 * @property {boolean} drills_allowed
 */

/** @typedef {{name: string, address: string, pid: number}} KnownEngine */

/**
 * @typedef {object} PairView a pair, as the gateway sees it
 * @property {string} pair
 * @property {boolean} connected
 * @property {number} [away_ms]
 * @property {boolean} moving
 * @property {number} read
 * @property {number} unacked
 * @property {{epoch: number, primary: KnownEngine, backup?: KnownEngine}} [known]
 * @property {number} [age_ms]
 * @property {PairStatus} [status]
 * @property {string} [refusal]
 * @property {{process: string, severity: 'nothing_noticed'|'degraded'|'outage', says: string}[]} [outlook]
 */

/**
 * @typedef {object} Status
 * @property {number} at_ms the gateway's clock
 * @property {{agent: number, name: string, display: string, role: string}} me
 * @property {{name: string, version: string, pid: number, since_ms: number, desks: number}} gateway
 * @property {{age_ms: number, refusal?: string, queues: object[], agents: object[], waiting: number, served: number}} agents
 * @property {PairView[]} pairs
 */

/** @typedef {{pair: string, failure: 'kill'|'hang'|'switchover', sessions: number, every_ms: number}} DrillPlan */

export class Control {
  #token;
  #options;

  /** @param {string} token of a login @param {import('./rest.js').Options} [options] */
  constructor(token, options = {}) {
    this.#token = token;
    this.#options = options;
  }

  /** How everything stands; asked once, since whoever looks asks again in a second. @returns {Promise<Status>} */
  status() {
    return this.#once('GET', '/status', undefined, STATUS_WAIT_MS);
  }

  /**
   * @param {{pair: string, after?: string, limit?: number}} part
   * @returns {Promise<{sessions: object[], next?: string}>}
   */
  sessions(part) {
    return this.#once('GET', `/sessions${query(part)}`);
  }

  /** What was done to restore a session, oldest first. @param {string} session @returns {Promise<object[]>} */
  async restorations(session) {
    const { restorations } = await this.#once('GET', `/sessions/${encodeURIComponent(session)}/restorations`);
    return restorations;
  }

  /**
   * A pair's takeovers, newest first.
   * @param {{pair: string, before?: number, limit?: number}} part before this epoch
   * @returns {Promise<object[]>}
   */
  async takeovers(part) {
    const { takeovers } = await this.#once('GET', `/takeovers${query(part)}`);
    return takeovers;
  }

  /**
   * What operators did, newest first.
   * @param {{pair?: string, before?: number, limit?: number}} part before this moment
   * @returns {Promise<object[]>}
   */
  async acts(part) {
    const { acts } = await this.#once('GET', `/acts${query(part)}`);
    return acts;
  }

  /**
   * Has a pair switch over, or finds out what would be in the way.
   * @param {{pair: string, epoch: number, dry_run?: boolean}} wish the epoch that is to end; a repeat moves nothing back
   * @returns {Promise<object>} the outcome; rejects with `switchover_blocked` and the `blockers`
   */
  switchover(wish) {
    return this.#once('POST', '/switchover', wish, SWITCHOVER_WAIT_MS);
  }

  /**
   * What a rehearsal would do, and the epoch that whoever agrees names.
   * @param {DrillPlan} plan
   * @returns {Promise<{says: string[], blockers: string[], epoch: number}>}
   */
  planDrill(plan) {
    return this.#once('POST', '/drills/plan', plan);
  }

  /** @param {DrillPlan & {epoch: number}} plan @returns {Promise<{id: string}>} */
  beginDrill(plan) {
    return this.#once('POST', '/drills', plan);
  }

  /**
   * The one that runs, if any, and a pair's that are over.
   * @param {{pair: string}} part
   * @returns {Promise<{running: object|null, drills: object[]}>}
   */
  drills(part) {
    return this.#once('GET', `/drills${query(part)}`);
  }

  /** @returns {Promise<object>} */
  cancelDrill() {
    return this.#once('POST', '/drills/cancel', {});
  }

  #once(method, path, body, answer_wait_ms) {
    const once = { ...this.#options, attempts_max: 1, ...(answer_wait_ms ? { answer_wait_ms } : {}) };
    return request(method, `/control${path}`, this.#token, body, once);
  }
}

/** @param {Record<string, string|number|undefined>} parts */
function query(parts) {
  const given = Object.entries(parts).filter(([, value]) => value !== undefined).map(([key, value]) => [key, `${value}`]);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
