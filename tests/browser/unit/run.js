/**
 * Loads every unit test, runs them and leaves the results where the Rust side waits for them.
 */

import { run } from './harness.js';
import './archive.test.js';
import './backoff.test.js';
import './canned.test.js';
import './connection.test.js';
import './control.test.js';
import './contact-panel.test.js';
import './contact.test.js';
import './conversation.test.js';
import './desk.test.js';
import './history.test.js';
import './ids.test.js';
import './lists.test.js';
import './outbox.test.js';
import './rest.test.js';
import './roster.test.js';
import './search.test.js';
import './session.test.js';
import './tabs.test.js';
import './waiting.test.js';
import './words.test.js';

globalThis.results = await run();
