// The public trades of the chosen instrument, newest first. The stream does not carry them: they are asked for
// each second, and only while somebody looks.

import { tradesRead } from "../api.js";
import { useTold } from "../asked.js";
import { ageText, countText, millisecondsOf, momentText, timeText, venueText } from "../format.js";
import { page } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { instrumentTrouble, placesOf, StaleBadge } from "./market.js";
import { EmptyRow, Num, Panel } from "./parts.js";
import { PlainHead } from "./table.js";

/** @import { Trade } from "../types/shapes.js" */

const READ_MS = 1000;
const OLD_MS = 3500;
const ROWS = 40;
const HEADS = ["Time (UTC)", "Side", ">Price", ">Qty", ">Age"];
const SIDES = { buy: "buyer took", sell: "seller took" };

/** @param {{trade: Trade, since: number, places: {price: number, qty: number}}} props */
function TradeRow({ trade, since, places }) {
  const sent = millisecondsOf(trade.age_ns);
  return html`<tr data-trade=${trade.seq}>
    <td class="start" title=${momentText(trade.at_ns)}>${timeText(trade.at_ns)}</td>
    <td class="start"><span class=${`side-${trade.side}`}>${SIDES[trade.side]}</span></td>
    <td class=${trade.side === "buy" ? "depth-bid" : "depth-ask"}>
      <${Num} value=${trade.price} places=${places.price} bright=${8} />
    </td>
    <td><${Num} value=${trade.qty} places=${places.qty} bright=${8} /></td>
    <td class="age-cell">${ageText(sent === null ? null : sent + since)}</td>
  </tr>`;
}

/** @param {{items: Trade[], since: number} | null} told */
function stateText(told) {
  if (told === null) {
    return "";
  }
  if (told.since > OLD_MS) {
    return `Old: not answered for ${ageText(told.since)}`;
  }
  return told.items.length === 0 ? "" : `${countText(told.items[0].seq)} since the start`;
}

const ask = (/** @type {string} */ instrument) => tradesRead(instrument, ROWS);

export function TapePanel() {
  const name = page.selected;
  const told = useTold(name ?? "", ask, READ_MS);
  const since = told?.since ?? null;
  const places = placesOf(name ?? "");
  const [venue, symbol] = (name ?? "").split(":");
  const rows = told?.items ?? [];
  const old = (since !== null && since > OLD_MS) || (name !== null && instrumentTrouble(name) !== "");
  return html`<${Panel}
    id="tape"
    title=${name ? `Trades of ${symbol} ${venueText(venue)}` : "Trades"}
    topic="books"
    told=${since}
    extra=${html`${name ? html`<${StaleBadge} instrument=${name} />` : null}<span class="minor">${stateText(told)}</span>`}
  >
    <div class="scroll" tabindex="0" role="group" aria-label="Trades">
      <table class=${`grid tape-grid ${old ? "row-stale" : ""}`}>
        <${PlainHead} labels=${HEADS} />
        <tbody>
          ${/* Without keys: rows stay and their text changes, where some ten new ones a second would push all down. */ ""}
          ${rows.map((trade) => html`<${TradeRow} trade=${trade} since=${since ?? 0} places=${places} />`)}
          ${rows.length === 0 ? html`<${EmptyRow} span=${HEADS.length} text=${told ? "No trade since the start" : "Asking\u2026"} />` : null}
        </tbody>
      </table>
    </div>
  <//>`;
}
