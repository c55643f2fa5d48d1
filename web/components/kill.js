// The kill switch. On the screen in every view, usable without the stream and without any other part of the
// page; above whatever opens.
//
// Two ways, neither of which a slip takes: a press that lasts, or a typed word and Enter. Before either, the
// scope, what it holds and what works in it stand above the button in words. The receipt that the server
// answered is shown at once and fills in as cancels are confirmed: by the stream, or by asking for it while
// the stream is down. On a narrow screen it is a bar at the foot; what is not needed for one press folds.

import { kill } from "../api.js";
import { actionRefusal, ACTIONS } from "../actions.js";
import { scopeText } from "../format.js";
import { HOLD_BEATS, useHold } from "../hold.js";
import { scopeWords } from "../inscope.js";
import { perform, problemText } from "../perform.js";
import { changed, notify, page, role, stale, topicSynced } from "../state.js";
import { useTyped } from "../typed.js";
import { useUnconfirmed } from "../unconfirmed.js";
import { html, useState } from "../vendor/preact-htm.js";
import { Boundary } from "./boundary.js";
import { OtherWays } from "./killways.js";
import { fieldOf, Options, Panel } from "./parts.js";
import { isNewer, newestReceipt, ReceiptCard, useReceiptPolling } from "./receipts.js";

/** @import { Answer, Receipt } from "../types/shapes.js" */

const WORD = "KILL";
/** The log-in page says it. */
const SESSION_GONE = 401;
const NO_REASON = "by hand, no reason given";

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

/** What pressing does, in words. @param {string} scope @param {boolean} flatten */
function killHint(scope, flatten) {
  return flatten
    ? `Halts, cancels, then closes what ${scopeText(scope)} holds at the market, reduce-only. Does not ask again.`
    : "Halts and cancels at once. Does not ask again.";
}

/** @param {Receipt} receipt @param {boolean} flatten */
function killedText({ scope, incident, joined }, flatten) {
  const did = joined
    ? `${scopeText(scope, true)} was killed already: joined incident ${incident}`
    : `Killed ${scopeText(scope)}: incident ${incident}`;
  return flatten ? `${did}, flattening` : did;
}

/**
 * No receipt, no kill: stays until it is closed, whatever answered in the server's place.
 * @param {Answer<Receipt>} answer @param {string} scope @param {boolean} flatten
 */
function unkilledText({ ok, status, problem }, scope, flatten) {
  const refused = status === 0 ? (problem?.title ?? "nobody answered") : problemText(problem);
  const why = ok ? "the answer holds no receipt" : refused;
  const command = `pitwall kill --data DIR --scope ${scope} --reason ...${flatten ? " --flatten" : ""}`;
  return `Kill is NOT confirmed: ${why}. Press again, or at the host: ${command}`;
}

/** @param {{scope: string, flatten: boolean, busy: boolean, refusal: string, onKill: () => void}} props */
function HoldButton({ scope, flatten, busy, refusal, onKill }) {
  const what = `${flatten ? "kill and flatten" : "kill"} ${scopeText(scope)}`;
  const { beats, handlers } = useHold(onKill, `${what} ${scope} ${refusal}`);
  const label = busy ? "Killing\u2026" : beats > 0 ? `Keep holding to ${what}` : `Hold to ${what}`;
  return html`<button
    type="button"
    id="kill"
    class="button button-kill"
    data-action="kill"
    disabled=${refusal !== ""}
    title=${refusal || ACTIONS.kill.says}
    data-held=${beats === HOLD_BEATS ? "done" : beats > 0 ? "yes" : "no"}
    ...${handlers}
  >
    <span class="kill-held" aria-hidden="true" style=${{ width: `${beats * (100 / HOLD_BEATS)}%` }}></span>
    <span class="kill-label">${label}</span>
  </button>`;
}

/** @param {{scope: string}} props */
function Words({ scope }) {
  return html`<span>${scopeWords(scope)}</span>`;
}

/** @param {{scope: string, onScope: (scope: string) => void}} props */
function ScopeField({ scope, onScope }) {
  return html`<div class="field kill-scope">
    <label for="kill-scope">Scope</label>
    <select
      id="kill-scope"
      value=${scope}
      onChange=${(/** @type {any} */ event) => onScope(event.target.value)}
    >
      <${Options} names=${scopes()} />
    </select>
  </div>`;
}

/** @param {{flatten: boolean, onFlatten: (flatten: boolean) => void, reason: string, onReason: (reason: string) => void}} props */
function Extras({ flatten, onFlatten, reason, onReason }) {
  return html`<label class="check" for="kill-flatten" title=${FLATTEN_SAYS}>
      <input
        id="kill-flatten"
        ...${fieldOf("kill")}
        type="checkbox"
        checked=${flatten}
        onChange=${(/** @type {any} */ event) => onFlatten(event.target.checked)}
      />
      <span>Flatten too: sell or buy back what is held</span>
    </label>
    <div class="field">
      <label for="kill-reason">Reason</label>
      <input
        id="kill-reason"
        ...${fieldOf("kill")}
        data-test="kill-reason"
        autocomplete="off"
        maxlength="200"
        placeholder="why, if there is time"
        value=${reason}
        onInput=${(/** @type {any} */ event) => onReason(event.target.value)}
      />
    </div>`;
}

/** @param {{refusal: string, onKill: () => void}} props for those who do not hold a pointer */
function WordField({ refusal, onKill }) {
  const [typed, setTyped] = useState("");
  const right = typed.trim().toUpperCase() === WORD;
  return html`<div class="field">
    <label for="at-kill">Or type</label>
    <input
      id="at-kill"
      ...${fieldOf("kill")}
      autocomplete="off"
      spellcheck=${false}
      placeholder=${`${WORD}, then Enter`}
      value=${typed}
      aria-describedby="kill-hint"
      onInput=${(/** @type {any} */ event) => setTyped(event.target.value)}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
        if (event.key === "Enter" && right && !refusal) {
          setTyped("");
          onKill();
        }
      }}
    />
  </div>`;
}

/** @param {{open: boolean, onOpen: () => void, onReceipt: (receipt: Receipt) => void}} props */
function KillForm({ open, onOpen, onReceipt }) {
  const [scope, setScope] = useTyped("kill-scope", "firm");
  const [reason, setReason] = useTyped("kill-reason", "");
  const [flatten, setFlatten] = useState(false);
  const [busy, setBusy] = useState(0);
  const refusal = actionRefusal(ACTIONS.kill, role());
  const unconfirmed = useUnconfirmed(onReceipt);

  // Never refused while another is on its way: that one may hang, and a kill twice is one kill.
  async function press() {
    setBusy((now) => now + 1);
    const answer = await perform("kill", [], () => kill(scope, reason.trim() || NO_REASON, flatten), () => {});
    setBusy((now) => now - 1);
    if (answer?.ok && answer.body?.incident) {
      setReason((now) => (now === reason ? "" : now)); // not what was typed since
      setFlatten(false);
      onReceipt(answer.body);
      notify("warn", killedText(answer.body, flatten));
      unconfirmed.settle(answer.body);
    } else if (answer && answer.status !== SESSION_GONE) {
      unconfirmed.add(notify("bad", unkilledText(answer, scope, flatten), true), scope, flatten);
    }
  }

  const unknown = html`<span>${scopeText(scope, true)}: position and open orders are not known.</span>`;
  return html`<div class=${`kill-form ${open ? "is-open" : ""}`} role="group" aria-label="Kill">
    <${ScopeField} scope=${scope} onScope=${setScope} />
    <div class="kill-more kill-extras">
      <${Extras} flatten=${flatten} onFlatten=${setFlatten} reason=${reason} onReason=${setReason} />
    </div>
    <p class="kill-words" data-test="kill-words" tabindex="0" aria-label="What a kill meets">
      <${Boundary} what="What the kill meets" fallback=${unknown}><${Words} scope=${scope} /><//>
    </p>
    <${HoldButton} scope=${scope} flatten=${flatten} busy=${busy > 0} refusal=${refusal} onKill=${press} />
    <div class="kill-more">
      <${WordField} refusal=${refusal} onKill=${press} />
      <p class="hint" id="kill-hint">${refusal || killHint(scope, flatten)}</p>
    </div>
    <button type="button" class="button kill-open" aria-expanded=${open} onClick=${onOpen}>
      ${open ? "Less" : "Flatten, reason, receipt"}
    </button>
    ${stale() ? html`<${OtherWays} scope=${scope} />` : null}
  </div>`;
}

/** @param {{own: string, onOwn: (incident: string) => void}} props */
function LastReceipt({ own, onOwn }) {
  const [dismissed, setDismissed] = useState("");
  const newest = newestReceipt();
  // Whoever has killed wants to see that one, or the one it joined, until told otherwise.
  const mine = page.receipts.get(own);
  const receipt = mine ?? (newest?.incident === dismissed ? undefined : newest);
  useReceiptPolling(receipt);

  function dismiss() {
    setDismissed(own);
    onOwn("");
  }

  return receipt
    ? html`<${ReceiptCard}
        receipt=${receipt}
        newer=${mine && isNewer(newest, mine) ? newest : undefined}
        onDismiss=${mine ? dismiss : undefined}
      />`
    : null;
}

export function KillPanel() {
  const [own, setOwn] = useState("");
  const [open, setOpen] = useState(false);

  // The answer is as old as its way here was long: what the stream has told since is newer.
  function keep(/** @type {Receipt} */ fresh) {
    if (stale() || !topicSynced("kill") || !page.receipts.has(fresh.incident)) {
      page.receipts.set(fresh.incident, fresh);
    }
    setOwn(fresh.incident);
    setOpen(true);
    changed();
  }

  return html`<${Panel} id="kill" title="Kill switch" topic="kill" open=${true} action="kill">
    <${KillForm} open=${open} onOpen=${() => setOpen(!open)} onReceipt=${keep} />
    <div class=${`kill-rest ${open ? "is-open" : ""}`} aria-live="polite">
      <${Boundary} what="The receipt"><${LastReceipt} own=${own} onOwn=${setOwn} /><//>
    </div>
  <//>`;
}
