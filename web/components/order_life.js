// An order's life: what happened to it when, and where its time went.
//
// Our own stamps, in nanoseconds of one clock: the market data that it was decided on, the step of the engine that
// decided, judged and sent it, acknowledged, each fill. A stage that is not known has no row; nothing is guessed.

import { serverNow } from "../clock.js";
import { decimalText, durationText, momentText, orderStateText, whenText } from "../format.js";
import { orderIsWorking, page } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { placesOf } from "./market.js";

/** @import { Fill, Order, Verdict } from "../types/shapes.js" */

/** @typedef {{name: string, says: string, at: bigint}} Stage */

/** @param {string | null | undefined} ns */
function stamp(ns) {
  return typeof ns === "string" && /^\d+$/.test(ns) ? BigInt(ns) : null;
}

/** @param {string} name @param {string} says @param {bigint | null} at @returns {Stage[]} */
function stage(name, says, at) {
  return at === null ? [] : [{ name, says, at }];
}

/** @param {Order} order @param {Fill} fill */
function fillSays(order, fill) {
  const places = placesOf(order.instrument);
  return `${decimalText(fill.qty, places.qty)} at ${decimalText(fill.price, places.price)}, ${fill.maker ? "made" : "took"}`;
}

/** The engine has no clock: what it does in one step has one time, and how long steps take is in their histogram. */
function stepSays() {
  const took = page.latency?.stages?.tick_to_order;
  const says = "one step of the engine, with one time";
  return took ? `${says}; such steps take ${durationText(took.p50_ns)}, at p99 ${durationText(took.p99_ns)}` : says;
}

/**
 * Oldest first.
 * @param {Order} order
 * @param {Verdict | null} verdict
 * @param {Fill[]} fills of this order
 * @returns {Stage[]}
 */
export function orderStages(order, verdict, fills) {
  const sent = stamp(order.sent_ns);
  const age = stamp(verdict?.ages_ns?.book);
  const tick = sent !== null && age !== null ? sent - age : null;
  const stages = [
    ...stage("Market data", "the newest update of the book when it was judged", tick),
    ...stage("Decided, judged, sent", stepSays(), sent),
    ...stage("Acknowledged", "the venue has it", stamp(order.acked_ns)),
    ...fills.flatMap((fill) => stage("Filled", fillSays(order, fill), stamp(fill.at_ns))),
  ];
  return stages.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** Where a stage begins and ends on the line, in per cent. @param {Stage[]} stages @param {number} index */
function span(stages, index) {
  const first = stages[0].at;
  const total = Number(stages[stages.length - 1].at - first) || 1;
  const from = index === 0 ? first : stages[index - 1].at;
  return {
    left: `${(Number(from - first) / total) * 100}%`,
    width: `${(Number(stages[index].at - from) / total) * 100}%`,
  };
}

/** @param {{stages: Stage[], index: number}} props */
function StageRow({ stages, index }) {
  const { name, says, at } = stages[index];
  const before = index === 0 ? null : stages[index - 1].at;
  return html`<tr data-stage=${name}>
    <th scope="row">${name}</th>
    <td class="time" title=${momentText(String(at))}>${whenText(String(at), serverNow(), true)}</td>
    <td class="end num">${before === null ? "" : `+${durationText(String(at - before))}`}</td>
    <td class="life-bar" aria-hidden="true"><span style=${span(stages, index)}></span></td>
    <td class="minor">${says}</td>
  </tr>`;
}

/** @param {{order: Order, verdict: Verdict | null}} props */
export function OrderLife({ order, verdict }) {
  const now = page.orders.get(order.id) ?? order;
  const fills = [...page.fills.values()].filter((fill) => fill.order === order.id);
  const stages = orderStages(now, verdict, fills);
  const ends = orderIsWorking(now) ? "works on" : "has ended";
  return html`<table class="grid life-grid" data-test="order-life">
      <thead>
        <tr>
          <th scope="col">Stage</th>
          <th scope="col">At (UTC)</th>
          <th scope="col" class="end">After</th>
          <th scope="col">Share of its life</th>
          <th scope="col">What</th>
        </tr>
      </thead>
      <tbody>
        ${stages.map((one, index) => html`<${StageRow} key=${`${one.name}${one.at}`} stages=${stages} index=${index} />`)}
        ${stages.length === 0 ? html`<tr class="empty"><td colspan="5">It was never sent</td></tr>` : null}
      </tbody>
    </table>
    <p class="minor">
      ${`The order ${ends}: ${orderStateText(now.state)}${now.reason ? `, ${now.reason}` : ""}. Fills that this page no longer holds are not shown.`}
    </p>`;
}
