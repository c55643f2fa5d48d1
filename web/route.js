// Which view is open: the address says it (`#/risk`), so that a reload and a link lead to the same place.

const FIRST = "overview";

/**
 * @param {string} hash of the address
 * @param {string[]} known
 */
export function routeOf(hash, known) {
  const id = /^#\/([a-z]+)$/.exec(hash)?.[1] ?? "";
  return known.includes(id) ? id : FIRST;
}

/**
 * Does the address lead nowhere? None at all leads to the first view.
 * @param {string} hash of the address
 * @param {string[]} known
 */
export function routeIsUnknown(hash, known) {
  return hash.replace(/^#\/?/, "") !== "" && routeLink(routeOf(hash, known)) !== hash;
}

/** The address says the view that is open; no entry of the history leads back to one that does not exist. */
export function routeCorrect() {
  history.replaceState(history.state, "", routeLink(FIRST));
}

/** @param {string} id */
export function routeLink(id) {
  return `#/${id}`;
}

/** @param {string} id */
export function routeOpen(id) {
  location.hash = routeLink(id);
}
