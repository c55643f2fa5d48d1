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

/** @param {string} id */
export function routeLink(id) {
  return `#/${id}`;
}

/** @param {string} id */
export function routeOpen(id) {
  location.hash = routeLink(id);
}
