/**
 * The few things that every part of a page does with elements. Data becomes text nodes only, never markup.
 */

const SVG = 'http://www.w3.org/2000/svg';

/** The element with this id, which the template is known to have. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the template has no #${id}`);
  return found;
}

/**
 * The element that a selector finds below another, which is known to have it.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function within(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`there is no ${selector}`);
  return /** @type {HTMLElement} */ (found);
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

/** A picture that the template defines as `<symbol id="icon-…">`; for eyes only. @param {string} which */
export function icon(which) {
  const picture = document.createElementNS(SVG, 'svg');
  picture.setAttribute('class', 'icon');
  picture.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#icon-${which}`);
  picture.append(use);
  return picture;
}

/** Writes a text where it differs, so that nothing is announced or repainted for nothing. */
export function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
