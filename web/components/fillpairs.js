// Our fills of the day and the venue's own list of them, execution by execution; what differs comes first. Asked for
// while an instrument is open.

import { fillPairsRead } from "../api.js";
import { LATE_MS, TOLD_MS, useTold } from "../asked.js";
import { ageText, countText, dateTimeText, decimalCompare, idText, millisecondsOf, momentText, timeText } from "../format.js";
import { problemText } from "../perform.js";
import { html, useState } from "../vendor/preact-htm.js";
import { placesOf } from "./market.js";
import { EmptyRow, Num, Panel, Side, Tab } from "./parts.js";
import { PlainHead } from "./table.js";

/** @import { FillPair, FillPairs, FillTerms } from "../types/shapes.js" */

const FEW = 100;
/** As many as one answer holds. */
const MANY = 1000;
const COLUMNS = 7;
const NOBODY = "nobody answered";

/** What is listed: the name of it in the API, and its title. */
const LISTS = /** @type {const} */ ([
  ["apart", "Differences"],
  ["unknown", "Not known"],
  ["", "All"],
]);

/** @type {Record<string, string>} */
const WHY = {
  never_told: "the venue has not told its list",
  not_told_since: "the venue has not told its list since",
  venue_forgotten: "older than what is held of the venue's list",
  ours_forgotten: "older than what is held of our fills",
  on_its_way: "told just now, on its way to us",
};

/** @param {FillPair} pair @param {string[]} unlike */
function verdictOf({ state, why }, unlike) {
  switch (state) {
    case "both":
      return { text: "agree", tone: "chip-good" };
    case "differs":
      return { text: `differ: ${unlike.join(", ")}`, tone: "chip-bad" };
    case "ours_only":
      return { text: "ours only: not on the venue's list", tone: "chip-bad" };
    case "venue_only":
      return { text: "venue only: not booked by us", tone: "chip-bad" };
    default:
      return { text: `not known: ${WHY[why ?? ""] ?? why ?? ""}`, tone: "" };
  }
}

/** What the two sides do not say alike. @param {FillPair} pair @returns {string[]} */
function unlikeOf({ ours, venue }) {
  if (!ours || !venue) {
    return [];
  }
  const numbers = /** @type {const} */ (["qty", "price", "fee"]);
  const unlike = numbers.filter((name) => decimalCompare(ours[name], venue[name]) !== 0);
  return ours.side === venue.side ? unlike : ["side", ...unlike];
}

/**
 * One value where both sides say the same, else whose it is.
 * @param {{pair: FillPair, apart: boolean, draw: (terms: FillTerms) => any}} props
 */
function Value({ pair: { ours, venue }, apart, draw }) {
  if (ours && venue && !apart) {
    return draw(ours);
  }
  return html`${ours ? html`<div><span class="minor">ours</span> ${draw(ours)}</div>` : null}${
    venue ? html`<div><span class="minor">venue</span> ${draw(venue)}</div>` : null
  }`;
}

/** @param {{pair: FillPair, places: {price: number, qty: number}}} props */
function PairRow({ pair, places }) {
  const unlike = unlikeOf(pair);
  const verdict = verdictOf(pair, unlike);
  const number = (/** @type {"qty" | "price" | "fee"} */ name, /** @type {number} */ shown) =>
    html`<${Value}
      pair=${pair}
      apart=${unlike.includes(name)}
      draw=${(/** @type {FillTerms} */ terms) => html`<${Num} value=${terms[name]} places=${shown} bright=${8} />`}
    />`;
  return html`<tr data-pair=${pair.id} data-state=${pair.state}>
    <td title=${momentText(pair.at_ns)}>${timeText(pair.at_ns)}</td>
    <td class="pair-says"><span class=${`chip ${verdict.tone}`}>${verdict.text}</span></td>
    <td>
      <${Value}
        pair=${pair}
        apart=${unlike.includes("side")}
        draw=${(/** @type {FillTerms} */ { side }) => html`<${Side} side=${side} />`}
      />
    </td>
    <td class="end">${number("qty", places.qty)}</td>
    <td class="end">${number("price", places.price)}</td>
    <td class="end">${number("fee", 2)}</td>
    <td title=${`${idText(pair.order)}, execution ${pair.id}`}>${idText(pair.order)}</td>
  </tr>`;
}

/** @param {FillPairs} body @param {string} list */
function countOf({ counts }, list) {
  const { both, differs, ours_only, venue_only, unknown } = counts;
  const apart = differs + ours_only + venue_only;
  return list === "apart" ? apart : list === "unknown" ? unknown : both + apart + unknown;
}

/** Why there is no row. @param {FillPairs} body @param {string} list */
function noneText(body, list) {
  const { both, unknown } = body.counts;
  if (countOf(body, "") === 0) {
    return body.told_ns === null
      ? "No fill of ours today; not known of the venue, which has not told its list"
      : "No fill today, on neither side";
  }
  return list === "apart"
    ? `None differs: ${countText(both)} agree, ${countText(unknown)} not known`
    : `None: of all ${countText(countOf(body, ""))} it is known`;
}

/** @param {{body: FillPairs, since: number} | null} told */
function windowText(told) {
  if (told === null) {
    return "";
  }
  const { body, since } = told;
  const sent = millisecondsOf(body.age_ns);
  if (since > LATE_MS) {
    return `Old: not answered for ${ageText(since)}`;
  }
  return sent === null
    ? "the venue has not told its list"
    : `the venue told its list ${ageText(sent + since)} ago; whole since ${dateTimeText(body.since_ns)}`;
}

/** @param {{told: {body: FillPairs, since: number} | null, list: string, trouble: string, places: {price: number, qty: number}}} props */
function Rows({ told, list, trouble, places }) {
  if (told === null) {
    return html`<${EmptyRow} span=${COLUMNS} text=${trouble === "" ? "Asking\u2026" : `Not known: ${trouble}`} />`;
  }
  const { items } = told.body;
  return items.length === 0
    ? html`<${EmptyRow} span=${COLUMNS} text=${noneText(told.body, list)} />`
    : items.map((pair) => html`<${PairRow} key=${pair.id} pair=${pair} places=${places} />`);
}

/** @param {{told: {body: FillPairs} | null, list: string, many: boolean, onMore: () => void}} props where the answer ends before the list does */
function More({ told, list, many, onMore }) {
  if (!told?.body.next) {
    return null;
  }
  const says = `The newest ${countText(told.body.items.length)} of ${countText(countOf(told.body, list))} are shown.`;
  return html`<p class="nothing">
    ${says} ${many ? "The API has the others." : html`<button type="button" class="button button-plain" onClick=${onMore}>Show more</button>`}
  </p>`;
}

/** @param {{body: FillPairs} | null} told */
function headsOf(told) {
  const fee = told ? `>Fee, ${told.body.currency}` : ">Fee";
  return ["Venue's time (UTC)", "Sides", "Side", ">Qty", ">Price", fee, "Order"];
}

/** @param {{instrument: string}} props empty: none is open */
export function FillPairsPanel({ instrument }) {
  const [list, setList] = useState("apart");
  const [limit, setLimit] = useState(FEW);
  const [trouble, setTrouble] = useState("");

  async function ask() {
    const answer = await fillPairsRead(instrument, list, limit);
    setTrouble(answer.ok ? "" : answer.status === 0 ? NOBODY : problemText(answer.problem));
    return answer;
  }

  const told = useTold(instrument && `${instrument} ${list} ${limit}`, ask, TOLD_MS);
  const [, symbol] = instrument.split(":");
  const tabs = html`<div class="tabs" role="group" aria-label="Which fills">
    ${LISTS.map(
      ([name, title]) =>
        html`<${Tab}
          key=${title}
          id=${name}
          chosen=${list}
          label=${told ? `${title} ${countText(countOf(told.body, name))}` : title}
          onChoose=${setList}
        />`,
    )}
  </div>`;
  return html`<${Panel}
    id="recon-pairs"
    title=${instrument ? `Fills of ${symbol}, one by one` : "Fills, one by one"}
    topic="fills"
    told=${told?.since ?? null}
    extra=${instrument === "" ? null : tabs}
  >
    ${
      instrument === ""
        ? html`<p class="nothing">Press an instrument's name above: its fills, ours and the venue's, stand here.</p>`
        : html`<p class="pairs-window" data-test="pairs-window">${windowText(told)}</p>
            <div class="scroll" tabindex="0" role="group" aria-label="Fills">
              <table class=${`grid recon-grid recon-pairs-grid ${(told?.since ?? 0) > LATE_MS ? "row-stale" : ""}`}>
                <${PlainHead} labels=${headsOf(told)} />
                <tbody>
                  <${Rows} told=${told} list=${list} trouble=${trouble} places=${placesOf(instrument)} />
                </tbody>
              </table>
            </div>
            <${More} told=${told} list=${list} many=${limit === MANY} onMore=${() => setLimit(MANY)} />`
    }
  <//>`;
}
