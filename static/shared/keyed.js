/**
 * Keeps a list in step with data, one element a key. An element stays the same as long as its key is there, so that
 * a view that comes between the press and the release of a button, or while somebody tabs, disturbs nothing.
 */

/**
 * @template Item
 * @param {HTMLElement} list
 * @param {Item[]} items
 * @param {object} how
 * @param {(item: Item) => string} how.key
 * @param {(item: Item) => HTMLElement} how.make once for each key
 * @param {(element: HTMLElement, item: Item) => void} how.update at each call
 */
export function keep(list, items, { key, make, update }) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const wanted = new Set(items.map(key));
  for (const [name, child] of known) if (!wanted.has(name)) child.remove();
  items.forEach((item, at) => {
    const name = key(item);
    const child = known.get(name) ?? make(item);
    child.dataset.key = name;
    update(child, item);
    // Moving an element takes its focus: only what stands elsewhere is moved.
    if (list.children[at] !== child) list.insertBefore(child, list.children[at] ?? null);
  });
}
