// Tables whose rows are not equally high and scroll with the page: rows come in blocks, each a tbody, and only
// blocks near the window are drawn, so that two hundred positions cost no more than those in sight. A block
// that is far away keeps the height that it had, and says whose rows it stands for. Rows carry their place in the whole
// table (aria-rowindex; its head is 1), and lines that go with a row carry the row's; the table says how many there
// are (aria-rowcount, by rowCount).

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";

const BLOCK_ROWS = 10;
const HEAD_ROWS = 1;
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
 * @property {(row: any, index: number) => any} draw with the row's place in the table
 */

/** The head is a row too. @param {unknown[]} rows */
export function rowCount(rows) {
  return rows.length + HEAD_ROWS;
}

/** @param {Block & {start: number, near: boolean}} props */
function RowBlock({ rows, start, columns, rowPx, nameOf, stays, draw, near: first }) {
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
        ? rows.map((row, at) => draw(row, start + at + HEAD_ROWS + 1))
        : html`<tr class="pad" aria-rowindex=${start + HEAD_ROWS + 1}>
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
        start=${start}
        columns=${columns}
        rowPx=${rowPx}
        nameOf=${nameOf}
        stays=${stays}
        draw=${draw}
        near=${at < FIRST_BLOCKS}
      />`,
  );
}
