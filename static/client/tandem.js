/**
 * The browser library of Tandem: a chat session that survives reloads, sleep, lost networks, a killed gateway and a
 * killed chat engine. Plain ES modules without dependencies; README.md shows how to use it.
 *
 * This module is the whole public surface. The others may change with any release.
 */

export { Refused, openSession } from './rest.js';
export { Session } from './session.js';
export { forgetSession, keepSession, keptSession, onKeptSession } from './storage.js';
