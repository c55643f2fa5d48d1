// The one list of views: where each is, which key leads there, who may use it, what it shows.
//
// `role` is the least role for which the view holds more than a refusal; everybody may open every view.
// `actions` are those of actions.js whose key leads to this view. `badge` counts what waits for a person.

import { alertsUntaken } from "./components/alerts.js";
import { approvalsPending } from "./components/approvals.js";
import { driftsOpen } from "./components/drift.js";
import { AlertsView } from "./views/alerts.js";
import { ApprovalsView } from "./views/approvals.js";
import { AuditView } from "./views/audit.js";
import { KillView } from "./views/kill.js";
import { MarketView } from "./views/market.js";
import { OrdersView } from "./views/orders.js";
import { OverviewView } from "./views/overview.js";
import { ReconciliationView } from "./views/reconciliation.js";
import { RiskView } from "./views/risk.js";
import { StrategiesView } from "./views/strategies.js";
import { SystemView } from "./views/system.js";
import { TradingView } from "./views/trading.js";

/** @import { Role } from "./types/shapes.js" */

/**
 * @typedef {object} View
 * @property {string} id
 * @property {string} title
 * @property {string} key after `g`
 * @property {Role} role
 * @property {string} says
 * @property {() => any} component
 * @property {string[]} [actions]
 * @property {() => {count: number, says: string, bad?: boolean}} [badge]
 */

/** @type {View[]} */
export const VIEWS = [
  {
    id: "overview",
    title: "Overview",
    key: "o",
    role: "viewer",
    says: "May it trade, what is held, what was made, is everything well",
    component: OverviewView,
  },
  {
    id: "market",
    title: "Market",
    key: "m",
    role: "viewer",
    says: "Books with depth, spread and age; trades",
    component: MarketView,
  },
  {
    id: "orders",
    title: "Orders",
    key: "d",
    role: "viewer",
    says: "What works, what was filled, and why an order passed or did not",
    component: OrdersView,
    actions: ["orderCancel"],
  },
  {
    id: "trading",
    title: "Trading",
    key: "t",
    role: "trader",
    says: "Orders by hand, through the same gate",
    component: TradingView,
    actions: ["orderPlace"],
  },
  {
    id: "risk",
    title: "Risk",
    key: "r",
    role: "viewer",
    says: "Limits of each scope, in force and asked for",
    component: RiskView,
    actions: ["limitsChange"],
  },
  {
    id: "kill",
    title: "Kill",
    key: "k",
    role: "trader",
    says: "State of each scope, what each kill did, and how trading resumes",
    component: KillView,
  },
  {
    id: "approvals",
    title: "Approvals",
    key: "a",
    role: "risk",
    says: "Changes that wait for a second person",
    component: ApprovalsView,
    actions: ["approve"],
    badge: () => ({ count: approvalsPending(), says: "wait for approval" }),
  },
  {
    id: "strategies",
    title: "Strategies",
    key: "s",
    role: "viewer",
    says: "What trades by itself, with which parameters, and what it made",
    component: StrategiesView,
    actions: ["strategyChange"],
  },
  {
    id: "reconciliation",
    title: "Reconciliation",
    key: "c",
    role: "viewer",
    says: "Our count against the venue's",
    component: ReconciliationView,
    badge: () => ({ count: driftsOpen(), says: "counts differ", bad: true }),
  },
  {
    id: "alerts",
    title: "Alerts",
    key: "l",
    role: "viewer",
    says: "What pages people, and who has taken it",
    component: AlertsView,
    actions: ["alertAcknowledge"],
    badge: () => ({ count: alertsUntaken().length, says: "alerts that nobody has", bad: true }),
  },
  {
    id: "audit",
    title: "Audit",
    key: "u",
    role: "risk",
    says: "Who did what, from what to what, and why",
    component: AuditView,
  },
  {
    id: "system",
    title: "System",
    key: "y",
    role: "viewer",
    says: "Threads, latency, journal, sessions and people",
    component: SystemView,
    actions: ["accountMake"],
  },
];

/** @param {string} id */
export function viewOf(id) {
  return VIEWS.find((view) => view.id === id) ?? VIEWS[0];
}

/** @param {string} action @returns {View | undefined} */
export function viewOfAction(action) {
  return VIEWS.find((view) => view.actions?.includes(action));
}
