// What each venue says that we did today and have there, beside what we say. Asked for while it is looked at.

import { reconciliationRead } from "../api.js";
import { LATE_MS, TOLD_MS, useTold } from "../asked.js";
import { ageText, countText, dateTimeText, DASH, decimalCompare, millisecondsOf, timeText } from "../format.js";
import { page } from "../state.js";
import { html, useState } from "../vendor/preact-htm.js";
import { FillPairsPanel } from "./fillpairs.js";
import { EmptyRow, InstrumentName, Num, Panel } from "./parts.js";
import { PlainHead } from "./table.js";

/** @import { VenueAccount, VenueBalance, VenueFills } from "../types/shapes.js" */

/** Two readings of the account that did not come: the venue is asked each half minute, unless set otherwise. */
const OLD_MS = 90000;
const FILL_HEADS = ["Instrument", ">Our fills", ">Venue's fills", ">Our fees", ">Venue's fees", "In", ">Told", "Counts"];
const BALANCE_HEADS = ["Venue", ">Equity", ">Wallet", ">Available", "In", ">Venue's time (UTC)", ">Told"];

/** @param {VenueFills} row @param {number | null} oldMs for how long the venue has not told; null: it is not late */
function verdictOf({ fills, fee, fills_since_told, venue_fills, venue_fee }, oldMs) {
  if (venue_fills === null) {
    return { text: "venue has not told", tone: "" };
  }
  if (oldMs !== null) {
    return { text: `venue has not told for ${ageText(oldMs)}`, tone: "" };
  }
  if (venue_fills > fills) {
    return { text: `differ: ${countText(venue_fills - fills)} more there`, tone: "chip-bad" };
  }
  if (fills_since_told === null) {
    return { text: "not known: too many since", tone: "" };
  }
  const missing = fills - fills_since_told - venue_fills;
  if (missing > 0) {
    return { text: `differ: ${countText(missing)} more here`, tone: "chip-bad" };
  }
  if (venue_fills < fills) {
    return { text: "agree, as far as told", tone: "chip-good" };
  }
  const fees = decimalCompare(fee, venue_fee);
  if (fees === null) {
    return { text: "fills agree, fee unknown", tone: "" };
  }
  return fees === 0 ? { text: "agree", tone: "chip-good" } : { text: "fees differ", tone: "chip-bad" };
}

/** @param {string | null} age_ns @param {number} since in ms, since the answer came */
function ageOf(age_ns, since) {
  const sent = millisecondsOf(age_ns);
  return sent === null ? null : sent + since;
}

/**
 * Its name opens the fills behind the counts, below.
 * @param {{row: VenueFills, simulated: boolean, since: number, chosen: boolean, onChoose: (instrument: string) => void}} props
 */
function FillsRow({ row, simulated, since, chosen, onChoose }) {
  const age = ageOf(row.age_ns, since);
  const isOld = !simulated && age !== null && age > OLD_MS; // a simulated venue tells with each fill
  const verdict = verdictOf(row, isOld ? age : null);
  return html`<tr data-recon-fills=${row.instrument} class=${since > LATE_MS || isOld ? "row-stale" : ""}>
    <th scope="row">
      <button
        type="button"
        class="pick"
        aria-expanded=${chosen}
        title="Our fills and the venue's, one by one"
        onClick=${() => onChoose(chosen ? "" : row.instrument)}
      >
        <${InstrumentName} name=${row.instrument} />
      </button>
    </th>
    <td class="end">${countText(row.fills)}</td>
    <td class="end">${countText(row.venue_fills)}</td>
    <td class="end"><${Num} value=${row.fee} places=${2} bright=${8} /></td>
    <td class="end"><${Num} value=${row.venue_fee} places=${2} bright=${8} /></td>
    <td>${row.currency}</td>
    <td class="end" title=${row.told_ns ?? ""}>${ageText(age)}</td>
    <td><span class=${`chip ${verdict.tone}`}>${verdict.text}</span></td>
  </tr>`;
}

/** @param {VenueFills | undefined} first @param {number | null} since */
function sinceText(first, since) {
  if (since !== null && since > LATE_MS) {
    return `Old: not answered for ${ageText(since)}`;
  }
  return first ? `since ${dateTimeText(first.since_ns)}; a fee below zero was earned` : "";
}

/** @param {{venues: VenueAccount[] | null, since: number | null, chosen: string, onChoose: (instrument: string) => void}} props */
function FillsPanel({ venues, since, chosen, onChoose }) {
  const rows = (venues ?? []).flatMap(({ simulated, instruments }) => instruments.map((row) => ({ row, simulated })));
  return html`<${Panel}
    id="recon-fills"
    title="Fills and fees of the day, ours and the venue's"
    topic="positions"
    told=${since}
    extra=${html`<span class="minor">${sinceText(rows[0]?.row, since)}</span>`}
  >
    <table class="grid recon-grid recon-fills-grid">
      <${PlainHead} labels=${FILL_HEADS} />
      <tbody>
        ${rows.map(
          ({ row, simulated }) =>
            html`<${FillsRow}
              key=${row.instrument}
              row=${row}
              simulated=${simulated}
              since=${since ?? 0}
              chosen=${chosen === row.instrument}
              onChoose=${onChoose}
            />`,
        )}
        ${rows.length === 0 ? html`<${EmptyRow} span=${FILL_HEADS.length} text=${venues ? "No instrument" : "Asking\u2026"} />` : null}
      </tbody>
    </table>
  <//>`;
}

/** @param {{venue: string, balance: VenueBalance, since: number}} props */
function ToldBalance({ venue, balance, since }) {
  const age = ageOf(balance.age_ns, since);
  return html`<tr data-balance=${venue} class=${since > LATE_MS || (age !== null && age > OLD_MS) ? "row-stale" : ""}>
    <th scope="row">${venue}</th>
    <td class="end"><${Num} value=${balance.equity} places=${2} bright=${8} /></td>
    <td class="end"><${Num} value=${balance.wallet} places=${2} bright=${8} /></td>
    <td class="end"><${Num} value=${balance.available} places=${2} bright=${8} /></td>
    <td>${balance.currency}</td>
    <td class="end" title=${balance.venue_ns ?? ""}>${timeText(balance.venue_ns)}</td>
    <td class="end age-cell">${ageText(age)}</td>
  </tr>`;
}

/** @param {{row: VenueAccount, since: number}} props */
function BalanceRow({ row, since }) {
  return row.balance
    ? html`<${ToldBalance} venue=${row.venue} balance=${row.balance} since=${since} />`
    : html`<tr data-balance=${row.venue}>
        <th scope="row">${row.venue}</th>
        <td colspan=${BALANCE_HEADS.length - 1}>
          ${row.simulated ? "unknown: the simulated venue keeps no balance" : "unknown: the venue has not told it yet"}
        </td>
      </tr>`;
}

/** What we count for the whole firm: no venue's figure, so it stands apart. */
function OwnBalance() {
  return html`<tr data-balance="ours">
    <th scope="row">ours, all venues</th>
    <td class="end"><${Num} value=${page.pnl?.equity} places=${2} bright=${8} /></td>
    <td colspan="2" title="the capital of the configuration and the PnL since">capital and PnL</td>
    <td>${page.pnl?.currency ?? DASH}</td>
    <td class="end">${DASH}</td>
    <td class="end">${DASH}</td>
  </tr>`;
}

/** @param {{venues: VenueAccount[] | null, since: number | null}} props */
function BalancesPanel({ venues, since }) {
  return html`<${Panel} id="recon-balances" title="Balances, as each venue says" topic="pnl" told=${since}>
    <table class="grid recon-grid recon-balances-grid">
      <${PlainHead} labels=${BALANCE_HEADS} />
      <tbody>
        ${(venues ?? []).map((row) => html`<${BalanceRow} key=${row.venue} row=${row} since=${since ?? 0} />`)}
        ${venues === null ? html`<${EmptyRow} span=${BALANCE_HEADS.length} text="Asking\u2026" />` : null}
        <${OwnBalance} />
      </tbody>
    </table>
  <//>`;
}

export function AccountPanels() {
  const told = useTold("all", reconciliationRead, TOLD_MS);
  const venues = told?.items ?? null;
  const since = told?.since ?? null;
  const [chosen, setChosen] = useState("");
  return html`<${FillsPanel} venues=${venues} since=${since} chosen=${chosen} onChoose=${setChosen} />
    <${FillPairsPanel} key=${chosen} instrument=${chosen} />
    <${BalancesPanel} venues=${venues} since=${since} />`;
}
