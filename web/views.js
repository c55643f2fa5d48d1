// The one list of views: where each is, which key leads there, who may use it, what it shows.
//
// `role` is the least role for which the view holds more than a refusal; everybody may open every view.
// `actions` are those of actions.js whose key leads to this view. `badge` counts what waits for a person.

import { TokensPanel, UsersPanel } from "./components/accounts.js";
import { AlertsPanel, alertsUntaken, LastAlerts } from "./components/alerts.js";
import { ApprovalsPanel, approvalsPending } from "./components/approvals.js";
import { AuditPanel } from "./components/audit.js";
import { AuditSearchPanel } from "./components/audit_search.js";
import { DepthPanel } from "./components/depth.js";
import { driftsOpen } from "./components/drift.js";
import { LimitUsePanel } from "./components/exposure.js";
import { HostPanel } from "./components/host.js";
import { IncidentPanel } from "./components/incident.js";
import { OtherWaysPanel } from "./components/killways.js";
import { LatencyPanel } from "./components/latency.js";
import { LimitsPanel } from "./components/limits.js";
import { LimitsPastPanel } from "./components/limits_past.js";
import { MarketPanel } from "./components/market.js";
import { OrdersPanel } from "./components/orders.js";
import { PnlPanel } from "./components/pnl.js";
import { PositionsPanel } from "./components/positions.js";
import { ReceiptsPanel } from "./components/receipts.js";
import { ReconciliationPanel } from "./components/reconciliation.js";
import { SessionsPanel } from "./components/sessions.js";
import { ScopesPanel, StatesPanel } from "./components/states.js";
import { StrategiesPanel, StrategyListPanel } from "./components/strategies.js";
import { SystemPanel } from "./components/system.js";
import { TapePanel } from "./components/tape.js";
import { TicketPanel } from "./components/ticket.js";
import { AccountPanels } from "./components/venueaccount.js";
import { VenuesPanel } from "./components/venues.js";

/** @import { Role } from "./types/shapes.js" */

/**
 * @typedef {object} View
 * @property {string} id
 * @property {string} title
 * @property {string} key after `g`
 * @property {Role} role
 * @property {string} says
 * @property {(() => any)[]} panels as they follow each other
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
    panels: [ScopesPanel, VenuesPanel, LastAlerts, PnlPanel, LimitUsePanel, PositionsPanel, LatencyPanel],
  },
  {
    id: "market",
    title: "Market",
    key: "m",
    role: "viewer",
    says: "Books with depth, spread and age; trades",
    panels: [MarketPanel, DepthPanel, TapePanel],
  },
  {
    id: "orders",
    title: "Orders",
    key: "d",
    role: "viewer",
    says: "What works, what was filled, and why an order passed or did not",
    panels: [OrdersPanel],
    actions: ["orderCancel"],
  },
  {
    id: "trading",
    title: "Trading",
    key: "t",
    role: "trader",
    says: "Orders by hand, through the same gate",
    panels: [TicketPanel, DepthPanel, PositionsPanel, StrategyListPanel, OrdersPanel],
    actions: ["orderPlace"],
  },
  {
    id: "risk",
    title: "Risk",
    key: "r",
    role: "viewer",
    says: "Limits of each scope, in force and asked for",
    panels: [LimitsPanel, LimitUsePanel, LimitsPastPanel],
    actions: ["limitsChange"],
  },
  {
    id: "kill",
    title: "Kill",
    key: "k",
    role: "trader",
    says: "State of each scope, what each kill did, and how trading resumes",
    panels: [StatesPanel, ReceiptsPanel, IncidentPanel, OtherWaysPanel],
  },
  {
    id: "approvals",
    title: "Approvals",
    key: "a",
    role: "risk",
    says: "Changes that wait for a second person",
    panels: [ApprovalsPanel],
    actions: ["approve"],
    badge: () => ({ count: approvalsPending(), says: "wait for approval" }),
  },
  {
    id: "strategies",
    title: "Strategies",
    key: "s",
    role: "viewer",
    says: "What trades by itself, with which parameters, and what it made",
    panels: [StrategiesPanel],
    actions: ["strategyChange"],
  },
  {
    id: "reconciliation",
    title: "Reconciliation",
    key: "c",
    role: "viewer",
    says: "Our count against the venue's",
    panels: [ReconciliationPanel, AccountPanels],
    badge: () => ({ count: driftsOpen(), says: "counts differ", bad: true }),
  },
  {
    id: "alerts",
    title: "Alerts",
    key: "l",
    role: "viewer",
    says: "What pages people, and who has taken it",
    panels: [AlertsPanel, VenuesPanel],
    actions: ["alertAcknowledge"],
    badge: () => ({ count: alertsUntaken().length, says: "alerts that nobody has", bad: true }),
  },
  {
    id: "audit",
    title: "Audit",
    key: "u",
    role: "risk",
    says: "Who did what, from what to what, and why",
    panels: [AuditPanel, AuditSearchPanel],
  },
  {
    id: "system",
    title: "System",
    key: "y",
    role: "viewer",
    says: "Threads, latency, journal, host, sessions and people",
    panels: [SystemPanel, LatencyPanel, HostPanel, SessionsPanel, UsersPanel, TokensPanel],
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
