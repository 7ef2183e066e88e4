/**
 * The few things that every part of the page does with elements. Data becomes text nodes only, never markup.
 */

/** The element with this id, which the template is known to have. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the template has no #${id}`);
  return found;
}

/**
 * A new element.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node|string)} children strings become text
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A name inside a sentence; its writing direction stays its own. @param {string} text */
export function name(text) {
  return element('bdi', {}, text);
}
