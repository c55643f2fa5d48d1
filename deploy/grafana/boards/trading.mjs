// May we trade, what have we, how near are the limits.

import {
  bars,
  counted,
  dashboard,
  figure,
  lines,
  LOG,
  logs,
  map,
  NONE_IS_WELL,
  OURS,
  perSecond,
  states,
  table,
} from "../panels.mjs";

const STATE = map({ 0: ["ACTIVE", "green"], 1: ["REDUCING", "orange"], 2: ["HALTED", "red"] });
const KILLED = map({ 0: ["no", "green"], 1: ["KILLED", "red"] });
const USED = [
  [null, "green"],
  [0.8, "orange"],
  [1, "red"],
];

export default dashboard({
  uid: "trading",
  title: "Trading",
  description: "May we trade, what have we, how near are the limits. For the desk and for whoever is paged.",
  withLogs: true,
  panels: [
    figure(
      "Firm",
      "Effective trading state of the firm; RUNBOOK: Resume.",
      "none",
      `max(pitwall_trading_state{${OURS},scope="firm"})`,
      { mappings: STATE, graph: false },
    ),
    figure(
      "Kill switch",
      "Is any scope killed. The page of the kill itself, not a copy.",
      "none",
      `max(pitwall_kill_switch_active{${OURS}})`,
      { mappings: KILLED, graph: false },
    ),
    figure(
      "PnL today",
      "Since the trading day began, in the reporting currency. No figure: a mark is missing.",
      "none",
      `sum(pitwall_day_pnl{${OURS}})`,
      {
        decimals: 2,
        steps: [
          [null, "red"],
          [0, "green"],
        ],
      },
    ),
    figure("Equity", "Capital and PnL, in the reporting currency.", "none", `sum(pitwall_equity{${OURS}})`, {
      decimals: 2,
    }),
    figure("Drawdown", "Fall of equity from its peak.", "percentunit", `max(pitwall_drawdown_ratio{${OURS}})`, {
      decimals: 2,
      steps: [
        [null, "green"],
        [0.02, "orange"],
        [0.05, "red"],
      ],
    }),
    figure(
      "Unknown orders",
      "Orders whose outcome is not known; they count in full. RUNBOOK: An order is UNKNOWN.",
      "none",
      `sum(pitwall_orders_unknown{${OURS}})`,
      { steps: NONE_IS_WELL },
    ),
    states(
      "Trading states",
      "Effective state of each scope over time.",
      [[`max by (scope) (pitwall_trading_state{${OURS}})`, "{{scope}}"]],
      STATE,
    ),
    lines(
      "PnL by component",
      "Price, fee, funding and rebate since the start, in the reporting currency; costs are negative.",
      "none",
      [[`sum by (component) (pitwall_pnl{${OURS},component=~"price|fee|funding|rebate"})`, "{{component}}"]],
      { width: 12 },
    ),
    lines(
      "Equity and its peak",
      "What drawdown is measured from.",
      "none",
      [
        [`sum(pitwall_equity{${OURS}})`, "equity"],
        [`sum(pitwall_equity_peak{${OURS}})`, "peak"],
      ],
      { width: 12 },
    ),
    lines(
      "Positions",
      "Net filled lots by instrument.",
      "none",
      [[`sum by (instrument) (pitwall_position_lots{${OURS}})`, "{{instrument}}"]],
      { width: 12 },
    ),
    lines(
      "Realised and unrealised",
      "In the reporting currency; unrealised at the mark.",
      "none",
      [[`sum by (component) (pitwall_pnl{${OURS},component=~"realised|unrealised|total"})`, "{{component}}"]],
      { width: 12 },
    ),
    bars(
      "Nearest to their limits",
      "Share in use, working orders included. RUNBOOK: alert-limit_use.",
      "percentunit",
      [[`topk(12, pitwall_limit_used_ratio{${OURS}})`, "{{scope}} {{limit}}"]],
      { min: 0, max: 1, steps: USED },
    ),
    lines(
      "Use of limits",
      "The five that are used most.",
      "percentunit",
      [[`topk(5, pitwall_limit_used_ratio{${OURS}})`, "{{scope}} {{limit}}"]],
      { width: 12 },
    ),
    lines("Orders", "Sent, filled, denied by our gate, refused by the venue.", "ops", [
      [perSecond("pitwall_orders_sent_total"), "sent"],
      [perSecond("pitwall_fills_total"), "fills"],
      [perSecond("pitwall_orders_denied_total"), "denied"],
      [perSecond("pitwall_orders_rejected_total"), "rejected"],
    ]),
    lines("Denials by reason", "What our gate said no to.", "ops", [
      [`${perSecond("pitwall_orders_denied_total", "reason")} > 0`, "{{reason}}"],
    ]),
    lines("Open orders", "Working, pending and unknown ones.", "none", [
      [`sum(pitwall_open_orders{${OURS}})`, "open"],
      [`sum(pitwall_orders_unknown{${OURS}})`, "unknown"],
    ]),
    lines("Margin", "Maintenance margins as a share of equity; at 1 the venue liquidates.", "percentunit", [
      [`max(pitwall_margin_ratio{${OURS}})`, "margin ratio"],
    ]),
    lines("Distance to liquidation", "Of the mark, by instrument.", "percentunit", [
      [`min by (instrument) (pitwall_liquidation_distance_ratio{${OURS}})`, "{{instrument}}"],
    ]),
    lines("Triggers", "Automatic triggers that fired. RUNBOOK: A trigger has fired.", "none", [
      [`sum by (trigger) (increase(pitwall_trigger_fired_total{${OURS}}[$__rate_interval])) > 0`, "{{trigger}}"],
    ]),
    table("Limits in force", "Each in its own unit.", "none", `max by (scope, limit) (pitwall_limit{${OURS}})`, {
      height: 10,
    }),
    counted(
      "Operator actions",
      "Facts that the door of all changes logs.",
      "none",
      `sum by (says) (count_over_time(${LOG} | area="control" [$__auto]))`,
      "{{says}}",
      { height: 10 },
    ),
    logs(
      "Kills, states, limits",
      "What people and triggers did, as it was logged.",
      `${LOG} | area=~"control|trigger|watchdog"`,
    ),
  ],
});
