// The page: log in, open the stream, draw.
//
// Frames only change the state; the page is drawn five times a second from one timer, which also keeps the
// ages moving and notices a stream that went silent. Pressing something draws at once, and so does a snapshot.

import { roleReaches } from "./actions.js";
import {
  apiOnSessionGone,
  apiOnSessionKnown,
  auditRead,
  instrumentsRead,
  limitsSchemaRead,
  strategiesRead,
  sessionClose,
  sessionRead,
} from "./api.js";
import { AmendHost } from "./components/amend.js";
import { Boundary } from "./components/boundary.js";
import { DialogHost, Notices } from "./components/dialogs.js";
import { Header } from "./components/header.js";
import { HelpHost } from "./components/help.js";
import { KillPanel } from "./components/kill.js";
import { ChangePassword, LogIn } from "./components/login.js";
import { Nav } from "./components/nav.js";
import { WhyHost } from "./components/why.js";
import { ageText } from "./format.js";
import { keysListen } from "./keys.js";
import { hintHeld, hintSet, layout, layoutEnter, layoutOnTheme, layoutShow } from "./layout.js";
import { routeCorrect, routeIsUnknown, routeOf } from "./route.js";
import { pagerForget, pagerLook } from "./pager.js";
import {
  ACTION_KINDS,
  amendOpen,
  helpOpen,
  lookAtVerdict,
  noticesExpire,
  notify,
  page,
  role,
  stale,
  stateAddAudit,
  stateApply,
  stateClear,
  stateOnChange,
  stateSample,
  topicAge,
} from "./state.js";
import { Stream } from "./stream.js";
import { html, render, useEffect, useState } from "./vendor/preact-htm.js";
import { typedEnter, typedForget, typedKeep, typedPut, typedTake } from "./typed.js";
import { viewOf, VIEWS } from "./views.js";

/** @import { Session, Topic } from "./types/shapes.js" */

const DRAW_MS = 200;
const TABLES_AGAIN_MS = 2000;
/** By then a stopped server has greyed the page, too. */
const CONNECT_MS = 2000;
/** As long as the first snapshots may take before the panels are shown without them. */
const ARRIVE_MS = 500;
const AUDIT_ROWS = 20;
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
    "alerts",
  ];
  return roleReaches(role(), "risk") ? [...all, "approvals", "audit"] : all;
}

/** A stream that was just opened pushes nothing down for a blink: panels are grey until they are told. */
function bannerStands() {
  const stream = page.stream;
  const opening = stream && !Number.isFinite(stream.lastFrameAt) && performance.now() - stream.openedAt < CONNECT_MS;
  return stale() && !opening;
}

function Banner() {
  const stream = page.stream;
  if (!bannerStands()) {
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

const KNOWN = VIEWS.map(({ id }) => id);

function viewNow() {
  return viewOf(routeOf(location.hash, KNOWN));
}

/** A link that leads nowhere says so, and does not stay in the address as if it were this view's. */
function routeCheck() {
  const { hash } = location;
  if (routeIsUnknown(hash, KNOWN)) {
    routeCorrect();
    notify("warn", `This page has no place ${hash}: here is the overview`);
  }
}

/** @param {string} id moves the focus there without a word in the address */
function skipTo(id) {
  return (/** @type {Event} */ event) => {
    event.preventDefault();
    document.getElementById(id)?.focus();
  };
}

/** Shown empty, panels would jump as the first snapshots fill them; what does not come soon is not waited for. */
function useArriving() {
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), ARRIVE_MS);
    return () => clearTimeout(timer);
  }, []);
  return !waited && topics().some((topic) => topicAge(topic) === null);
}

/** @param {{view: import("./views.js").View}} props */
function ViewFrame({ view }) {
  const arriving = useArriving();
  return html`<main class=${`view view-${view.id}`} data-test="view" data-view-open=${view.id}>
    <header class="view-head">
      <h1 id="view-title" tabindex="-1">${view.title}</h1>
      <p>${view.says}</p>
    </header>
    <div key=${view.id} class=${`panels ${arriving ? "panels-arriving" : ""}`}>
      ${view.panels.map((Each) => html`<${Boundary} key=${Each.name} what=${`A panel of ${view.title}`}><${Each} /><//>`)}
    </div>
  </main>`;
}

/** One that breaks keeps no question from being asked, and can be stepped back from. @type {[any, () => void][]} */
const DIALOGS = [
  [WhyHost, () => lookAtVerdict(null)],
  [AmendHost, () => amendOpen(null)],
  [HelpHost, () => helpOpen(false)],
  [DialogHost, () => page.dialog?.done(false)],
];

/** Each part stands for itself: what breaks in one takes no other with it, least of all the kill switch. */
function Dashboard() {
  const view = viewNow();
  return html`<nav aria-label="Shortcuts">
      <a class="skip" href=${location.hash || "#"} onClick=${skipTo("view-title")}>Skip to the view</a>
      <a class="skip" href=${location.hash || "#"} onClick=${skipTo("kill")}>Skip to the kill switch</a>
    </nav>
    <${Boundary} what="The top line"><${Header} onLogOut=${logOut} /><//>
    <${Banner} />
    <div class="desk">
      <${Boundary} what="The navigation"><${Nav} open=${view.id} /><//>
      <${ViewFrame} view=${view} />
      <aside class="rail" aria-label="Kill switch and notices">
        <${KillPanel} />
        <${Boundary} what="The notices"><${Notices} /><//>
      </aside>
    </div>
    ${DIALOGS.map(
      ([Each, close]) => html`<${Boundary} key=${Each.name} what="A dialog" onClose=${close}><${Each} /><//>`,
    )}`;
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
  return html`<${Dashboard} key=${page.session.user} />`;
}

function titleText() {
  if (page.view !== "in") {
    return "Pitwall";
  }
  const firm = page.tradingStates.get("firm")?.effective ?? "unknown";
  const mode = page.status?.mode?.toUpperCase() ?? "";
  return [viewNow().title, stale() ? "no data" : firm, mode, "Pitwall"].filter(Boolean).join(" \u00b7 ");
}

function draw() {
  render(html`<${Page} />`, root);
  const title = titleText();
  if (document.title !== title) {
    document.title = title;
  }
  document.body.classList.toggle("stream-stale", page.view === "in" && stale());
  document.body.classList.toggle("has-banner", page.view === "in" && bannerStands());
  document.documentElement.dataset.mode = page.view === "in" ? (page.status?.mode ?? "") : "";
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

let drawFramed = false;

/** One draw for all snapshots of a moment: a panel that has come into step waits for no timer. */
function drawNextFrame() {
  if (!drawFramed) {
    drawFramed = true;
    requestAnimationFrame(() => {
      drawFramed = false;
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
  if (!(instruments.ok && schema.ok && strategies.ok) && page.view === "in") {
    setTimeout(loadTables, TABLES_AGAIN_MS);
  }
  for (const row of instruments.body?.items ?? []) {
    page.instruments.set(row.instrument, row);
  }
  for (const row of strategies.body?.items ?? []) {
    page.parameters.set(row.strategy, row.schema ?? []);
  }
  page.schema = schema.body ?? page.schema;
  const liked = page.instruments.has(layout.selected ?? "") ? layout.selected : null;
  page.selected ??= liked ?? [...page.instruments.keys()][0] ?? null;
  drawSoon();
}

/** The question that is under way is answered before its session ends: else it would be one that has ended by itself. */
let loading = Promise.resolve();
let leaving = false;

/** What people did before this page was opened: the stream's snapshot may hold nothing but orders. */
async function loadActions() {
  const { session } = page;
  // One by one: of one person's questions to the disk the server takes sixteen at a time.
  for (const kind of ACTION_KINDS) {
    const answer = await auditRead(kind, AUDIT_ROWS);
    if (page.session !== session || leaving) {
      return; // another person's now, or nobody's
    }
    stateAddAudit(answer.body?.items ?? []);
    drawSoon();
  }
}

/** @param {import("./types/shapes.js").Frame} frame in sequence */
function receive(frame) {
  stateApply(frame);
  if (frame.type === "snapshot") {
    drawNextFrame();
  }
  if (frame.topic === "alerts") {
    pagerLook();
  }
}

/** @param {Session} session */
function enter(session) {
  hintSet(true);
  stateClear();
  pagerForget();
  typedEnter(session.user);
  layoutEnter(session.user);
  page.selected = null; // theirs, once the instruments are known
  page.amending = typedTake("amending", null);
  leaving = false;
  page.session = session;
  page.view = "in";
  page.farewell = "";
  routeCheck();
  if (!session.must_change_password) {
    page.stream = new Stream({
      topics: topics(),
      onFrame: receive,
      onSessionGone: recheckSession,
    });
    loadTables();
    if (roleReaches(session.role, "risk")) {
      loading = loadActions();
    }
  }
  drawSoon();
}

/** The answer of the log-in does not say everything that /me says. @param {Session} session */
async function loggedIn(session) {
  const me = await sessionRead();
  enter(me.ok && me.body ? me.body : session);
}

/** @param {string} farewell empty: the person wanted to; else what was typed waits for them */
function leave(farewell) {
  hintSet(false);
  if (farewell) {
    typedKeep();
    if (page.amending) {
      typedPut("amending", page.amending);
    }
  } else {
    typedForget();
  }
  stateClear();
  page.session = null;
  page.view = "out";
  page.farewell = farewell;
  drawSoon();
}

async function logOut() {
  leaving = true;
  await loading;
  await sessionClose();
  leave("");
}

async function reload() {
  const answer = await sessionRead();
  if (answer.ok && answer.body) {
    enter(answer.body);
    return;
  }
  leave(answer.status === 0 ? "The server does not answer." : "");
  if (answer.status === 0) {
    hintSet(true); // the session may be good still
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

/**
 * By another tab the browser may have become another person's: a page never acts for one and names another.
 * @param {Session} session
 */
function knowSession(session) {
  const before = page.session?.user;
  if (page.view === "in" && before !== session.user) {
    enter(session);
    const whose = `what this page sends is in that name now, no longer ${before}'s.`;
    notify("bad", `By another tab this browser is logged in as ${session.user}: ${whose}`, true);
  }
}

/** Another view is read from its top; the focus goes to its title, as after a click on any link. */
function onRoute() {
  if (page.view === "in") {
    routeCheck();
    draw();
    scrollTo(0, 0);
    document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    document.getElementById("view-title")?.focus({ preventScroll: true });
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
apiOnSessionKnown(knowSession);
apiOnSessionGone((path) => {
  if (page.view === "in") {
    leave(path === "/kill" ? "Your session has ended: the kill was NOT carried out." : "Your session has ended.");
  }
});
layoutShow();
layoutOnTheme(drawSoon);
keysListen();
addEventListener("hashchange", onRoute);
document.addEventListener("visibilitychange", () => {
  draw();
  if (page.view === "in" && !document.hidden) {
    recheckSession();
  }
});
setInterval(tick, DRAW_MS);

if (hintHeld()) {
  reload();
} else {
  leave("");
}
