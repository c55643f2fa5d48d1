// Receipts of kills: what was blocked, what was cancelled, what is still held, filling in as it is confirmed.

import { receiptRead } from "../api.js";
import { serverNow } from "../clock.js";
import {
  countText,
  DASH,
  momentText,
  durationText,
  idText,
  millisecondsOf,
  scopeText,
  shareText,
  whenText,
} from "../format.js";
import { heldIn, heldText } from "../inscope.js";
import { changed, incidentOpen, page, stale, topicSynced } from "../state.js";
import { html, useEffect } from "../vendor/preact-htm.js";
import { EmptyRow, emptyText, Panel } from "./parts.js";

/** @import { Receipt } from "../types/shapes.js" */

const POLL_MS = 500;

/** @param {{label: string, value: string, tone?: string}} props */
function Cell({ label, value, tone = "" }) {
  return html`<div class=${`cell ${tone}`}>
    <dt>${label}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** Of a run before this one, whose figures nobody will send any more? @param {Receipt} receipt */
function isOfEarlierRun(receipt) {
  const at = millisecondsOf(receipt.at_ns);
  const startedAt = serverNow() - (page.status?.uptime_s ?? Infinity) * 1000;
  return receipt.resting === null && at !== null && at < startedAt;
}

/** Has its scope been let trade again since? @param {Receipt} receipt */
function isResumed(receipt) {
  const row = page.tradingStates.get(receipt.scope);
  return (
    row !== undefined &&
    row.state !== "HALTED" &&
    BigInt(row.since_ns ?? 0) > BigInt(receipt.at_ns)
  );
}

/** Asked for, not there, and not given up? @param {Receipt} receipt */
function isFlattening({ flatten }) {
  return flatten !== null && !flatten.done && !flatten.refused;
}

/** @param {Receipt} receipt @returns {{text: string, tone: string}} */
function progressWords(receipt) {
  if (isOfEarlierRun(receipt)) {
    return { text: "from an earlier run, see the audit", tone: "" };
  }
  if (receipt.complete && receipt.flatten?.refused) {
    return { text: "not flat", tone: "chip-bad" };
  }
  if (receipt.complete && isFlattening(receipt)) {
    return { text: "flattening\u2026", tone: "chip-warn" };
  }
  return receipt.complete
    ? { text: "complete", tone: "chip-good" }
    : { text: "filling in\u2026", tone: "chip-warn" };
}

/** How far flattening has come, in words. @param {Receipt} receipt */
function flattenWords({ scope, flatten }) {
  const sent = flatten?.orders === 1 ? "1 exit sent" : `${flatten?.orders ?? DASH} exits sent`;
  if (flatten?.done) {
    return { text: "Flat: nothing is held", sent, tone: "good" };
  }
  const held = stale() ? "" : heldText(heldIn(scope) ?? []);
  const still = held ? `. Still held: ${held}` : "";
  return flatten?.refused
    ? { text: `Not flat: ${flatten.refused}${still}`, sent, tone: "bad" }
    : { text: `Selling or buying back what is held, reduce-only${still}`, sent, tone: "warn" };
}

/** @param {{receipt: Receipt}} props */
function FlattenLine({ receipt }) {
  const { text, sent, tone } = flattenWords(receipt);
  return html`<p class=${`flatten flatten-${tone}`} data-test="flatten">
    <span>${text}</span> <span class="flatten-sent">${sent}</span>
  </p>`;
}

/** The engine that stops by its own finding blocks in that very step. @param {Receipt} receipt */
function blockText({ ns_to_block }) {
  return ns_to_block === "0" ? "by itself" : durationText(ns_to_block);
}

/** What never left needs no cancel: all is done when the receipt says so. @param {Receipt} receipt */
function progressText(receipt) {
  const { cancels, complete } = receipt;
  return cancels?.sent && !complete
    ? shareText(cancels.confirmed ?? 0, cancels.sent)
    : shareText(Number(complete && !isOfEarlierRun(receipt)), 1);
}

/**
 * `newer`: another kill has come since this one of ours.
 * @param {{receipt: Receipt, newer: Receipt | undefined, onDismiss: (() => void) | undefined}} props
 */
export function ReceiptCard({ receipt, newer, onDismiss }) {
  const { cancels } = receipt;
  const words = progressWords(receipt);
  return html`<article
    class="receipt"
    aria-label="Kill receipt"
    data-test="receipt"
    data-complete=${String(receipt.complete)}
  >
    <header>
      <b>Incident ${idText(receipt.incident)}</b>
      ${isResumed(receipt) ? html`<span class="chip" data-test="resumed">resumed</span>` : null}
      <span class=${`chip ${words.tone}`}>${words.text}</span>
      <span class=${`chip ${receipt.durable ? "chip-good" : "chip-warn"}`}
        >${receipt.durable ? "durable" : "not yet durable"}</span
      >
      ${
        onDismiss
          ? html`<button
              type="button"
              class="notice-close"
              aria-label="Dismiss this receipt"
              onClick=${onDismiss}
            >
              ×
            </button>`
          : null
      }
    </header>
    <p class="receipt-words" title=${momentText(receipt.at_ns)}>
      <b>${receipt.actor}</b>${" killed "}<b>${scopeText(receipt.scope)}</b>
      ${` at ${whenText(receipt.at_ns, serverNow(), true)}`}
    </p>
    <p class="receipt-why"><q>${receipt.reason}</q></p>
    ${receipt.engine === "silent" ? html`<p class="refusal">Engine silent: the gateways cancel by themselves.</p>` : null}
    <div class="progress" aria-hidden="true"><span style=${{ width: progressText(receipt) }}></span></div>
    <dl class="cells">
      <${Cell} label="To block" value=${blockText(receipt)} />
      <${Cell} label="Last order" value=${countText(receipt.last_order_seq)} />
      <${Cell} label="Unsent" value=${countText(receipt.unsent)} />
      <${Cell} label="Resting" value=${countText(receipt.resting)} />
      <${Cell} label="Sent" value=${countText(cancels?.sent)} />
      <${Cell} label="Confirmed" value=${countText(cancels?.confirmed)} tone="cell-good" />
      <${Cell}
        label="Refused"
        value=${countText(cancels?.refused)}
        tone=${cancels?.refused ? "cell-bad" : ""}
      />
      <${Cell}
        label="Unknown"
        value=${countText(cancels?.unknown)}
        tone=${cancels?.unknown ? "cell-bad" : ""}
      />
    </dl>
    ${receipt.flatten ? html`<${FlattenLine} receipt=${receipt} />` : null}
    ${
      newer
        ? html`<p class="receipt-newer" data-test="newer">
            Newer: incident ${idText(newer.incident)}, <b>${newer.actor}</b> killed ${scopeText(newer.scope)}.
            Dismiss this one to see it.
          </p>`
        : null
    }
  </article>`;
}

/** Newest incident that the page knows, by time. @returns {Receipt | undefined} */
export function newestReceipt() {
  return [...page.receipts.values()].sort((a, b) =>
    BigInt(b.at_ns) > BigInt(a.at_ns) ? 1 : -1,
  )[0];
}

/** @param {Receipt | undefined} newest @param {Receipt} mine */
export function isNewer(newest, mine) {
  return newest !== undefined && BigInt(newest.at_ns) > BigInt(mine.at_ns);
}

/** Without the stream a receipt that is not complete is asked for. @param {Receipt | undefined} receipt */
export function useReceiptPolling(receipt) {
  const waiting =
    receipt !== undefined &&
    !(receipt.complete && receipt.durable && !isFlattening(receipt)) &&
    !isOfEarlierRun(receipt);
  useEffect(() => {
    if (!waiting) {
      return undefined;
    }
    const timer = setInterval(async () => {
      if (!stale() && topicSynced("kill")) {
        return;
      }
      const answer = await receiptRead(receipt.incident);
      if (answer.ok && answer.body) {
        page.receipts.set(answer.body.incident, answer.body);
        changed();
      }
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [receipt?.incident, waiting]);
}

/** @param {{receipt: Receipt}} props */
function ReceiptRow({ receipt }) {
  const { cancels, flatten } = receipt;
  const words = progressWords(receipt);
  const flat = flatten ? flattenWords(receipt).text : "not asked for";
  return html`<tr data-receipt=${receipt.incident}>
    <th scope="row">${idText(receipt.incident)}</th>
    <td title=${momentText(receipt.at_ns)}>${whenText(receipt.at_ns, serverNow())}</td>
    <td title=${receipt.scope}>${scopeText(receipt.scope)}</td>
    <td title=${`${receipt.actor}: ${receipt.reason}`}><b>${receipt.actor}</b> <q>${receipt.reason}</q></td>
    <td class="end">${blockText(receipt)}</td>
    <td class="end">${countText(receipt.resting)}</td>
    <td class="end">${countText(cancels?.confirmed)} of ${countText(cancels?.sent)}</td>
    <td>
      <span class=${`chip ${words.tone}`} title=${words.text}>${words.text.split(",")[0]}</span>${isResumed(receipt) ? " resumed" : ""}
    </td>
    <td title=${flat}>${flat}</td>
    <td class="row-buttons">
      <button type="button" class="button button-small" onClick=${() => incidentOpen(receipt.incident)}>Report</button>
    </td>
  </tr>`;
}

export function ReceiptsPanel() {
  const rows = [...page.receipts.values()].sort((a, b) => (BigInt(b.at_ns) > BigInt(a.at_ns) ? 1 : -1));
  return html`<${Panel} id="receipts" title="What each kill did" topic="kill">
    <table class="grid receipts-grid">
      <thead>
        <tr>
          <th scope="col">Incident</th>
          <th scope="col">At (UTC)</th>
          <th scope="col">Scope</th>
          <th scope="col">Who, why</th>
          <th scope="col" class="end">To block</th>
          <th scope="col" class="end">Resting</th>
          <th scope="col" class="end">Cancelled</th>
          <th scope="col">State</th>
          <th scope="col">Flatten</th>
          <th scope="col"><span class="unseen">Report</span></th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => html`<${ReceiptRow} key=${row.incident} receipt=${row} />`)}
        ${rows.length === 0 ? html`<${EmptyRow} span=${10} text=${emptyText("kill", "Nothing has been killed")} />` : null}
      </tbody>
    </table>
  <//>`;
}
