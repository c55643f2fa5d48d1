// Ten levels of the chosen instrument, bids left, asks right, with bars of size.

import { countText, shareText, venueText } from "../format.js";
import { page } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { instrumentTrouble, placesOf, StaleBadge } from "./market.js";
import { Num, Panel } from "./parts.js";

const LEVELS = 10;

/** @typedef {[string, string] | undefined} Level */

/** The width of a bar: a pixel position. @param {Level} level @param {number} most */
function share(level, most) {
  return shareText(level ? Number(level[1]) : 0, most);
}

/** @param {{index: number, bid: Level, ask: Level, most: number, places: {price: number, qty: number}}} props */
function DepthRow({ index, bid, ask, most, places }) {
  return html`<tr>
    <td class="depth-qty">
      <span class="bar bar-bid" style=${{ width: share(bid, most) }}></span
      ><${Num} value=${bid?.[1]} places=${places.qty} bright=${8} />
    </td>
    <td class="depth-bid"><${Num} value=${bid?.[0]} places=${places.price} bright=${8} /></td>
    <th scope="row" class="depth-level">${countText(index + 1)}</th>
    <td class="depth-ask"><${Num} value=${ask?.[0]} places=${places.price} bright=${8} /></td>
    <td class="depth-qty depth-qty-ask">
      <span class="bar bar-ask" style=${{ width: share(ask, most) }}></span
      ><${Num} value=${ask?.[1]} places=${places.qty} bright=${8} />
    </td>
  </tr>`;
}

export function DepthPanel() {
  const name = page.selected;
  const book = name ? page.books.get(name) : undefined;
  const places = placesOf(name ?? "");
  const sides = [...(book?.bids ?? []).slice(0, LEVELS), ...(book?.asks ?? []).slice(0, LEVELS)];
  const most = Math.max(0, ...sides.map((level) => Number(level[1])));
  const [venue, symbol] = (name ?? "").split(":");
  const title = name ? `Depth of ${symbol} ${venueText(venue)}` : "Depth";
  const old = name !== null && instrumentTrouble(name) !== "";
  return html`<${Panel} id="depth" title=${title} topic="books" extra=${name ? html`<${StaleBadge} instrument=${name} />` : null}>
    <table class=${`grid depth-grid ${old ? "row-stale" : ""}`}>
      <thead>
        <tr>
          <th scope="col" class="end">Qty</th>
          <th scope="col" class="end">Bid</th>
          <th scope="col"><span class="unseen">Level</span></th>
          <th scope="col">Ask</th>
          <th scope="col">Qty</th>
        </tr>
      </thead>
      <tbody>
        ${Array.from({ length: LEVELS }, (_, index) => {
          const levels = { bid: book?.bids?.[index], ask: book?.asks?.[index] };
          return html`<${DepthRow}
            key=${index}
            index=${index}
            ...${levels}
            most=${most}
            places=${places}
          />`;
        })}
      </tbody>
    </table>
  <//>`;
}
