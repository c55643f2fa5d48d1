// Top of book of every instrument; choosing a row shows its depth.

import { sparkPath } from "../charts.js";
import { ageText, decimalPlaces, decimalSubtract, millisecondsOf } from "../format.js";
import { layoutSet, rowPx } from "../layout.js";
import { changed, page, topicAge } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { rowCount, RowBlocks } from "./blocks.js";
import { EmptyRow, emptyText, InstrumentName, Num, Panel } from "./parts.js";
import { PlainHead } from "./table.js";
import { Venues, VenueTroubles } from "./venues.js";

/** @import { Book } from "../types/shapes.js" */

const SPARK_WIDTH = 68;
const SPARK_HEIGHT = 22;
/** Above a row of a list, for it has two lines, as the style sheets say. */
const MORE_PX = 12;
const HEADS = ["Instrument", "Last minute", ">Bid qty", ">Bid", ">Ask", "Ask qty", ">Spread", ">Age"];

/** Age by the server's clock when it was sent plus what has passed since. @param {Book} book */
export function bookAge(book) {
  const sent = millisecondsOf(book.age_ns);
  const since = topicAge("books");
  return sent === null || since === null ? null : sent + since;
}

/** @param {string} instrument */
export function placesOf(instrument) {
  const row = page.instruments.get(instrument);
  return { price: decimalPlaces(row?.tick_size), qty: decimalPlaces(row?.lot_size) };
}

/** @param {string} venue @returns {string} READY, STALE, DOWN; empty when not known */
function venueState(venue) {
  return page.status?.venues?.find((row) => row.venue === venue)?.state ?? "";
}

/**
 * Why the prices of an instrument are not to be trusted, in words; empty when they are.
 * @param {string} instrument
 */
export function instrumentTrouble(instrument) {
  const venue = instrument.split(":")[0];
  const state = venueState(venue);
  if (state === "STALE" || state === "DOWN") {
    return `Venue ${venue} is ${state}: these prices are old`;
  }
  return page.books.get(instrument)?.stale ? "The book is stale: these prices are old" : "";
}

/** @param {{instrument: string}} props a word beside the name while its prices are old */
export function StaleBadge({ instrument }) {
  const trouble = instrumentTrouble(instrument);
  const word = venueState(instrument.split(":")[0]) === "DOWN" ? "DOWN" : "STALE";
  return trouble ? html`<span class="chip chip-stale" title=${trouble}>${word}</span>` : null;
}

/** Whose depth is shown. @param {string} instrument */
export function select(instrument) {
  page.selected = instrument;
  layoutSet({ selected: instrument });
  changed();
}

/** @param {{instrument: string}} props */
function Spark({ instrument }) {
  const values = page.mids.get(instrument) ?? [];
  return html`<svg class="spark" width=${SPARK_WIDTH} height=${SPARK_HEIGHT} aria-hidden="true">
    <path d=${sparkPath(values, SPARK_WIDTH, SPARK_HEIGHT)} />
  </svg>`;
}

/** @param {{instrument: string, book: Book | undefined, index: number}} props */
function MarketRow({ instrument, book, index }) {
  const places = placesOf(instrument);
  const [bid, ask] = [book?.bids?.[0], book?.asks?.[0]];
  const [bidMove, askMove] = page.moves.get(instrument) ?? [0, 0];
  const chosen = page.selected === instrument;
  return html`<tr
    class=${`${chosen ? "chosen" : ""} ${instrumentTrouble(instrument) ? "row-stale" : ""}`}
    data-instrument=${instrument}
    aria-rowindex=${index}
  >
    <th scope="row">
      <button type="button" class="pick" aria-pressed=${chosen} onClick=${() => select(instrument)}>
        <${InstrumentName}
          name=${instrument}
          badge=${html`<${StaleBadge} instrument=${instrument} />`}
        />
      </button>
    </th>
    <td class="spark-cell"><${Spark} instrument=${instrument} /></td>
    <td><${Num} value=${bid?.[1]} places=${places.qty} bright=${8} /></td>
    <td class="price">
      <${Num} value=${bid?.[0]} places=${places.price} bright=${8} move=${bidMove} />
    </td>
    <td class="price">
      <${Num} value=${ask?.[0]} places=${places.price} bright=${8} move=${askMove} />
    </td>
    <td class="start"><${Num} value=${ask?.[1]} places=${places.qty} bright=${8} /></td>
    <td>
      <${Num} value=${decimalSubtract(ask?.[0], bid?.[0])} places=${places.price} bright=${8} />
    </td>
    <td class="age-cell">${ageText(book ? bookAge(book) : null)}</td>
  </tr>`;
}

export function MarketPanel() {
  const names = [...new Set([...page.instruments.keys(), ...page.books.keys()])];
  return html`<${Panel} id="market" title="Market" topic="books" extra=${html`<${Venues} />`}>
    <${VenueTroubles} />
    <table class="grid market-grid" aria-rowcount=${rowCount(names)}>
      <${PlainHead} labels=${HEADS} />
      <${RowBlocks}
        rows=${names}
        columns=${HEADS.length}
        rowPx=${rowPx() + MORE_PX}
        nameOf=${(/** @type {string} */ name) => name}
        draw=${(/** @type {string} */ name, /** @type {number} */ index) => html`<${MarketRow} key=${name} index=${index} instrument=${name} book=${page.books.get(name)} />`}
      />
      ${names.length === 0 ? html`<tbody><${EmptyRow} span=${HEADS.length} text=${emptyText("books", "No instrument yet")} /></tbody>` : null}
    </table>
  <//>`;
}
