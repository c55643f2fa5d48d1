// The public trades of the chosen instrument, newest first. The stream does not carry them: they are asked for
// each second, and only while somebody looks.

import { tradesRead } from "../api.js";
import { ageText, countText, millisecondsOf, timeText, venueText } from "../format.js";
import { page } from "../state.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { instrumentTrouble, placesOf, StaleBadge } from "./market.js";
import { EmptyRow, Num, Panel } from "./parts.js";

/** @import { Trade } from "../types/shapes.js" */
/** @typedef {{instrument: string, items: Trade[], at: number}} Told */

const READ_MS = 1000;
const OLD_MS = 3500;
const ROWS = 40;
const SIDES = { buy: "buyer took", sell: "seller took" };

/** @param {string | null} instrument @returns {Told | null} the last answer for it */
function useTrades(instrument) {
  const [told, setTold] = useState(/** @type {Told | null} */ (null));
  useEffect(() => {
    let looking = true;
    async function load() {
      const answer = instrument ? await tradesRead(instrument, ROWS) : null;
      if (looking && instrument && answer?.ok && answer.body) {
        setTold({ instrument, items: answer.body.items, at: performance.now() });
      }
    }
    load();
    const timer = setInterval(load, READ_MS);
    return () => {
      looking = false;
      clearInterval(timer);
    };
  }, [instrument]);
  return told?.instrument === instrument ? told : null;
}

/** @param {{trade: Trade, since: number, places: {price: number, qty: number}}} props */
function TradeRow({ trade, since, places }) {
  const sent = millisecondsOf(trade.age_ns);
  return html`<tr data-trade=${trade.seq}>
    <td class="start" title=${trade.at_ns}>${timeText(trade.at_ns)}</td>
    <td class="start"><span class=${`side-${trade.side}`}>${SIDES[trade.side]}</span></td>
    <td class=${trade.side === "buy" ? "depth-bid" : "depth-ask"}>
      <${Num} value=${trade.price} places=${places.price} bright=${8} />
    </td>
    <td><${Num} value=${trade.qty} places=${places.qty} bright=${8} /></td>
    <td class="age-cell">${ageText(sent === null ? null : sent + since)}</td>
  </tr>`;
}

/** @param {Told | null} told @param {number | null} since */
function stateText(told, since) {
  if (since === null) {
    return "";
  }
  if (since > OLD_MS) {
    return `Old: not answered for ${ageText(since)}`;
  }
  const newest = told?.items[0]?.seq;
  return newest === undefined ? "" : `${countText(newest)} since the start`;
}

export function TapePanel() {
  const name = page.selected;
  const told = useTrades(name);
  const since = told ? performance.now() - told.at : null;
  const places = placesOf(name ?? "");
  const [venue, symbol] = (name ?? "").split(":");
  const rows = told?.items ?? [];
  const old = (since !== null && since > OLD_MS) || (name !== null && instrumentTrouble(name) !== "");
  const says = stateText(told, since);
  return html`<${Panel}
    id="tape"
    title=${name ? `Trades of ${symbol} ${venueText(venue)}` : "Trades"}
    topic="books"
    told=${since}
    extra=${html`${name ? html`<${StaleBadge} instrument=${name} />` : null}<span class="minor">${says}</span>`}
  >
    <div class="scroll" tabindex="0" role="group" aria-label="Trades">
      <table class=${`grid tape-grid ${old ? "row-stale" : ""}`}>
        <thead>
          <tr>
            <th scope="col">Time (UTC)</th>
            <th scope="col">Side</th>
            <th scope="col" class="end">Price</th>
            <th scope="col" class="end">Qty</th>
            <th scope="col" class="end">Age</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map((trade) => html`<${TradeRow} key=${trade.seq} trade=${trade} since=${since ?? 0} places=${places} />`)}
          ${rows.length === 0 ? html`<${EmptyRow} span=${5} text=${told ? "No trade since the start" : "Asking\u2026"} />` : null}
        </tbody>
      </table>
    </div>
  <//>`;
}
