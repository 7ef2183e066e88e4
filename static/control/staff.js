/**
 * Agents and queues, as the interaction server told last.
 */

import { byId, put } from '../shared/dom.js';
import { fillTable } from './tables.js';
import { NOTHING, NO_INTERACTION, agentState, agentsOld, number, span } from './words.js';

/** From here on the word counts as old: the gateway renews it about once a second. */
const OLD_MS = 5_000;

/** @param {import('../client/control.js').Status['agents']} staff @param {number} now_ms of the service */
export function showStaff({ age_ms, refusal, queues, agents }, now_ms) {
  const isOld = age_ms > OLD_MS;
  byId('agents-stale').hidden = !isOld;
  if (isOld) put(byId('agents-stale'), agentsOld(refusal ?? NO_INTERACTION, age_ms));
  fillTable({ table: 'queue-table', rows: 'queue-rows', none: 'queues-none' }, queues, ({ queue }) => queue, (queue) => [
    { text: `${queue.queue}${queue.bot ? ' (bots)' : ''}${queue.open ? '' : ' (closed now)'}` },
    { text: number(queue.waiting), isNumber: true },
    { text: queue.longest_since_ms ? span(now_ms - queue.longest_since_ms) : NOTHING, isNumber: true },
    { text: number(queue.available), isNumber: true, mark: queue.waiting > 0 && queue.available === 0 ? 'care' : undefined },
  ]);
  fillTable({ table: 'agent-table', rows: 'agent-rows', none: 'agents-none' }, agents, ({ agent }) => `${agent}`, (agent) => [
    { text: agent.display },
    { text: agentState(agent) },
    { text: number(agent.chats), isNumber: true },
    { text: number(agent.room), isNumber: true },
  ]);
}
