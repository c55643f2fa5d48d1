// The limits of a scope, a form that writes itself from the served schema.
//
// What a person changes is judged against the generation they were looking at when they began: that is the
// If-Match. If the limits move meanwhile, the page says which, keeps what was typed, and asks to look again.

import { limitsRead, limitsWrite, whatIf } from "../api.js";
import {
  countText,
  DASH,
  decimalCompare,
  isDecimal,
  nameText,
  scopeText,
  unitText,
  valueText,
} from "../format.js";
import { ACTIONS, actionRefusal } from "../actions.js";
import { useSubmit } from "../once.js";
import { perform } from "../perform.js";
import { changed, notify, page, role } from "../state.js";
import { limitsBack } from "../typeback.js";
import { useTyped } from "../typed.js";
import { html, useRef, useState } from "../vendor/preact-htm.js";
import { LimitsNotes } from "./limits_past.js";
import { ActionButton, fieldOf, Num, Options, Panel } from "./parts.js";

/** @import { LimitRow as SchemaRow, Limits } from "../types/shapes.js" */

/** @typedef {Record<string, string>} Edits what was typed, by name of limit */

const PRECONDITION_FAILED = 412;
const ACCEPTED = 202;
const WHAT_IF_MINUTES = 60;
/** How long a raise may last @type {[string, number][]} */
const LASTS = [
  ["stays", 0],
  ["for 15 minutes", 900],
  ["for an hour", 3600],
  ["for 4 hours", 14400],
  ["for a day", 86400],
];

/**
 * The configuration file's bound of a limit, which no request passes; null: it lets nothing stand there; undefined: it
 * has none, or an older server does not tell.
 * @param {string} scope
 * @param {SchemaRow} row
 */
function capOf(scope, row) {
  return page.schema?.caps?.[scope]?.[row.name];
}

/** @param {string | number | null | undefined} cap */
function capWords(cap) {
  if (cap === undefined) {
    return "";
  }
  return cap === null ? "the configuration file allows no value" : `the hard cap of the configuration file is ${cap}`;
}

/** @param {SchemaRow} row @param {unknown} old @param {string} typed */
function isLooser(row, old, typed) {
  const order = decimalCompare(typed, String(old));
  return order !== null && (row.sense === "min" ? order < 0 : order > 0);
}

/**
 * What is wrong with a typed value, in words; empty when nothing is.
 * @param {string} scope
 * @param {SchemaRow} row
 * @param {string} typed
 */
function fault(scope, row, typed) {
  if (!isDecimal(typed) || (row.type === "integer" && typed.includes("."))) {
    return row.type === "integer" ? "a whole number, please" : "a plain decimal, please";
  }
  if (row.min !== null && decimalCompare(typed, String(row.min)) === -1) {
    return `not below ${row.min}`;
  }
  if (row.max !== null && decimalCompare(typed, String(row.max)) === 1) {
    return `not above ${row.max}`;
  }
  const cap = capOf(scope, row);
  return cap === null || (cap !== undefined && isLooser(row, cap, typed)) ? capWords(cap) : "";
}

/**
 * Does the new value loosen? Where nothing is set, orders are denied, so setting loosens; unless the firm
 * sets that limit already: then this scope only adds a bound of its own. The server decides in the end.
 * @param {SchemaRow} row
 * @param {Limits | undefined} limits of this scope
 * @param {string} typed
 */
function direction(row, limits, typed) {
  const old = limits?.limits[row.name] ?? null;
  if (old === null) {
    const firm =
      limits?.scope === "firm" ? null : (page.limits.get("firm")?.limits[row.name] ?? null);
    return firm === null ? "loosens" : "tightens";
  }
  if (decimalCompare(typed, String(old)) === 0) {
    return "same";
  }
  return isLooser(row, old, typed) ? "loosens" : "tightens";
}

/** @type {Record<string, string>} */
const DIRECTION_WORDS = {
  same: "no change",
  loosens: "looser: approval",
  tightens: "tighter: at once",
};

/** @param {{value: unknown}} props */
function LimitValue({ value }) {
  return isDecimal(value)
    ? html`<${Num} value=${value} bright=${8} />`
    : html`<span class="num">${valueText(value)}</span>`;
}

/** @param {{cap: string | number | null | undefined}} props */
function Cap({ cap }) {
  return cap === undefined ? null : cap === null ? "no value" : html`<${LimitValue} value=${cap} />`;
}

/** @param {{scope: string, row: SchemaRow, limits: Limits | undefined, typed: string, loosens: boolean, onInput: (typed: string) => void}} props loosens: another one waits, and this with it */
function LimitRow({ scope, row, limits, typed, loosens, onInput }) {
  const value = limits?.limits[row.name] ?? null;
  const unit = unitText(row.unit, page.pnl?.currency);
  const wrong = typed === "" ? "" : fault(scope, row, typed);
  const way = typed === "" || wrong ? "" : direction(row, limits, typed);
  const id = `limit-${row.name}`;
  const cap = capOf(scope, row);
  const capped = cap === undefined ? "" : `; ${capWords(cap)}`;
  const refusal = actionRefusal(ACTIONS.limitsChange, role());
  return html`<tr data-limit=${row.name}>
    <th scope="row"><label for=${id} title=${row.says}>${nameText(row.name)}</label><span class="limit-unit minor" aria-hidden="true">${unit}</span></th>
    <td class="end limit-value" data-test="in-force">
      <${LimitValue} value=${value} />
    </td>
    <td class="unit" title=${row.unit}>${unit}</td>
    <td>
      <input
        id=${id}
        class="limit-input"
        inputmode=${row.type === "integer" ? "numeric" : "decimal"}
        autocomplete="off"
        placeholder="unchanged"
        ...${fieldOf("limitsChange")}
        title=${refusal || `from ${row.min ?? DASH} to ${row.max ?? DASH} ${unit}${capped}`}
        aria-invalid=${wrong !== ""}
        aria-describedby=${`${id}-says`}
        value=${typed}
        onInput=${(/** @type {any} */ event) => onInput(event.target.value.trim())}
      />
      <span class="limit-cap-below minor" aria-hidden="true">${cap === undefined ? null : html`cap <${Cap} cap=${cap} />`}</span>
    </td>
    <td class="end limit-cap minor" data-test="cap"><${Cap} cap=${cap} /></td>
    <td id=${`${id}-says`} class=${`limit-says ${wrong ? "limit-wrong" : `limit-${way}`}`}>
      ${wrong || (way === "tightens" && loosens ? "tighter: waits with the looser one" : way ? DIRECTION_WORDS[way] : row.says)}
    </td>
  </tr>`;
}

/**
 * The body of the request: integers as JSON numbers, decimals as strings, both as typed.
 * @param {SchemaRow[]} rows
 * @param {Edits} edits
 */
function bodyOf(rows, edits) {
  const named = rows.filter((row) => edits[row.name]);
  return Object.fromEntries(
    named.map((row) => [
      row.name,
      row.type === "integer" ? Number(edits[row.name]) : edits[row.name],
    ]),
  );
}

/** The stream may have told a later generation while an answer was on its way. @param {string} scope @param {any} body */
function keepNewer(scope, body) {
  if (body?.limits && body.generation >= (page.limits.get(scope)?.generation ?? 0)) {
    page.limits.set(scope, body);
    changed();
  }
}

/** What moved between two looks, in words. @param {Limits} seen @param {Limits} now */
function movedLines(seen, now) {
  const names = Object.keys(now.limits).filter(
    (name) => valueText(seen.limits[name]) !== valueText(now.limits[name]),
  );
  const moved = names.map(
    (name) =>
      `${nameText(name)} ${valueText(seen.limits[name])} \u2192 ${valueText(now.limits[name])}`,
  );
  return moved.length > 0 ? moved.join(", ") : "values are the same, the generation rose";
}

/**
 * @param {Limits} limits
 * @param {{setBase: (base: Limits | null) => void, setMoved: (text: string) => void}} form
 */
async function lookAgain(limits, { setBase, setMoved }) {
  const answer = await limitsRead(limits.scope);
  if (answer.ok && answer.body) {
    keepNewer(limits.scope, answer.body);
    setMoved(
      `Generation ${answer.body.generation} is in force now: ${movedLines(limits, answer.body)}. Nothing of yours was applied.`,
    );
    setBase(answer.body);
  }
}

/** @param {import("../types/shapes.js").WhatIfAnswer} answer */
function whatIfWords(answer) {
  const by = Object.entries(answer.by_limit)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${nameText(name)} ${countText(count)}`)
    .join(", ");
  const would =
    answer.would_deny + answer.would_pass === 0
      ? "nothing would have been different"
      : `${countText(answer.would_deny)} that passed would have been denied${by ? ` (${by})` : ""}, ${countText(answer.would_pass)} that were denied would have passed`;
  return `Of the ${countText(answer.judged)} new orders of the last ${answer.minutes} minutes: ${would}.`;
}

/** What the server's yes means, in words. @param {string} scope @param {number} status @param {any} body */
function sayDone(scope, status, body) {
  if (status === ACCEPTED) {
    const waits = `approval ${body?.id ?? ""} waits for a second person`;
    notify("warn", `Limits of ${scopeText(scope)}: nothing applied yet, ${waits}`);
    return;
  }
  keepNewer(scope, body);
  notify(
    "good",
    `Limits of ${scopeText(scope)} are in force as generation ${countText(body?.generation)}`,
  );
}

/**
 * The state of the form: what was typed, the generation it was typed against, and sending it.
 * @param {string} scope
 * @param {Limits | undefined} limits
 * @param {SchemaRow[]} rows
 */
function useLimitsEdit(scope, limits, rows) {
  const [edits, setEdits] = useTyped(`limits-edits ${scope}`, /** @type {Edits} */ ({}));
  const [base, setBase] = useTyped(`limits-base ${scope}`, /** @type {Limits | null} */ (null));
  const [reason, setReason] = useTyped(`limits-reason ${scope}`, "");
  const [moved, setMoved] = useTyped(`limits-moved ${scope}`, "");
  const [lastsS, setLastsS] = useTyped(`limits-lasts ${scope}`, 0);
  const [foretold, setForetold] = useState("");
  const edited = useRef(edits); // as they are when an answer comes
  edited.current = edits;
  const [busy, setBusy] = useState(false);

  function edit(/** @type {string} */ name, /** @type {string} */ value) {
    setBase(base ?? limits ?? null);
    setEdits({ ...edits, [name]: value });
    setForetold("");
  }

  function clear() {
    setEdits({});
    setBase(null);
    setReason("");
    setMoved("");
    setLastsS(0);
    setForetold("");
  }

  async function foretell() {
    const asked = edits;
    const answer = await perform("limitsWhatIf", [], () =>
      whatIf(scope, bodyOf(rows, asked), WHAT_IF_MINUTES),
    );
    if (answer?.ok && answer.body && edited.current === asked) {
      setForetold(whatIfWords(answer.body));
    }
  }

  const submit = useSubmit(async () => {
    const seen = base ?? limits;
    if (!seen) {
      return;
    }
    setBusy(true);
    const body = bodyOf(rows, edits);
    const loosened = rows.filter((row) => edits[row.name] && direction(row, limits, edits[row.name]) === "loosens");
    const answer = await perform(
      "limitsChange",
      [`Limits of ${scopeText(scope)}: at least twice as much may pass as now.`],
      () => limitsWrite(scope, body, reason.trim(), seen.generation, loosened.length > 0 ? lastsS : 0),
      undefined,
      limitsBack(loosened, seen, edits),
    );
    setBusy(false);
    if (answer?.status === PRECONDITION_FAILED) {
      await lookAgain(seen, { setBase, setMoved });
    } else if (answer?.ok) {
      clear();
      sayDone(scope, answer.status, answer.body);
    }
  });

  return { edits, base, reason, moved, lastsS, foretold, busy, edit, setReason, setLastsS, foretell, clear, submit };
}

/**
 * Why the form cannot be sent yet, in words; empty when it can.
 * @param {string} scope
 * @param {SchemaRow[]} typed
 * @param {Edits} edits
 * @param {string} reason
 */
function blockedBy(scope, typed, edits, reason) {
  if (typed.length === 0) {
    return "Type a new value first";
  }
  if (typed.some((row) => fault(scope, row, edits[row.name]) !== "")) {
    return "A value is not valid";
  }
  return reason.trim() === "" ? "A reason is required" : "";
}

/** @param {{form: ReturnType<typeof useLimitsEdit>}} props */
function Lasts({ form }) {
  return html`<label class="unseen" for="limits-lasts">How long the raise lasts</label>
    <select
      id="limits-lasts"
      ...${fieldOf("limitsChange")}
      value=${String(form.lastsS)}
      onChange=${(/** @type {any} */ event) => form.setLastsS(Number(event.target.value))}
    >
      ${LASTS.map(([words, seconds]) => html`<option key=${words} value=${String(seconds)}>${words}</option>`)}
    </select>`;
}

/** @param {{scope: string, limits: Limits | undefined, rows: SchemaRow[]}} props */
function LimitsForm({ scope, limits, rows }) {
  const form = useLimitsEdit(scope, limits, rows);
  const { edits, base, reason, busy } = form;
  const typed = rows.filter((row) => edits[row.name]);
  const loosens = typed.some((row) => direction(row, limits, edits[row.name]) === "loosens");
  const behind = base !== null && limits !== undefined && base.generation !== limits.generation;
  const meanwhile = `These limits moved to generation ${countText(limits?.generation)} while you were typing (you began at ${countText(base?.generation)}).`;
  const blocked = blockedBy(scope, typed, edits, reason);
  const refusal = actionRefusal(ACTIONS.limitsChange, role());
  return html`<form onSubmit=${form.submit}>
    <div class=${`scroll limits-scroll ${rows.length === 0 ? "is-waiting" : ""}`}>
      <table class="grid limits-grid">
        <thead>
          <tr>
            <th scope="col" class="col-name">Limit</th>
            <th scope="col" class="col-value end">In force</th>
            <th scope="col" class="col-unit">Unit</th>
            <th scope="col" class="col-new">New value</th>
            <th scope="col" class="col-cap end" title="Of the configuration file: no request sets a limit looser">Hard cap</th>
            <th scope="col">What it bounds, or what the change does</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<${LimitRow}
                key=${row.name}
                scope=${scope}
                row=${row}
                limits=${limits}
                typed=${edits[row.name] ?? ""}
                loosens=${loosens}
                onInput=${(/** @type {string} */ value) => form.edit(row.name, value)}
              />`,
          )}
        </tbody>
      </table>
    </div>
    <p class="moved" role="alert">${form.moved || (behind ? meanwhile : "")}</p>
    <p class="foretold" role="status" data-test="what-if">${form.foretold}</p>
    <div class="limits-foot">
      <label class="unseen" for="limits-reason">Reason for the change</label>
      <input
        id="limits-reason"
        autocomplete="off"
        maxlength="200"
        ...${fieldOf("limitsChange")}
        placeholder=${refusal || "reason"}
        value=${reason}
        onInput=${(/** @type {any} */ event) => form.setReason(event.target.value)}
      />
      ${loosens ? html`<${Lasts} form=${form} />` : null}
      <${ActionButton}
        action="limitsWhatIf"
        id="limits-what-if"
        off=${typed.length === 0 || typed.some((row) => fault(scope, row, edits[row.name]) !== "") ? "Type valid values first" : ""}
        onPress=${form.foretell}
      />
      <${ActionButton}
        action="limitsChange"
        id="limits-apply"
        kind=${loosens ? "approve" : "primary"}
        submit=${true}
        busy=${busy || blocked !== ""}
        says=${blocked}
        label=${loosens ? "Ask for approval" : "Tighten now"}
      />
      <button type="button" class="button button-plain" onClick=${form.clear}>Clear</button>
    </div>
  </form>`;
}

export function LimitsPanel() {
  const [scope, setScope] = useTyped("limits-scope", "firm");
  const names = page.schema?.scopes ?? [...page.limits.keys()];
  const limits = page.limits.get(scope);
  const extra = html`<span class="panel-tools">
    <label class="unseen" for="at-limitsChange">Scope of the limits</label>
    <select
      id="at-limitsChange"
      value=${scope}
      onChange=${(/** @type {any} */ event) => setScope(event.target.value)}
    >
      <${Options} names=${names} />
    </select>
    <span class="generation" data-test="generation"
      >generation ${countText(limits?.generation)}</span
    >
    ${limits?.pending ? html`<span class="chip chip-warn">approval ${limits.pending.id} waits</span>` : null}
  </span>`;
  return html`<${Panel}
    id="limits"
    title="Limits"
    topic="limits"
    action="limitsChange"
    extra=${extra}
  >
    <${LimitsNotes} limits=${limits} />
    <${LimitsForm} key=${scope} scope=${scope} limits=${limits} rows=${page.schema?.limits ?? []} />
  <//>`;
}
