// The page: log in, open the stream, draw.
//
// Frames only change the state; the page is drawn at most eight times a second from one timer, which also
// keeps the ages moving and notices a stream that went silent. Pressing something draws at once.

import { ACTIONS, actionOfKey, roleReaches } from "./actions.js";
import {
  apiOnSessionGone,
  auditRead,
  instrumentsRead,
  limitsSchemaRead,
  strategiesRead,
  sessionClose,
  sessionRead,
} from "./api.js";
import { AmendHost } from "./components/amend.js";
import { ApprovalsPanel } from "./components/approvals.js";
import { AuditPanel } from "./components/audit.js";
import { DepthPanel } from "./components/depth.js";
import { DialogHost, Notices } from "./components/dialogs.js";
import { Header } from "./components/header.js";
import { KillPanel } from "./components/kill.js";
import { LatencyPanel } from "./components/latency.js";
import { LimitsPanel } from "./components/limits.js";
import { StrategiesPanel } from "./components/strategies.js";
import { ChangePassword, LogIn } from "./components/login.js";
import { MarketPanel } from "./components/market.js";
import { OrdersPanel } from "./components/orders.js";
import { PnlPanel } from "./components/pnl.js";
import { PositionsPanel } from "./components/positions.js";
import { WhyHost } from "./components/why.js";
import { ageText } from "./format.js";
import {
  noticesExpire,
  page,
  role,
  stale,
  stateAddAudit,
  stateApply,
  stateClear,
  stateOnChange,
  stateSample,
} from "./state.js";
import { Stream } from "./stream.js";
import { html, render } from "./vendor/preact-htm.js";

/** @import { Session, Topic } from "./types/shapes.js" */

const DRAW_MS = 125;
const AUDIT_KINDS = [
  "kill",
  "limits",
  "strategy",
  "approval",
  "state",
  "login",
  "login_failed",
  "refused",
  "start",
];
const AUDIT_ROWS = 30;
/** Only a hint that asking who we are makes sense: the session itself is a cookie no script can read. */
const HINT = "pitwall-session";

const root = /** @type {HTMLElement} */ (document.getElementById("page"));

/** @returns {Topic[]} */
function topics() {
  /** @type {Topic[]} */
  const all = [
    "status",
    "books",
    "positions",
    "pnl",
    "orders",
    "fills",
    "kill",
    "limits",
    "strategies",
    "latency",
  ];
  return roleReaches(role(), "risk") ? [...all, "approvals", "audit"] : all;
}

function Banner() {
  const stream = page.stream;
  if (!stale()) {
    return null;
  }
  const last =
    stream && Number.isFinite(stream.lastFrameAt) ? performance.now() - stream.lastFrameAt : null;
  const words =
    last === null ? "Connecting\u2026" : `No data for ${ageText(last)}. What you see is old.`;
  return html`<div class="banner" role="alert" data-test="banner">
    <b>${words}</b> <span>Only the kill switch can be used; it does not need the stream.</span>
  </div>`;
}

function Dashboard() {
  return html`<${Header} onLogOut=${logOut} />
    <${Banner} />
    <main class="desk">
      <div class="panels">
        <${MarketPanel} />
        <${DepthPanel} />
        <${PositionsPanel} />
        <${PnlPanel} />
        <${LatencyPanel} />
        <${OrdersPanel} />
        <${StrategiesPanel} />
        <${LimitsPanel} />
        <${AuditPanel} />
      </div>
      <div class="rail">
        <${KillPanel} />
        <${ApprovalsPanel} />
        <${Notices} />
      </div>
    </main>
    <${WhyHost} />
    <${AmendHost} />
    <${DialogHost} />`;
}

function Page() {
  if (page.view === "starting") {
    return null;
  }
  if (page.view === "out" || !page.session) {
    return html`<${LogIn} onSession=${loggedIn} />`;
  }
  if (page.session.must_change_password) {
    return html`<${ChangePassword} onChanged=${reload} />`;
  }
  return html`<${Dashboard} />`;
}

function titleText() {
  if (page.view !== "in") {
    return "Pitwall";
  }
  const firm = page.tradingStates.get("firm")?.effective ?? "unknown";
  const mode = page.status?.mode?.toUpperCase() ?? "";
  return [stale() ? "no data" : firm, mode, "Pitwall"].filter(Boolean).join(" \u00b7 ");
}

function draw() {
  render(html`<${Page} />`, root);
  const title = titleText();
  if (document.title !== title) {
    document.title = title;
  }
  document.body.classList.toggle("stream-stale", page.view === "in" && stale());
}

let drawAsked = false;

/** One draw for all changes of a turn. */
function drawSoon() {
  if (!drawAsked) {
    drawAsked = true;
    queueMicrotask(() => {
      drawAsked = false;
      draw();
    });
  }
}

async function loadTables() {
  const [instruments, schema, strategies] = await Promise.all([
    instrumentsRead(),
    limitsSchemaRead(),
    strategiesRead(),
  ]);
  for (const row of instruments.body?.items ?? []) {
    page.instruments.set(row.instrument, row);
  }
  for (const row of strategies.body?.items ?? []) {
    page.parameters.set(row.strategy, row.schema ?? []);
  }
  page.schema = schema.body;
  page.selected ??= [...page.instruments.keys()][0] ?? null;
  drawSoon();
}

/** What people did before this page was opened: the stream's snapshot may hold nothing but orders. */
async function loadActions() {
  const answers = await Promise.all(AUDIT_KINDS.map((kind) => auditRead(kind, AUDIT_ROWS)));
  answers.forEach((answer) => stateAddAudit(answer.body?.items ?? []));
  drawSoon();
}

/** @param {Session} session */
function enter(session) {
  localStorage.setItem(HINT, "yes");
  stateClear();
  page.session = session;
  page.view = "in";
  page.farewell = "";
  if (!session.must_change_password) {
    page.stream = new Stream({
      topics: topics(),
      onFrame: stateApply,
      onSessionGone: recheckSession,
    });
    loadTables();
    if (roleReaches(session.role, "risk")) {
      loadActions();
    }
  }
  drawSoon();
}

/** The answer of the log-in does not say everything that /me says. @param {Session} session */
async function loggedIn(session) {
  const me = await sessionRead();
  enter(me.ok && me.body ? me.body : session);
}

/** @param {string} farewell */
function leave(farewell) {
  localStorage.removeItem(HINT);
  stateClear();
  page.session = null;
  page.view = "out";
  page.farewell = farewell;
  drawSoon();
}

async function logOut() {
  await sessionClose();
  leave("");
}

async function reload() {
  const answer = await sessionRead();
  if (answer.ok && answer.body) {
    enter(answer.body);
  } else {
    leave("");
  }
}

/** The server closed the stream for policy: the session may be gone, or only its role changed. */
async function recheckSession() {
  const answer = await sessionRead();
  if (answer.status === 401) {
    leave("Your session has ended.");
  } else if (answer.ok && answer.body && answer.body.role !== role()) {
    enter(answer.body);
  }
}

/** @param {KeyboardEvent} event a key leads to an action's first field; it never fires the action */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName);
  if (typing || event.ctrlKey || event.metaKey || event.altKey || page.view !== "in") {
    return;
  }
  const action = actionOfKey(event.key);
  const goal = action && ACTIONS[action] ? document.getElementById(`at-${action}`) : null;
  if (goal) {
    event.preventDefault();
    goal.focus();
    goal.scrollIntoView({ block: "nearest" });
  }
}

function tick() {
  if (page.view === "in") {
    stateSample();
    noticesExpire();
    if (!document.hidden) {
      draw();
    }
  }
}

stateOnChange(drawSoon);
apiOnSessionGone(() => {
  if (page.view === "in") {
    leave("Your session has ended.");
  }
});
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", draw);
setInterval(tick, DRAW_MS);

if (localStorage.getItem(HINT)) {
  reload();
} else {
  leave("");
}
