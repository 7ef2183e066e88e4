/**
 * What a visitor could not see well, as sentences: run in the page as a function body.
 *
 * Contrast is that of WCAG 2.2 §1.4.3 (4.5 for text), between an element's colour and the nearest painted ground.
 */

return settled().then(flawsNow);

/** Waits until no colour is on its way to another: half-way there, a button that has just been enabled is pale. */
async function settled() {
  const onTheWay = () => document.getAnimations().filter((each) => each instanceof CSSTransition);
  for (let left = onTheWay(); left.length > 0; left = onTheWay()) {
    await Promise.allSettled(left.map((each) => each.finished));
  }
}

function flawsNow() {
  const flaws = [];
  const visible = [...document.body.querySelectorAll('*')].filter((element) => element.checkVisibility());

  if (document.documentElement.scrollWidth > innerWidth) flaws.push('the page is wider than the screen');
  for (const element of visible) {
    const { left, right, width } = element.getBoundingClientRect();
    const hidden = element.closest('.sr-only, .skip') !== null;
    if (width > 0 && !hidden && (left < -1 || right > innerWidth + 1)) flaws.push(`sticks out: ${say(element)}`);
  }

  for (const field of document.querySelectorAll('input[type=text], textarea')) {
    if (parseFloat(getComputedStyle(field).fontSize) < 16) flaws.push(`a phone zooms into: ${say(field)}`);
  }

  for (const button of visible.filter((element) => element.matches('button, summary, .switch, .check'))) {
    if (button.getBoundingClientRect().height < 24) flaws.push(`too small to touch: ${say(button)}`);
  }

  for (const element of visible.filter(hasText)) {
    const contrast = contrastOf(element);
    if (contrast < 4.5) flaws.push(`contrast ${contrast.toFixed(2)}: ${say(element)}`);
  }

  return flaws;
}

function say(element) {
  return `${element.tagName.toLowerCase()}#${element.id}.${element.className} "${element.textContent.trim().slice(0, 30)}"`;
}

function hasText(element) {
  if (element.closest('.sr-only, .skip, noscript, :disabled')) return false;
  return [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '');
}

function contrastOf(element) {
  const [light, dark] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** The nearest ground that is painted; every ground of the page is opaque. */
function groundOf(element) {
  for (let at = element; at; at = at.parentElement) {
    const ground = getComputedStyle(at).backgroundColor;
    if (channels(ground)[3] > 0) return ground;
  }
  return 'rgb(255, 255, 255)';
}

function luminance(colour) {
  const [red, green, blue] = channels(colour).map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Red, green, blue and opacity from 0 to 1, of `rgb(…)`, `rgba(…)` or `color(srgb …)`. */
function channels(colour) {
  const numbers = colour.match(/[\d.]+/g).map(Number);
  const scale = colour.startsWith('color(') ? 1 : 255;
  return [numbers[0] / scale, numbers[1] / scale, numbers[2] / scale, numbers[3] ?? 1];
}
