// Why the gate let an order pass or denied it: its life, and every check with what was measured and what was
// left.

import { verdictRead } from "../api.js";
import { countText, DASH, idText, isDecimal, nameText, valueText } from "../format.js";
import { problemText } from "../perform.js";
import { lookAtVerdict, page } from "../state.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { Dialog } from "./dialog.js";
import { OrderLife } from "./order_life.js";
import { Num } from "./parts.js";

/** @import { Answer, Check, Order, Verdict } from "../types/shapes.js" */

/** @param {{value: unknown}} props a figure of any unit, whole */
function Figure({ value }) {
  return isDecimal(value) ? html`<${Num} value=${value} bright=${8} />` : html`<span class="num">${valueText(value)}</span>`;
}

/** What no scope bounds was not judged; what forbids outright has no bound. @param {Check} check */
function verdictWord({ name, passed, limit }) {
  if (!passed) {
    return "denied";
  }
  return limit === null && page.schema?.limits.some((row) => row.name === name) ? "no limit" : "passed";
}

/** @param {{check: Check}} props */
function CheckRow({ check }) {
  return html`<tr class=${check.passed ? "" : "check-failed"}>
    <th scope="row">${nameText(check.name)}</th>
    <td class="cut" title=${check.scope ?? undefined}>${check.scope ?? DASH}</td>
    <td class="end"><${Figure} value=${check.measured} /></td>
    <td class="end"><${Figure} value=${check.limit} /></td>
    <td class="end"><${Figure} value=${check.headroom} /></td>
    <td class="start">${verdictWord(check)}</td>
  </tr>`;
}

/** @param {{verdict: Verdict}} props */
function Checks({ verdict }) {
  return html`<table class="grid why-grid">
    <thead>
      <tr>
        <th scope="col">Check</th>
        <th scope="col">Scope</th>
        <th scope="col" class="end">Measured</th>
        <th scope="col" class="end">Limit</th>
        <th scope="col" class="end">Headroom</th>
        <th scope="col">Verdict</th>
      </tr>
    </thead>
    <tbody>
      ${verdict.checks.map((check) => html`<${CheckRow} key=${check.name} check=${check} />`)}
    </tbody>
  </table>`;
}

/** A reason may not be the limit's own name: not set, or a duplicate. @param {Verdict} verdict */
function deniedByText({ denied_by: limit, state_of: scope, reason }) {
  if (scope) {
    return ` by the state of ${scope}`;
  }
  return limit && limit !== reason ? ` (${nameText(limit)})` : "";
}

/** @param {Verdict} verdict */
function verdictText(verdict) {
  const under = `judged by limits of generation ${countText(verdict.generation)}`;
  return verdict.passed
    ? `Passed, ${under}`
    : `Denied: ${nameText(verdict.reason ?? "")}${deniedByText(verdict)}, ${under}`;
}

/** @param {{order: Order}} props */
function Why({ order }) {
  const [answer, setAnswer] = useState(/** @type {Answer<Verdict> | null} */ (null));
  const close = () => lookAtVerdict(null);

  useEffect(() => {
    verdictRead(order.id).then(setAnswer);
  }, []);

  return html`<${Dialog}
    id="why"
    title=${`Order ${idText(order.id)}: ${order.side} ${order.qty} ${order.instrument}`}
    wide=${true}
    home="at-orderCancel"
    onClose=${close}
    extra=${html`<button type="button" class="button button-small" onClick=${close}>Close</button>`}
  >
    <p>
      ${answer?.body ? verdictText(answer.body) : answer ? problemText(answer.problem) : "Asking\u2026"}
    </p>
    <${OrderLife} order=${order} verdict=${answer?.body ?? null} />
    ${answer?.body ? html`<${Checks} verdict=${answer.body} />` : null}
  <//>`;
}

export function WhyHost() {
  return page.why ? html`<${Why} key=${page.why.id} order=${page.why} />` : null;
}
