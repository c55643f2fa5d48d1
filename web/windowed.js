// Long lists: only the rows in sight are drawn, and a few around them, so that a thousand orders cost no more
// than fifty. All rows are equally high; who draws puts the height of the others above and below.

import { useEffect, useState } from "./vendor/preact-htm.js";

/** Rows beyond the edge, for a scroll to be filled before it is drawn. */
const MARGIN_ROWS = 12;
const FIRST_ROWS = 60;

/** @typedef {{from: number, to: number}} Span rows that are drawn, the last one not among them */

/** @param {HTMLElement} box @param {number} rowPx @returns {Span} */
function spanOf(box, rowPx) {
  const first = Math.floor(box.scrollTop / rowPx);
  const seen = Math.ceil(box.clientHeight / rowPx);
  return { from: Math.max(0, first - MARGIN_ROWS), to: first + seen + MARGIN_ROWS };
}

/**
 * @param {number} rowPx
 * @returns {{box: (element: HTMLElement | null) => void, span: Span}} `box` is the ref of the element that scrolls; its
 *   panel may be folded, so that it comes later and goes
 */
export function useWindowed(rowPx) {
  const [scrolled, box] = useState(/** @type {HTMLElement | null} */ (null));
  const [span, setSpan] = useState({ from: 0, to: FIRST_ROWS });

  useEffect(() => {
    if (!scrolled) {
      return undefined;
    }
    const look = () => {
      const next = spanOf(scrolled, rowPx);
      setSpan((old) => (old.from === next.from && old.to === next.to ? old : next));
    };
    const sizes = new ResizeObserver(look);
    sizes.observe(scrolled);
    scrolled.addEventListener("scroll", look, { passive: true });
    return () => {
      sizes.disconnect();
      scrolled.removeEventListener("scroll", look);
    };
  }, [scrolled, rowPx]);
  return { box, span };
}
