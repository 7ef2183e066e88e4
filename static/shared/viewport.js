/**
 * Keeps the page inside what is visible. Browsers that lay their keyboard over the page (iOS) say its height only
 * here; the style sheet uses the value where it has one.
 */

export function followViewport() {
  const view = globalThis.visualViewport;
  if (!view) return;
  const follow = () => {
    document.documentElement.style.setProperty('--visible-height', `${Math.round(view.height)}px`);
    globalThis.scrollTo(0, 0); // iOS pushes the page up instead of shrinking it.
  };
  view.addEventListener('resize', follow);
  follow();
}
