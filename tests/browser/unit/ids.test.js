/**
 * The ids that clients make themselves.
 */

import { newId } from '/static/client/ids.js';
import { equal, holds, test } from './harness.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('an id is a UUID of version 4, also where the page is not secure', () => {
  const insecure = { getRandomValues: (bytes) => crypto.getRandomValues(bytes) };
  for (const id of [newId(), newId(insecure)]) holds(UUID.test(id), id);
});

test('ids are different', () => {
  const insecure = { getRandomValues: (bytes) => crypto.getRandomValues(bytes) };
  const ids = new Set(Array.from({ length: 1000 }, (_, at) => (at % 2 ? newId() : newId(insecure))));
  equal(ids.size, 1000);
});
