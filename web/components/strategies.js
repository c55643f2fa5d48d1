// Strategies: which run, and a form of their parameters that writes itself from the served schema.
//
// What a person changes is judged against the version they were looking at when they began: that is the
// If-Match. Parameters and switching off are in force when the answer comes; switching on waits for a
// second person.

import { strategiesRead, strategyWrite } from "../api.js";
import { ACTIONS, actionRefusal } from "../actions.js";
import { countText, DASH, dateTimeText, decimalCompare, isDecimal, nameText, valueText } from "../format.js";
import { perform } from "../perform.js";
import { changed, notify, page, role } from "../state.js";
import { typedPut, useTyped } from "../typed.js";
import { html, useState } from "../vendor/preact-htm.js";
import { ActionButton, EmptyRow, emptyText, fieldOf, InstrumentName, Num, Panel, StateChip } from "./parts.js";

/** @import { ParameterRow, ParameterValue, Strategy } from "../types/shapes.js" */

/** @typedef {Record<string, string>} Edits what was typed, by name of parameter */

const ACCEPTED = 202;
const PRECONDITION_FAILED = 412;
const ALL = "all instruments";
const NONE = "none";

/**
 * The value in force where the form looks; undefined when its instruments differ.
 * @param {Strategy} strategy
 * @param {string} where an instrument, or all
 * @param {string} name
 * @returns {ParameterValue | undefined}
 */
function valueIn(strategy, where, name) {
  const sets = where === ALL ? Object.values(strategy.parameters) : [strategy.parameters[where]];
  const [first, ...rest] = sets.map((values) => values?.[name]);
  return rest.every((value) => value === first) ? first : undefined;
}

/**
 * What is wrong with a typed value, in words; empty when nothing is.
 * @param {ParameterRow} row
 * @param {string} typed
 */
function fault(row, typed) {
  if (row.type === "instrument") {
    return typed === NONE || page.instruments.has(typed) ? "" : "an instrument, or none";
  }
  const whole = row.type !== "decimal";
  if (!isDecimal(typed) || (whole && typed.includes("."))) {
    return whole ? "a whole number, please" : "a plain decimal, please";
  }
  if (decimalCompare(typed, String(row.min)) === -1) {
    return `not below ${row.min}`;
  }
  return decimalCompare(typed, String(row.max)) === 1 ? `not above ${row.max}` : "";
}

/** As the API wants it. @param {ParameterRow} row @param {string} typed @returns {ParameterValue} */
function valueOf(row, typed) {
  if (row.type === "instrument") {
    return typed === NONE ? null : typed;
  }
  return row.type === "decimal" ? typed : Number(typed);
}

/** @param {{value: ParameterValue | undefined}} props */
function Value({ value }) {
  if (value === undefined) {
    return html`<span class="minor">differs</span>`;
  }
  return isDecimal(value)
    ? html`<${Num} value=${value} bright=${8} />`
    : html`<span class="num">${value === null ? NONE : valueText(value)}</span>`;
}

/** The stream may be a version behind: a stop is meant for every version, so it is asked for and tried once more. */
async function switchOff(/** @type {string} */ name) {
  const off = (/** @type {number | undefined} */ version) =>
    strategyWrite(name, { enabled: false, reason: "stopped by hand, from its row" }, version ?? 0);
  const answer = await off(page.strategies.get(name)?.version);
  if (answer.status !== PRECONDITION_FAILED) {
    return answer;
  }
  const now = (await strategiesRead()).body?.items.find((row) => row.strategy === name);
  return now ? off(now.version) : answer;
}

/** @param {Strategy} strategy */
function stop({ strategy, open_orders }) {
  const lines = [
    `${strategy} is asked for nothing more; its ${countText(open_orders)} open orders are cancelled.`,
    "To let it trade again takes a second person.",
  ];
  return send("strategyStop", lines, strategy, () => switchOff(strategy), true);
}

/** @param {{strategy: Strategy, chosen: boolean, onChoose: () => void}} props */
function StrategyRow({ strategy, chosen, onChoose }) {
  return html`<tr data-strategy=${strategy.strategy} class=${chosen ? "chosen" : ""}>
    <th scope="row">
      <button type="button" class="link" aria-pressed=${chosen} onClick=${onChoose}>
        ${strategy.strategy}
      </button>
    </th>
    <td class="col-kind" title=${strategy.says}>${strategy.kind}</td>
    <td data-test="switch">
      <span class=${`chip ${strategy.enabled ? "chip-good" : "chip-warn"}`}
        >${strategy.enabled ? "enabled" : "disabled"}</span
      >
      ${strategy.pending ? html`<span class="chip chip-warn">approval ${strategy.pending.id} waits</span>` : null}
      ${strategy.armed?.first_day_until_ns
        ? html`<span class="chip" title="Until then its limits stay at or below a ceiling"
            >first day until ${dateTimeText(strategy.armed.first_day_until_ns)}</span
          >`
        : null}
    </td>
    <td><${StateChip} state=${strategy.state} /></td>
    <td class="end">${countText(strategy.open_orders)}</td>
    <td class="end"><${Num} value=${strategy.pnl} places=${2} signed=${true} /></td>
    <td class="minor" title=${strategy.reason ?? ""}>
      ${strategy.actor ? `${strategy.actor}: ${strategy.reason || DASH}` : "as configured"}
    </td>
    <td class="end col-stop">
      ${
        strategy.enabled
          ? html`<${ActionButton}
              action="strategyStop"
              kind="small"
              says=${`Stop ${strategy.strategy}: cancels ${countText(strategy.open_orders)} open orders`}
              onPress=${() => stop(strategy)}
            />`
          : null
      }
    </td>
  </tr>`;
}

/** @param {{row: ParameterRow, value: ParameterValue | undefined, typed: string, onInput: (typed: string) => void}} props */
function ParameterField({ row, value, typed, onInput }) {
  const wrong = typed === "" ? "" : fault(row, typed);
  const id = `parameter-${row.name}`;
  const refusal = actionRefusal(ACTIONS.strategyChange, role());
  const bounds = row.type === "instrument" ? "an instrument, or none" : `from ${row.min} to ${row.max} ${row.unit}`;
  return html`<tr data-parameter=${row.name}>
    <th scope="row"><label for=${id} title=${row.says}>${nameText(row.name)}</label><span class="limit-unit minor" aria-hidden="true">${row.unit}</span></th>
    <td class="end limit-value" data-test="in-force"><${Value} value=${value} /></td>
    <td class="unit">${row.unit}</td>
    <td>
      <input
        id=${id}
        class="limit-input"
        autocomplete="off"
        placeholder="unchanged"
        ...${fieldOf("strategyChange")}
        title=${refusal || bounds}
        aria-invalid=${wrong !== ""}
        aria-describedby=${`${id}-says`}
        value=${typed}
        onInput=${(/** @type {any} */ event) => onInput(event.target.value.trim())}
      />
    </td>
    <td id=${`${id}-says`} class=${`limit-says ${wrong ? "limit-wrong" : ""}`}>${wrong || row.says}</td>
  </tr>`;
}

/**
 * Sends one change and says what came of it.
 * @param {string} action
 * @param {string[]} lines
 * @param {string} name
 * @param {() => Promise<import("../types/shapes.js").Answer<any>>} write asked for after the questions
 * @param {boolean} stops
 */
async function send(action, lines, name, write, stops) {
  const answer = await perform(action, lines, write);
  if (!answer?.ok) {
    return false;
  }
  const body = /** @type {any} */ (answer.body);
  if (answer.status === ACCEPTED) {
    notify("warn", `${name}: nothing applied yet, approval ${body?.id} waits for a second person`);
  } else {
    page.strategies.set(name, body);
    changed();
    const what = stops ? "is stopped: it is disabled" : "is in force";
    notify("good", `${name} ${what} as version ${countText(body?.version)}`);
  }
  return true;
}

/**
 * The state of the form: what was typed, the version it was typed against, and sending it.
 * @param {Strategy} strategy
 * @param {string} where
 */
function useStrategyEdit(strategy, where) {
  const id = `${strategy.strategy} ${where}`;
  const [edits, setEdits] = useTyped(`strategy-edits ${id}`, /** @type {Edits} */ ({}));
  const [base, setBase] = useTyped(`strategy-base ${id}`, /** @type {Strategy | null} */ (null));
  const [reason, setReason] = useTyped(`strategy-reason ${id}`, "");
  const [busy, setBusy] = useState(false);

  function edit(/** @type {string} */ name, /** @type {string} */ value) {
    setBase(base ?? strategy);
    setEdits({ ...edits, [name]: value });
  }

  function clear() {
    setEdits({});
    setBase(null);
    setReason("");
  }

  /**
   * @param {string} action
   * @param {string[]} lines
   * @param {{enabled?: boolean, parameters?: Record<string, ParameterValue>, per_instrument?: Record<string, Record<string, ParameterValue>>}} change
   */
  async function act(action, lines, change) {
    setBusy(true);
    const { version } = base ?? strategy;
    const write = () => strategyWrite(strategy.strategy, { ...change, reason: reason.trim() }, version);
    if (await send(action, lines, strategy.strategy, write, change.enabled === false)) {
      clear();
    }
    setBusy(false);
  }

  return { edits, base, reason, busy, edit, setReason, clear, act };
}

/**
 * Why the form cannot be sent yet, in words; empty when it can.
 * @param {ParameterRow[]} typed
 * @param {Edits} edits
 * @param {string} reason
 */
function blockedBy(typed, edits, reason) {
  if (typed.length === 0) {
    return "Type a new value first";
  }
  if (typed.some((row) => fault(row, edits[row.name]) !== "")) {
    return "A value is not valid";
  }
  return reason.trim() === "" ? "A reason is required" : "";
}

/** On and off. @param {{strategy: Strategy, form: ReturnType<typeof useStrategyEdit>}} props */
function Switch({ strategy, form }) {
  const says = form.reason.trim() === "" ? "A reason is required" : "";
  const busy = form.busy || says !== "";
  const lines = [`${strategy.strategy} will trade again in all its instruments.`];
  return strategy.enabled
    ? html`<${ActionButton}
        action="strategyDisable"
        id="strategy-disable"
        busy=${busy}
        says=${says}
        onPress=${() => form.act("strategyDisable", [], { enabled: false })}
      />`
    : html`<${ActionButton}
        action="strategyEnable"
        id="strategy-enable"
        kind="approve"
        busy=${busy}
        says=${says}
        off=${strategy.pending ? "An approval waits already" : ""}
        onPress=${() => form.act("strategyEnable", lines, { enabled: true })}
      />`;
}

/** @param {{strategy: Strategy, where: string, rows: ParameterRow[], form: ReturnType<typeof useStrategyEdit>}} props */
function ParameterTable({ strategy, where, rows, form }) {
  return html`<div class="scroll strategies-scroll">
    <table class="grid limits-grid">
      <thead>
        <tr>
          <th scope="col" class="col-name">Parameter</th>
          <th scope="col" class="col-value end">In force</th>
          <th scope="col" class="col-unit">Unit</th>
          <th scope="col" class="col-new">New value</th>
          <th scope="col">What it does</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<${ParameterField}
              key=${row.name}
              row=${row}
              value=${valueIn(strategy, where, row.name)}
              typed=${form.edits[row.name] ?? ""}
              onInput=${(/** @type {string} */ value) => form.edit(row.name, value)}
            />`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** @param {{strategy: Strategy, where: string, rows: ParameterRow[]}} props */
function StrategyForm({ strategy, where, rows }) {
  const form = useStrategyEdit(strategy, where);
  const { edits, base, reason } = form;
  const typed = rows.filter((row) => edits[row.name]);
  const blocked = blockedBy(typed, edits, reason);
  const behind = base !== null && base.version !== strategy.version;
  const meanwhile = `It moved to version ${countText(strategy.version)} while you were typing (you began at ${countText(base?.version)}): clear, and look again.`;
  const refusal = actionRefusal(ACTIONS.strategyChange, role());

  function submit(/** @type {Event} */ event) {
    event.preventDefault();
    const values = Object.fromEntries(
      typed.map((row) => [row.name, valueOf(row, edits[row.name])]),
    );
    const change =
      where === ALL ? { parameters: values } : { per_instrument: { [where]: values } };
    form.act("strategyChange", [], change);
  }

  return html`<form onSubmit=${submit}>
    <${ParameterTable} strategy=${strategy} where=${where} rows=${rows} form=${form} />
    <p class="strategy-moved" role="alert">${behind ? meanwhile : ""}</p>
    <div class="limits-foot strategies-foot">
      <label class="unseen" for="strategies-reason">Reason for the change</label>
      <input
        id="strategies-reason"
        autocomplete="off"
        maxlength="200"
        ...${fieldOf("strategyChange")}
        placeholder=${refusal || "reason"}
        value=${reason}
        onInput=${(/** @type {any} */ event) => form.setReason(event.target.value)}
      />
      <${ActionButton}
        action="strategyChange"
        id="strategy-apply"
        kind="primary"
        submit=${true}
        busy=${form.busy || blocked !== ""}
        says=${blocked}
      />
      <${Switch} strategy=${strategy} form=${form} />
      <button type="button" class="button button-plain" onClick=${form.clear}>Clear</button>
    </div>
  </form>`;
}

/** @param {{chosen: string, onChoose: (name: string) => void}} props */
function StrategyTable({ chosen, onChoose }) {
  const all = [...page.strategies.values()];
  return html`<table class="grid strategies-grid">
    <thead>
      <tr>
        <th scope="col">Strategy</th>
        <th scope="col" class="col-kind">Kind</th>
        <th scope="col">Switch</th>
        <th scope="col">State</th>
        <th scope="col" class="end">Open</th>
        <th scope="col" class="end">PnL</th>
        <th scope="col">Last change</th>
        <th scope="col" class="end col-stop"><span class="unseen">Stop</span></th>
      </tr>
    </thead>
    <tbody>
      ${all.map(
        (row) =>
          html`<${StrategyRow}
            key=${row.strategy}
            strategy=${row}
            chosen=${row.strategy === chosen}
            onChoose=${() => onChoose(row.strategy)}
          />`,
      )}
      ${all.length === 0 ? html`<${EmptyRow} text=${emptyText("strategies", "No strategy is configured")} span=${8} />` : null}
    </tbody>
  </table>`;
}

/** Beside the orders: what trades by itself, and how it is stopped; its name leads to its parameters. */
export function StrategyListPanel() {
  function look(/** @type {string} */ name) {
    typedPut("strategy-name", name);
    location.hash = "#/strategies";
  }
  return html`<${Panel} id="strategy-list" title="Strategies" topic="strategies">
    <${StrategyTable} chosen="" onChoose=${look} />
  <//>`;
}

export function StrategiesPanel() {
  const [name, setName] = useTyped("strategy-name", "");
  const [where, setWhere] = useTyped("strategy-where", ALL);
  const all = [...page.strategies.values()];
  const strategy = page.strategies.get(name) ?? all[0];
  const place = strategy?.instruments.includes(where) ? where : ALL;
  const extra = html`<span class="panel-tools">
    <label class="unseen" for="at-strategyChange">Instrument of the parameters</label>
    <select
      id="at-strategyChange"
      value=${place}
      onChange=${(/** @type {any} */ event) => setWhere(event.target.value)}
    >
      ${[ALL, ...(strategy?.instruments ?? [])].map((one) => html`<option key=${one} value=${one}>${one}</option>`)}
    </select>
    <span class="generation" data-test="version"
      >${strategy ? `${strategy.strategy}, version ${countText(strategy.version)}` : ""}</span
    >
    ${place === ALL ? null : html`<${InstrumentName} name=${place} />`}
  </span>`;
  return html`<${Panel}
    id="strategies"
    title="Strategies"
    topic="strategies"
    action="strategyChange"
    extra=${extra}
  >
    <${StrategyTable} chosen=${strategy?.strategy ?? ""} onChoose=${setName} />
    ${
      strategy
        ? html`<${StrategyForm}
            key=${`${strategy.strategy} ${place}`}
            strategy=${strategy}
            where=${place}
            rows=${page.parameters.get(strategy.strategy) ?? []}
          />`
        : null
    }
  <//>`;
}
