// The kill switch. Always on the screen, usable without the stream, one press once a reason is typed.
//
// The receipt that the server answered is shown at once and fills in as cancels are confirmed: by the
// stream, or by asking for it while the stream is down. Flattening is an extra that somebody ticks first:
// it stands before the reason, so that from the reason on it is one move all the same.

import { kill, receiptRead, resume } from "../api.js";
import { actionRefusal, ACTIONS } from "../actions.js";
import {
  countText,
  DASH,
  dateTimeText,
  decimalText,
  durationText,
  idText,
  millisecondsOf,
  scopeText,
  shareText,
  timeText,
} from "../format.js";
import { perform } from "../perform.js";
import { changed, notify, page, role, stale, topicSynced } from "../state.js";
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { ActionButton, Panel, StateChip } from "./parts.js";

/** @import { Receipt, TradingState } from "../types/shapes.js" */

const POLL_MS = 500;

function scopes() {
  return (
    page.schema?.scopes ?? [
      "firm",
      ...[...page.tradingStates.keys()].filter((scope) => scope !== "firm"),
    ]
  );
}

const FLATTEN_SAYS =
  "When the cancels are done: reduce-only market orders in the killed scope until nothing is held. " +
  "They never cross zero.";

/** What the button does, in words. @param {string} scope @param {boolean} flatten @param {boolean} armed */
function killHint(scope, flatten, armed) {
  if (!flatten) {
    return armed
      ? "Halts and cancels at once. Does not ask again."
      : "Type a reason to arm the button.";
  }
  const does = `Halts, cancels, then closes what ${scopeText(scope)} holds at the market, reduce-only.`;
  return `${does} ${armed ? "Does not ask again." : "Type a reason to arm the button."}`;
}

/** @param {Receipt} receipt @param {boolean} flatten */
function killedText({ scope, incident, joined }, flatten) {
  const did = joined
    ? `${scopeText(scope, true)} was killed already: joined incident ${incident}`
    : `Killed ${scopeText(scope)}: incident ${incident}`;
  return flatten ? `${did}, flattening` : did;
}

/** @param {{onReceipt: (receipt: Receipt) => void}} props */
function KillForm({ onReceipt }) {
  const [scope, setScope] = useState("firm");
  const [reason, setReason] = useState("");
  const [flatten, setFlatten] = useState(false);
  const [busy, setBusy] = useState(false);
  const refusal = actionRefusal(ACTIONS.kill, role());
  const armed = reason.trim() !== "";

  async function submit(/** @type {Event} */ event) {
    event.preventDefault();
    if (!armed || busy) {
      return;
    }
    setBusy(true);
    const answer = await perform("kill", [], () => kill(scope, reason.trim(), flatten));
    setBusy(false);
    if (answer?.ok && answer.body) {
      setReason((now) => (now === reason ? "" : now)); // not what was typed since
      setFlatten(false);
      onReceipt(answer.body);
      notify("warn", killedText(answer.body, flatten));
    } else if (answer?.status === 0) {
      const command = `pitwall kill --data DIR --scope ${scope} --reason ...${flatten ? " --flatten" : ""}`;
      notify(
        "bad",
        `Kill is NOT confirmed, nobody answered. Press again, or at the host: ${command}`,
        true,
      );
    }
  }

  return html`<form class="kill-form" onSubmit=${submit}>
    <div class="field">
      <label for="kill-scope">Scope</label>
      <select
        id="kill-scope"
        value=${scope}
        onChange=${(/** @type {any} */ event) => setScope(event.target.value)}
      >
        ${scopes().map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
      </select>
    </div>
    <label class="check" for="kill-flatten" title=${FLATTEN_SAYS}>
      <input
        id="kill-flatten"
        type="checkbox"
        checked=${flatten}
        onChange=${(/** @type {any} */ event) => setFlatten(event.target.checked)}
      />
      <span>Flatten too: sell or buy back what is held</span>
    </label>
    <div class="field">
      <label for="at-kill">Reason</label>
      <input
        id="at-kill"
        data-test="kill-reason"
        autocomplete="off"
        maxlength="200"
        required
        placeholder="type why; it goes into the audit trail"
        value=${reason}
        onInput=${(/** @type {any} */ event) => setReason(event.target.value)}
      />
    </div>
    <${ActionButton}
      action="kill"
      kind="kill"
      id="kill"
      submit=${true}
      busy=${busy || !armed}
      label=${busy ? "Killing\u2026" : `${flatten ? "Kill and flatten" : "Kill"} ${scopeText(scope)}`}
    />
    <p class="hint">${refusal || killHint(scope, flatten, armed)}</p>
  </form>`;
}

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
  const startedAt = Date.now() - (page.status?.uptime_s ?? Infinity) * 1000;
  return !receipt.complete && receipt.resting === null && at !== null && at < startedAt;
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

/**
 * What is still held in a scope, as far as the page knows: it has no positions by strategy.
 * @param {string} scope
 */
function heldText(scope) {
  const [kind, name] = scope.split(/\/(.*)/s);
  const held = [...page.positions.values()].filter(
    ({ instrument, lots }) =>
      lots !== 0 &&
      (kind === "firm" || (kind === "venue" ? instrument.startsWith(`${name}:`) : instrument === name)),
  );
  return held
    .map(({ instrument, qty }) => `${instrument.split(":")[1]} ${decimalText(qty)}`)
    .join(", ");
}

/** How far flattening has come, in words. @param {Receipt} receipt */
function flattenWords({ scope, flatten }) {
  const sent = flatten?.orders === 1 ? "1 exit sent" : `${flatten?.orders ?? DASH} exits sent`;
  if (flatten?.done) {
    return { text: "Flat: nothing is held", sent, tone: "good" };
  }
  const held = stale() ? "" : heldText(scope);
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

/**
 * `newer`: another kill has come since this one of ours.
 * @param {{receipt: Receipt, newer: Receipt | undefined, onDismiss: (() => void) | undefined}} props
 */
function ReceiptCard({ receipt, newer, onDismiss }) {
  const { cancels } = receipt;
  const words = progressWords(receipt);
  // What never left needs no cancel: all is done when the receipt says so.
  const progress =
    cancels?.sent && !receipt.complete
      ? shareText(cancels.confirmed ?? 0, cancels.sent)
      : shareText(Number(receipt.complete), 1);
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
    <p class="receipt-words" title=${dateTimeText(receipt.at_ns)}>
      <b>${receipt.actor}</b>${" killed "}<b>${scopeText(receipt.scope)}</b>
      ${` at ${timeText(receipt.at_ns)}`}
    </p>
    <p class="receipt-why"><q>${receipt.reason}</q></p>
    ${receipt.engine === "silent" ? html`<p class="refusal">Engine silent: the gateways cancel by themselves.</p>` : null}
    <div class="progress" aria-hidden="true"><span style=${{ width: progress }}></span></div>
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

/** @param {{row: TradingState, onDone: () => void}} props */
function ResumeForm({ row, onDone }) {
  const [reason, setReason] = useState("");
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);

  async function submit(/** @type {Event} */ event) {
    event.preventDefault();
    const incident = row.incident ?? null;
    const lines = [
      `${scopeText(row.scope, true)} is ${row.state} since ${dateTimeText(row.since_ns)}${row.cause ? `: ${row.cause}` : ""}.`,
      `A second person will be asked to set it ACTIVE again${incident ? ` and so clear incident ${idText(incident)}` : ""}.`,
    ];
    const answer = await perform("resume", lines, () => resume(row.scope, incident, reason.trim()));
    if (answer?.ok) {
      notify(
        "warn",
        `Resume of ${scopeText(row.scope)} waits for a second person: approval ${answer.body?.id ?? ""}`,
      );
      onDone();
    }
  }

  return html`<form class="resume-form" onSubmit=${submit}>
    <label class="unseen" for="resume-reason">Reason to resume ${row.scope}</label>
    <input
      id="resume-reason"
      autocomplete="off"
      required
      ref=${field}
      placeholder=${`why may ${row.scope} trade again?`}
      value=${reason}
      onInput=${(/** @type {any} */ event) => setReason(event.target.value)}
    />
    <${ActionButton}
      action="resume"
      kind="small"
      submit=${true}
      label="Ask for approval"
      busy=${reason.trim() === ""}
    />
    <button type="button" class="button button-small" onClick=${onDone}>Close</button>
  </form>`;
}

/** @param {{row: TradingState, resuming: boolean, onResume: (scope: string | null) => void}} props */
function StateRow({ row, resuming, onResume }) {
  const why = [row.cause, row.actor, row.incident ? `incident ${row.incident}` : ""]
    .filter(Boolean)
    .join(", ");
  const above = row.effective !== row.state;
  const note = row.state === "ACTIVE" ? "" : why;
  return html`<li class="state-row" data-scope=${row.scope} data-state=${row.state}>
    <span class="state-scope" title=${row.scope}>${row.scope.replace("instrument/", "")}</span>
    <${StateChip} state=${row.effective} above=${above} />
    ${
      row.state === "ACTIVE"
        ? html`<span class="state-since" title=${`since ${dateTimeText(row.since_ns)}`}
            >${timeText(row.since_ns).slice(0, 8)}</span
          >`
        : html`<${ActionButton}
            action="resume"
            kind="small"
            says=${`Ask to resume ${row.scope}`}
            onPress=${() => onResume(resuming ? null : row.scope)}
          />`
    }
    ${note ? html`<span class="state-why" title=${why}>${note}</span>` : null}
    ${resuming ? html`<${ResumeForm} row=${row} onDone=${() => onResume(null)} />` : null}
  </li>`;
}

/** Newest incident that the page knows, by time. @returns {Receipt | undefined} */
function newestReceipt() {
  return [...page.receipts.values()].sort((a, b) =>
    BigInt(b.at_ns) > BigInt(a.at_ns) ? 1 : -1,
  )[0];
}

/** @param {Receipt | undefined} newest @param {Receipt} mine */
function isNewer(newest, mine) {
  return newest !== undefined && BigInt(newest.at_ns) > BigInt(mine.at_ns);
}

/** Without the stream a receipt that is not complete is asked for. @param {Receipt | undefined} receipt */
function useReceiptPolling(receipt) {
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

export function KillPanel() {
  const [resuming, setResuming] = useState(/** @type {string | null} */ (null));
  const [own, setOwn] = useState("");
  const [dismissed, setDismissed] = useState("");
  const newest = newestReceipt();
  // Whoever has killed wants to see that one, or the one it joined, until told otherwise.
  const mine = page.receipts.get(own);
  const receipt = mine ?? (newest?.incident === dismissed ? undefined : newest);
  const behind = stale() || !topicSynced("kill");
  useReceiptPolling(receipt);

  // The answer is as old as its way here was long: what the stream has told since is newer.
  function keep(/** @type {Receipt} */ fresh) {
    if (behind || !page.receipts.has(fresh.incident)) {
      page.receipts.set(fresh.incident, fresh);
    }
    setOwn(fresh.incident);
    changed();
  }

  function dismiss() {
    setDismissed(own);
    setOwn("");
  }

  return html`<${Panel} id="kill" title="Kill switch" topic="kill" open=${true} action="kill">
    <${KillForm} onReceipt=${keep} />
    <div aria-live="polite">
      ${
        receipt
          ? html`<${ReceiptCard}
              receipt=${receipt}
              newer=${mine && isNewer(newest, mine) ? newest : undefined}
              onDismiss=${mine ? dismiss : undefined}
            />`
          : null
      }
    </div>
    <div class=${behind ? "is-stale" : ""} inert=${behind}>
      <ul class="states" aria-label="Trading state of each scope">
        ${[...page.tradingStates.values()].map(
          (row) =>
            html`<${StateRow}
              key=${row.scope}
              row=${row}
              resuming=${resuming === row.scope && row.state !== "ACTIVE"}
              onResume=${setResuming}
            />`,
        )}
      </ul>
    </div>
  <//>`;
}
