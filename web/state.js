// What the page knows: one object, written by frames of the stream and by the person, read by components.
//
// A topic with items is a Map by its key; a snapshot clears it first. Maps that only grow at the server
// (orders, fills, audit) are cut here to what a person can look at. Components never write: they call the
// functions below, and `changed()` draws the page soon after.

import { serverNow } from "./clock.js";

/** @import { Alert, Approval, AuditRow, Book, Fill, Frame, Instrument, Latency, Limits, LimitsSchema, Order, OrderNew, ParameterRow, Pnl, Position, Receipt, Role, Session, Status, Strategy, Topic, TradingState } from "./types/shapes.js" */

const KEEP_ORDERS = 2500;
const KEEP_FILLS = 200;
const KEEP_AUDIT = 600;
const SAMPLE_MS = 1000;
const SAMPLES = 900;
const MID_SAMPLE_MS = 500;
const MID_SAMPLES = 120;
const NOTICE_MS = 5000;
const BAD_NOTICE_MS = 12000;

const WORKING_STATES = [
  "PENDING_NEW",
  "WORKING",
  "PARTLY_FILLED",
  "PENDING_CANCEL",
  "PENDING_AMEND",
  "UNKNOWN",
];

/** @typedef {{id: number, tone: "good" | "warn" | "bad", text: string, until: number}} Notice */
/** @typedef {{kind: "confirm" | "password", title: string, lines: string[], label: string, danger: boolean, back?: import("./typeback.js").Back[], done: (answer: boolean) => void}} Dialog */
/** @typedef {{x: number, values: (number | null)[], texts: (string | null)[]}} Sample */

export const page = {
  /** @type {Session | null} */
  session: null,
  /** @type {"starting" | "out" | "in"} */
  view: "starting",
  /** Why the log-in form is shown, when there is a reason. */
  farewell: "",
  /** @type {Map<string, Instrument>} */
  instruments: new Map(),
  /** @type {LimitsSchema | null} */
  schema: null,
  /** @type {import("./stream.js").Stream | null} */
  stream: null,
  /** @type {string | null} */
  selected: null,

  /** @type {Status | null} */
  status: null,
  /** Where the kill listener is; kept when the session ends, for the log-in page says it. @type {string | null} */
  killUrl: null,
  /** @type {Pnl | null} */
  pnl: null,
  /** @type {Latency | null} */
  latency: null,
  /** @type {Map<string, Book>} */
  books: new Map(),
  /** @type {Map<string, Position>} */
  positions: new Map(),
  /** @type {Map<string, Order>} */
  orders: new Map(),
  /** @type {Map<string, Fill>} */
  fills: new Map(),
  /** @type {Map<string, Receipt>} */
  receipts: new Map(),
  /** @type {Map<string, TradingState>} */
  tradingStates: new Map(),
  /** @type {Map<string, Limits>} */
  limits: new Map(),
  /** @type {Map<string, Strategy>} */
  strategies: new Map(),
  /** What each strategy may be told @type {Map<string, ParameterRow[]>} */
  parameters: new Map(),
  /** @type {Map<string, Approval>} */
  approvals: new Map(),
  /** @type {Map<string, AuditRow>} */
  audit: new Map(),
  /** @type {Map<string, Alert>} */
  alerts: new Map(),

  /** Which way bid and ask moved last: instrument -> [-1 | 0 | 1, ...] @type {Map<string, number[]>} */
  moves: new Map(),
  /** Since when our count and the venue's differ so @type {Map<string, {drift: number, at: number}>} */
  drifts: new Map(),
  /** The differences that this page's person let be @type {Map<string, number>} */
  kept: new Map(),
  /** Pixels of the sparklines @type {Map<string, (number | null)[]>} */
  mids: new Map(),
  /** @type {Sample[]} */
  pnlSamples: [],
  /** @type {Sample[]} */
  latencySamples: [],

  /** @type {Notice[]} */
  notices: [],
  /** @type {Dialog | null} */
  dialog: null,
  /** The order whose verdict is being looked at. @type {Order | null} */
  why: null,
  /** The order that is being amended. @type {Order | null} */
  amending: null,
  /** The kill whose report is open @type {string | null} */
  incident: null,
  /** What the order ticket is to hold next; it takes it. @type {Partial<OrderNew> | null} */
  ticket: null,
  /** Is the list of keys open? */
  help: false,
};

let draw = () => {};
let noticeIds = 0;
let sampledAt = -Infinity;
let midSampledAt = -Infinity;

/** @param {() => void} callback */
export function stateOnChange(callback) {
  draw = callback;
}

export function changed() {
  draw();
}

/** @returns {Role | undefined} */
export function role() {
  return page.session?.role;
}

export function stale() {
  return page.stream === null || page.stream.stale();
}

/** ms since the last frame of a topic; null before the first. @param {Topic} topic */
export function topicAge(topic) {
  const at = page.stream?.topic(topic)?.at ?? -Infinity;
  return Number.isFinite(at) ? performance.now() - at : null;
}

/** Held and in step? @param {Topic} topic */
export function topicSynced(topic) {
  return page.stream?.topic(topic)?.synced ?? false;
}

/** Rows that come by the thousand; the others are what people did and what stopped, and stay longest. */
export const BUSY_KINDS = ["order", "denial", "fill", "gap"];
/** All that api-spec/openapi.yaml calls an AuditKind. */
export const ACTION_KINDS = [
  ...["kill", "limits", "state", "approval", "config", "strategy", "position", "user", "token", "login", "login_failed"],
  ...["logout", "refused", "alert", "export", "start", "stop", "storage"],
];
export const AUDIT_KINDS = [...ACTION_KINDS, ...BUSY_KINDS];

/** @param {AuditRow} row */
export function auditIsAction(row) {
  return !BUSY_KINDS.includes(row.kind);
}

/** Of an order of an earlier run nobody may know how it ended: it does not work. @param {Order} order */
export function orderIsWorking(order) {
  return WORKING_STATES.includes(order.state) && !order.earlier;
}

/**
 * Oldest first. The numbers of orders begin anew with each run, and so does the clock of a recording.
 * @param {any} a
 * @param {any} b
 */
export function byAge(a, b) {
  const sent = a.sent_ns === b.sent_ns ? a.seq - b.seq : a.sent_ns < b.sent_ns ? -1 : 1;
  return Number(b.earlier ?? 0) - Number(a.earlier ?? 0) || sent;
}

/** Rests at the venue, with no change of it under way? @param {Order} order */
export function orderIsAmendable(order) {
  return order.price !== null && ["WORKING", "PARTLY_FILLED"].includes(order.state);
}

/** @type {Record<string, {map: Map<string, any>, key: string, keep?: number, spare?: (item: any) => boolean}>} */
const LISTS = {
  books: { map: page.books, key: "instrument" },
  positions: { map: page.positions, key: "instrument" },
  orders: { map: page.orders, key: "id", keep: KEEP_ORDERS, spare: orderIsWorking },
  fills: { map: page.fills, key: "id", keep: KEEP_FILLS },
  limits: { map: page.limits, key: "scope" },
  strategies: { map: page.strategies, key: "strategy" },
  approvals: { map: page.approvals, key: "id" },
  alerts: { map: page.alerts, key: "id" },
  audit: { map: page.audit, key: "seq", keep: KEEP_AUDIT, spare: auditIsAction },
};

/**
 * @param {Map<string, any>} map
 * @param {string} key
 * @param {any[] | undefined} items
 */
function upsert(map, key, items) {
  for (const item of items ?? []) {
    map.set(String(item[key]), item);
  }
}

/**
 * Drops the oldest. What the list spares (working orders, what people did) goes only when
 * there is too much even of that.
 * @param {Map<string, any>} map
 * @param {number} keep
 * @param {(item: any) => boolean} spare
 */
function cut(map, keep, spare) {
  if (map.size <= keep * 1.25) {
    return;
  }
  const oldest = [...map.entries()].sort((a, b) => byAge(a[1], b[1]));
  const dropped = oldest.filter(([, item]) => !spare(item)).slice(0, map.size - keep);
  const rest = map.size > keep * 4 ? oldest.slice(0, map.size - keep * 4) : [];
  for (const [key] of [...dropped, ...rest]) {
    map.delete(key);
  }
}

/** @param {Book[] | undefined} books */
function noteMoves(books) {
  for (const book of books ?? []) {
    const old = page.books.get(book.instrument);
    const moves = page.moves.get(book.instrument) ?? [0, 0];
    [old?.bids?.[0], old?.asks?.[0]].forEach((level, side) => {
      const next = (side === 0 ? book.bids : book.asks)?.[0];
      const change = level && next ? Math.sign(Number(next[0]) - Number(level[0])) : 0;
      moves[side] = change || moves[side];
    });
    page.moves.set(book.instrument, moves);
  }
}

/** @param {Position[] | undefined} positions */
function noteDrifts(positions) {
  for (const { instrument, drift } of positions ?? []) {
    if (!drift) {
      page.drifts.delete(instrument);
    } else if (page.drifts.get(instrument)?.drift !== drift) {
      page.drifts.set(instrument, { drift, at: performance.now() });
    }
  }
}

/** What our person answered: this difference stops nothing. @param {string} instrument @param {number} drift */
export function driftKept(instrument, drift) {
  page.kept.set(instrument, drift);
  changed();
}

/**
 * The audit only grows, and a snapshot holds just its newest rows: what we hold of before stays true, unless
 * the trail is another one (same sequence, other hash; or not nearly as long).
 * @param {AuditRow[]} items
 */
function auditGoesOn(items) {
  const head = Math.max(0, ...items.map((row) => row.seq));
  const held = Math.max(0, ...[...page.audit.values()].map((row) => row.seq));
  const same = items.every(
    (row) => (page.audit.get(String(row.seq))?.hash ?? row.hash) === row.hash,
  );
  return same && head > held - KEEP_AUDIT;
}

/** Rows of the audit that were asked for apart from the stream. @param {AuditRow[]} rows */
export function stateAddAudit(rows) {
  upsert(page.audit, "seq", rows);
}

/** @param {Frame} frame in sequence */
export function stateApply(frame) {
  const { topic, data } = frame;
  if (topic === "status" || topic === "pnl" || topic === "latency") {
    page[topic] = data;
    page.killUrl = page.status?.kill_url ?? page.killUrl;
    return;
  }
  if (topic === "kill") {
    if (frame.type === "snapshot") {
      page.receipts.clear();
      page.tradingStates.clear();
    }
    upsert(page.receipts, "incident", data.items);
    upsert(page.tradingStates, "scope", data.states);
    return;
  }
  const list = LISTS[topic];
  const keeps = topic === "audit" && auditGoesOn(data.items ?? []);
  if (topic === "books") {
    noteMoves(data.items);
  }
  if (topic === "positions") {
    noteDrifts(data.items);
  }
  if (frame.type === "snapshot" && !keeps) {
    list.map.clear();
  }
  upsert(list.map, list.key, data.items);
  for (const key of data.removed ?? []) {
    list.map.delete(String(key));
  }
  if (list.keep) {
    cut(list.map, list.keep, list.spare ?? (() => false));
  }
}

/** @param {unknown} text @returns {number | null} a pixel position, never shown as text */
function pixel(text) {
  return text === null || text === undefined || text === "" ? null : Number(text);
}

/** @param {Sample[]} samples @param {(string | null | undefined)[]} texts */
function addSample(samples, texts) {
  samples.push({
    x: serverNow(),
    values: texts.map(pixel),
    texts: texts.map((text) => text ?? null),
  });
  if (samples.length > SAMPLES) {
    samples.shift();
  }
}

function sampleMids() {
  for (const [instrument, book] of page.books) {
    const bid = pixel(book.bids?.[0]?.[0]);
    const offer = pixel(book.asks?.[0]?.[0]);
    const mids = page.mids.get(instrument) ?? [];
    mids.push(stale() || bid === null || offer === null ? null : (bid + offer) / 2);
    if (mids.length > MID_SAMPLES) {
      mids.shift();
    }
    page.mids.set(instrument, mids);
  }
}

/** Takes the samples that charts and sparklines are drawn from; a dead stream leaves a gap in the line. */
export function stateSample() {
  const now = performance.now();
  if (now - midSampledAt >= MID_SAMPLE_MS) {
    midSampledAt = now;
    sampleMids();
  }
  if (now - sampledAt < SAMPLE_MS) {
    return;
  }
  sampledAt = now;
  const dead = stale();
  const step = page.latency?.stages?.step;
  addSample(page.pnlSamples, dead ? [null, null] : [page.pnl?.total, page.pnl?.equity]);
  addSample(
    page.latencySamples,
    dead ? [null, null, null] : [step?.p50_ns, step?.p99_ns, step?.p999_ns],
  );
}

/** Forgets everything that belonged to the session. */
export function stateClear() {
  page.stream?.close();
  page.dialog?.done(false); // who asked waits for an answer
  page.stream = null;
  page.status = page.pnl = page.latency = null;
  Object.values(LISTS).forEach((list) => list.map.clear());
  [page.receipts, page.tradingStates, page.moves, page.mids, page.instruments].forEach((map) =>
    map.clear(),
  );
  [page.drifts, page.kept, page.parameters].forEach((map) => map.clear());
  page.pnlSamples.length = page.latencySamples.length = page.notices.length = 0;
  page.dialog = page.why = page.amending = page.ticket = page.incident = null;
  page.help = false;
}

/**
 * Says something to the person; screen readers hear it.
 * @param {Notice["tone"]} tone
 * @param {string} text
 * @param {boolean} [stays] until it is closed
 * @returns {number} its id, for who takes it back
 */
export function notify(tone, text, stays = false) {
  const ms = stays ? Infinity : tone === "bad" ? BAD_NOTICE_MS : NOTICE_MS;
  page.notices.push({ id: ++noticeIds, tone, text, until: performance.now() + ms });
  changed();
  return noticeIds;
}

/** @param {number} id */
export function noticeClose(id) {
  page.notices = page.notices.filter((notice) => notice.id !== id);
  changed();
}

/** Shows why an order passed the gate or did not; null closes it. @param {Order | null} order */
export function lookAtVerdict(order) {
  page.why = order;
  page.amending = null;
  changed();
}

/** Opens the dialog that amends an order; null closes it. @param {Order | null} order */
export function amendOpen(order) {
  page.amending = order;
  page.why = null;
  changed();
}

/** Fills in the order ticket; nothing is sent. @param {Partial<OrderNew> | null} order */
export function ticketFill(order) {
  page.ticket = order;
  changed();
}

/** The list of keys. @param {boolean} open */
export function helpOpen(open) {
  page.help = open;
  changed();
}

/** Opens the report of a kill; null closes it. @param {string | null} incident */
export function incidentOpen(incident) {
  page.incident = incident;
  changed();
}

/** Old notices go by themselves. */
export function noticesExpire() {
  const now = performance.now();
  page.notices = page.notices.filter((notice) => notice.until > now);
}

/**
 * Opens a dialog beside the page (never over the kill switch) and waits for the answer.
 * @param {Omit<Dialog, "done">} dialog
 * @returns {Promise<boolean>}
 */
export function ask(dialog) {
  page.dialog?.done(false);
  return new Promise((resolve) => {
    const asked = {
      ...dialog,
      done: (/** @type {boolean} */ answer) => {
        // Whoever stepped back may have been asked something else since.
        if (page.dialog === asked) {
          page.dialog = null;
        }
        changed();
        resolve(answer);
      },
    };
    page.dialog = asked;
    changed();
  });
}
