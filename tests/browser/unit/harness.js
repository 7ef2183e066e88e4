/**
 * Just enough to name tests and compare values. It has no clock of its own: tests turn theirs.
 */

/** @type {{name: string, body: () => void|Promise<void>}[]} */
const tests = [];

/** @param {string} name a sentence @param {() => void|Promise<void>} body */
export function test(name, body) {
  tests.push({ name, body });
}

/** Compares what JSON can say of two values. */
export function equal(actual, expected, about = 'value') {
  const [have, want] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (have !== want) throw new Error(`${about}: have ${have}, want ${want}`);
}

/** @param {boolean} condition @param {string} about */
export function holds(condition, about) {
  if (!condition) throw new Error(`does not hold: ${about}`);
}

/** Runs all tests in order. @returns {Promise<{name: string, error: string|null}[]>} */
export async function run() {
  const results = [];
  for (const { name, body } of tests) {
    localStorage.clear();
    try {
      await body();
      results.push({ name, error: null });
    } catch (error) {
      results.push({ name, error: `${error?.stack ?? error}` });
    }
  }
  return results;
}
