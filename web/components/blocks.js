// Tables whose rows are not equally high and scroll with the page: rows come in blocks, each a tbody, and only
// blocks near the window are drawn, so that two hundred positions cost no more than those in sight. A block
// that is far away keeps the height that it had, and says whose rows it stands for.

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";

const BLOCK_ROWS = 10;
/** Drawn at once, before the browser has said where they are. */
const FIRST_BLOCKS = 3;
/** How far beyond the window a block is drawn already. */
const NEAR = "300px 0px";

/**
 * @typedef {object} Block
 * @property {any[]} rows
 * @property {number} columns
 * @property {number} rowPx about how high a row is, until it has been drawn
 * @property {(row: any) => string} nameOf
 * @property {(row: any) => boolean} stays a row that somebody may be typing in; one that has the focus stays too
 * @property {(row: any) => any} draw
 */

/** @param {Block & {near: boolean}} props */
function RowBlock({ rows, columns, rowPx, nameOf, stays, draw, near: first }) {
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const eachPx = useRef(rowPx);
  const [near, setNear] = useState(first);
  const drawn = near || rows.some(stays) || body.current?.contains(document.activeElement) === true;
  const held = useRef({ drawn, count: rows.length });
  held.current = { drawn, count: rows.length };

  useEffect(() => {
    const watcher = new IntersectionObserver(
      (entries) => {
        const last = entries[entries.length - 1];
        if (held.current.drawn) {
          eachPx.current = last.boundingClientRect.height / held.current.count;
        }
        setNear(last.isIntersecting);
      },
      { rootMargin: NEAR },
    );
    watcher.observe(/** @type {HTMLElement} */ (body.current));
    return () => watcher.disconnect();
  }, []);

  return html`<tbody ref=${body} data-drawn=${drawn ? "yes" : "no"}>
    ${
      drawn
        ? rows.map(draw)
        : html`<tr class="pad">
            <td colspan=${columns} style=${{ height: `${eachPx.current * rows.length}px` }}>
              <span class="unseen">${nameOf(rows[0])} to ${nameOf(rows[rows.length - 1])}: drawn when in sight</span>
            </td>
          </tr>`
    }
  </tbody>`;
}

/** The bodies of a table. @param {Omit<Block, "stays"> & {stays?: Block["stays"]}} props */
export function RowBlocks({ rows, columns, rowPx, nameOf, stays = () => false, draw }) {
  const starts = Array.from({ length: Math.ceil(rows.length / BLOCK_ROWS) }, (_, at) => at * BLOCK_ROWS);
  return starts.map(
    (start, at) =>
      html`<${RowBlock}
        key=${start}
        rows=${rows.slice(start, start + BLOCK_ROWS)}
        columns=${columns}
        rowPx=${rowPx}
        nameOf=${nameOf}
        stays=${stays}
        draw=${draw}
        near=${at < FIRST_BLOCKS}
      />`,
  );
}
