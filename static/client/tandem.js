/**
 * The browser library of Tandem: a chat session, and an agent's desk, that survive reloads, sleep, lost networks, a
 * killed gateway and a killed chat engine. Plain ES modules without dependencies; README.md shows how to use it.
 *
 * This module is the whole public surface. The others may change with any release.
 */

export { Archive } from './archive.js';
export { Control } from './control.js';
export { Desk } from './desk.js';
export { newId } from './ids.js';
export { Refused, login, logout, openSession, transcript } from './rest.js';
export { Session } from './session.js';
export { forgetSession, forgetWaiting, keepSession, keptSession, onKeptSession } from './storage.js';
