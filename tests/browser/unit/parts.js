/**
 * Parts of a page as its template has them, in the document while a test runs.
 */

const WORKSPACE = '/templates/workspace/index.html';

/**
 * @param {string[]} ids of the workspace's elements
 * @param {(signal: AbortSignal) => Promise<void>} body its signal ends when the parts go
 */
export async function withParts(ids, body) {
  const template = new DOMParser().parseFromString(await (await fetch(WORKSPACE)).text(), 'text/html');
  const parts = ids.map((id) => document.adoptNode(template.getElementById(id)));
  const life = new AbortController();
  document.body.append(...parts);
  try {
    await body(life.signal);
  } finally {
    life.abort();
    for (const part of parts) part.remove();
  }
}
