// The only place that fetches.
//
// Every call resolves to an Answer {ok, status, body, problem, etag}; it never throws for what the server
// or the network does (status 0: the server did not answer, even where something on the way to it did). The session is a cookie that this page cannot read;
// writes carry the CSRF token that log-in or /me gave. A write gets one Idempotency-Key for all its tries.

/** @import { Account, Alert, Answer, Approval, AuditRow, AuditVerdict, FillPairs, HandOver, Instrument, LatencyAudit, LimitsSchema, Limits, LimitsPast, List, OpenSession, Order, OrderNew, Position, Receipt, Role, Session, Strategy, Token, Trade, VenueAccount, Verdict, WhatIfAnswer } from "./types/shapes.js" */

const BASE = "/api/v1";
const TIMEOUT_MS = 8000;
const KILL_TIMEOUT_MS = 2500;
const KILL_TRIES = 3;
const CSRF = "csrf";
/** The whole chain is computed again. */
const VERIFY_TIMEOUT_MS = 60000;

let csrf = "";
/** @type {(path: string) => void} */
let onSessionGone = () => {};

/** @param {(path: string) => void} callback called when the server no longer knows this session, with what was asked */
export function apiOnSessionGone(callback) {
  onSessionGone = callback;
}

/** @type {(session: Session) => void} */
let onSessionKnown = () => {};

/** @param {(session: Session) => void} callback called with whose session the browser's cookie is, whenever that is asked */
export function apiOnSessionKnown(callback) {
  onSessionKnown = callback;
}

/** @param {string} scope firm, venue/sim: written in a path as it is, apart from what a path cannot hold */
function scopePath(scope) {
  return scope.split("/").map(encodeURIComponent).join("/").replaceAll("%3A", ":");
}

/** An Idempotency-Key: what is sent again under it happens once. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** @param {unknown} error @param {number} answered the HTTP status that something answered, or 0 */
function unansweredProblem(error, answered) {
  const what = error instanceof SyntaxError ? "The answer was not JSON, so not this server's" : "The answer broke off";
  return answered === 0
    ? { code: "unreachable", title: "The server did not answer" }
    : { code: `http_${answered}`, title: `${what}: HTTP status ${answered}` };
}

/**
 * @template T
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {{body?: unknown, ifMatch?: string, key?: string, timeoutMs?: number}} [options]
 * @returns {Promise<Answer<T>>}
 */
async function call(method, path, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    headers["X-CSRF-Token"] = csrf;
  }
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  if (options.ifMatch !== undefined) {
    headers["If-Match"] = `"${options.ifMatch}"`;
  }
  if (options.key) {
    headers["Idempotency-Key"] = options.key;
  }
  let answered = 0;
  try {
    const response = await fetch(BASE + path, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
    });
    answered = response.status;
    const parsed = JSON.parse((await response.text()) || "null");
    return {
      ok: response.ok,
      status: response.status,
      body: response.ok ? parsed : null,
      problem: response.ok ? null : (parsed ?? { code: `http_${response.status}` }),
      etag: response.headers.get("ETag"),
    };
  } catch (error) {
    return { ok: false, status: 0, body: null, problem: unansweredProblem(error, answered), etag: null };
  }
}

/**
 * A call of a logged-in person: tells the page when the session is gone, and when it has become another one's by
 * another tab: then nothing was done, and what is sent next goes under the name that the page says.
 * @template T
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, ifMatch?: string, key?: string, timeoutMs?: number}} [options]
 * @returns {Promise<Answer<T>>}
 */
async function sessionCall(method, path, options) {
  /** @type {Answer<T>} */
  const answer = await call(method, path, options);
  if (answer.status === 401) {
    onSessionGone(path);
  } else if (answer.problem?.code === CSRF) {
    await sessionRead();
  }
  return answer;
}

/** @template T @param {string} path @returns {Promise<Answer<T>>} */
function read(path) {
  return sessionCall("GET", path);
}

/**
 * @template T
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {string} [ifMatch]
 * @returns {Promise<Answer<T>>}
 */
function write(method, path, body, ifMatch) {
  return sessionCall(method, path, { body, ifMatch, key: newKey() });
}

/** @param {Answer<Session>} answer */
function keepCsrf(answer) {
  if (answer.ok && answer.body) {
    csrf = answer.body.csrf;
  }
  return answer;
}

/**
 * Logs in; within a session the same call is the re-authentication.
 * @param {string} user
 * @param {string} password
 * @param {string} [totp] the code of the second factor; the answer totp_required asks for it
 */
export async function sessionOpen(user, password, totp) {
  /** @type {Answer<Session>} */
  const answer = await call("POST", "/session", {
    body: { user, password, ...(totp ? { totp } : {}) },
  });
  return keepCsrf(answer);
}

export function sessionClose() {
  return call("DELETE", "/session");
}

/** Who am I; a 401 is an answer here, not an ended session. */
export async function sessionRead() {
  /** @type {Answer<Session>} */
  const answer = await call("GET", "/me");
  keepCsrf(answer);
  if (answer.ok && answer.body) {
    onSessionKnown(answer.body);
  }
  return answer;
}

/** @param {string} password @param {string} next */
export function passwordChange(password, next) {
  return write("PATCH", "/me", { password, new_password: next });
}

/** @returns {Promise<Answer<{ticket: string, expires_ns: string}>>} */
export function streamTicket() {
  return sessionCall("POST", "/stream/ticket");
}

/** @param {string} ticket */
export function streamAddress(ticket) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}${BASE}/stream?ticket=${encodeURIComponent(ticket)}`;
}

/** @returns {Promise<Answer<List<Instrument>>>} */
export function instrumentsRead() {
  return read("/instruments");
}

/** @returns {Promise<Answer<List<VenueAccount>>>} */
export function reconciliationRead() {
  return call("GET", "/reconciliation");
}

/** @param {string} instrument @param {string} state empty: all @param {number} limit @returns {Promise<Answer<FillPairs>>} */
export function fillPairsRead(instrument, state, limit) {
  return call("GET", `/reconciliation/${scopePath(instrument)}/fills?${queryOf({ state, limit: String(limit) })}`);
}

/** @param {string} instrument @param {number} limit @returns {Promise<Answer<List<Trade>>>} */
export function tradesRead(instrument, limit) {
  return call("GET", `/trades?${new URLSearchParams({ instrument, limit: String(limit) })}`);
}

/** The newest rows of one kind. @param {string} kind @param {number} limit @returns {Promise<Answer<List<AuditRow>>>} */
export function auditRead(kind, limit) {
  return read(`/audit?kind=${encodeURIComponent(kind)}&limit=${limit}`);
}

/** Names and values of a query, without what is empty. @param {Record<string, string>} filters */
function queryOf(filters) {
  return new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== "")).toString();
}

/**
 * @param {Record<string, string>} filters from, to, actor, kind, scope, q
 * @param {string | null} cursor of the answer before
 * @param {number} limit
 * @returns {Promise<Answer<List<AuditRow>>>}
 */
export function auditSearch(filters, cursor, limit) {
  return read(`/audit?${queryOf({ ...filters, cursor: cursor ?? "", limit: String(limit) })}`);
}

/** Where the browser fetches the rows as a file. @param {Record<string, string>} filters @param {"csv" | "ndjson"} format */
export function auditExportAddress(filters, format) {
  return `${BASE}/audit/export?${queryOf({ ...filters, format })}`;
}

/** @returns {Promise<Answer<AuditVerdict>>} */
export function auditVerify() {
  return sessionCall("GET", "/audit/verify", { timeoutMs: VERIFY_TIMEOUT_MS });
}

/** @param {string} scope @param {string | null} cursor @returns {Promise<Answer<List<LimitsPast>>>} */
export function limitsHistory(scope, cursor) {
  const query = queryOf({ cursor: cursor ?? "", limit: "20" });
  return read(`/limits/${scopePath(scope)}/history?${query}`);
}

/**
 * @param {string} scope
 * @param {number} to a generation of this scope
 * @param {string} reason
 * @param {number} generation the one in force that the person looked at
 * @returns {Promise<Answer<Limits | Approval>>}
 */
export function limitsRevert(scope, to, reason, generation) {
  return write("POST", `/limits/${scopePath(scope)}/revert`, { to, reason }, String(generation));
}

/**
 * @param {string} scope
 * @param {Record<string, string | number>} limits
 * @param {number} minutes
 * @returns {Promise<Answer<WhatIfAnswer>>}
 */
export function whatIf(scope, limits, minutes) {
  return write("POST", "/limits/what-if", { limits: { [scope]: limits }, minutes });
}

/** @returns {Promise<Answer<LimitsSchema>>} */
export function limitsSchemaRead() {
  return read("/limits/schema");
}

/** The limits of every scope with their present use. @returns {Promise<Answer<List<Limits>>>} */
export function limitsUseRead() {
  return read("/limits?limit=1000");
}

/** @param {string} scope @returns {Promise<Answer<Limits>>} */
export function limitsRead(scope) {
  return read(`/limits/${scopePath(scope)}`);
}

/**
 * @param {string} scope
 * @param {Record<string, string | number>} limits only the changed ones
 * @param {string} reason
 * @param {number} generation the generation the person looked at
 * @param {number} lastsS seconds after which what loosens returns by itself; 0: it stays
 * @returns {Promise<Answer<Limits | Approval>>}
 */
export function limitsWrite(scope, limits, reason, generation, lastsS) {
  const body = { limits, reason, ...(lastsS > 0 ? { expires_s: lastsS } : {}) };
  return write("PUT", `/limits/${scopePath(scope)}`, body, String(generation));
}

/** Strategies with the schema of their parameters. @returns {Promise<Answer<List<Strategy>>>} */
export function strategiesRead() {
  return read("/strategies");
}

/**
 * @param {string} strategy
 * @param {object} change enabled, parameters, per_instrument, reason
 * @param {number} version the version the person looked at
 * @returns {Promise<Answer<Strategy | Approval>>}
 */
export function strategyWrite(strategy, change, version) {
  return write("PUT", `/strategies/${encodeURIComponent(strategy)}`, change, String(version));
}

/**
 * Kill. Tried again when nobody answers: killing a killed scope is harmless, the same key makes it one.
 * @param {string} scope
 * @param {string} reason
 * @param {boolean} flatten
 * @returns {Promise<Answer<Receipt>>}
 */
export async function kill(scope, reason, flatten) {
  const key = newKey();
  /** @type {Answer<Receipt>} */
  let answer = { ok: false, status: 0, body: null, problem: null, etag: null };
  for (let tries = 0; tries < KILL_TRIES && answer.status === 0; tries++) {
    answer = await sessionCall("POST", "/kill", {
      body: { scope, reason, flatten },
      key,
      timeoutMs: KILL_TIMEOUT_MS,
    });
    if (answer.problem?.code === CSRF && tries === 0) {
      answer.status = 0; // refused for its proof alone, which is renewed by now: a kill does not wait for a person
    }
  }
  return answer;
}

/** @param {string} incident @returns {Promise<Answer<Receipt>>} */
export function receiptRead(incident) {
  return read(`/kill/${encodeURIComponent(incident)}`);
}

/**
 * @param {string} scope
 * @param {string | null} incident null: no kill has set the state
 * @param {string} reason
 * @returns {Promise<Answer<Approval>>}
 */
export function resume(scope, incident, reason) {
  return write("POST", "/resume", { scope, incident, reason });
}

/**
 * Which count of a position holds from now on, where ours and the venue's differ.
 * @param {string} instrument
 * @param {"adopt" | "keep"} choice
 * @param {string} reason
 * @returns {Promise<Answer<Position>>}
 */
export function driftSettle(instrument, choice, reason) {
  return write("POST", `/positions/${encodeURIComponent(instrument)}/adopt`, { choice, reason });
}

/**
 * A manual order, through the gate like every other.
 * @param {OrderNew} order
 * @param {string} key of all tries of this order
 * @returns {Promise<Answer<Order>>}
 */
export function orderPlace(order, key) {
  return sessionCall("POST", "/orders", { body: order, key });
}

/**
 * @param {string} scope
 * @param {string} reason
 * @returns {Promise<Answer<{scope: string, orders: number}>>}
 */
export function ordersCancelAll(scope, reason) {
  return write("POST", "/orders/cancel-all", { scope, reason });
}

/** @param {string} id @returns {Promise<Answer<unknown>>} */
export function orderCancel(id) {
  return write("DELETE", `/orders/${encodeURIComponent(id)}`);
}

/** @param {string} id @returns {Promise<Answer<Order>>} */
export function orderRead(id) {
  return read(`/orders/${encodeURIComponent(id)}`);
}

/**
 * @param {string} id
 * @param {{price?: string, qty?: string}} change only what changes; qty is the new total
 * @returns {Promise<Answer<Order>>}
 */
export function orderAmend(id, change) {
  return write("PATCH", `/orders/${encodeURIComponent(id)}`, change);
}

/** @param {string} id @returns {Promise<Answer<Verdict>>} */
export function verdictRead(id) {
  return read(`/orders/${encodeURIComponent(id)}/why`);
}

/**
 * @param {string} id
 * @param {"approve" | "reject"} verb
 * @param {string} reason may be empty
 * @returns {Promise<Answer<Approval>>}
 */
export function approvalDecide(id, verb, reason) {
  return write("POST", `/approvals/${encodeURIComponent(id)}/${verb}`, reason ? { reason } : {});
}

/** @param {string} id @param {string} note @returns {Promise<Answer<Alert>>} */
export function alertAcknowledge(id, note) {
  return write("POST", `/alerts/${encodeURIComponent(id)}/acknowledge`, { note });
}

/** For whoever comes next. @param {string} note @returns {Promise<Answer<HandOver>>} */
export function handOverNote(note) {
  return write("POST", "/alerts/note", { note });
}

/** @returns {Promise<Answer<List<HandOver>>>} */
export function handOverRead() {
  return read("/alerts/hand-over?limit=50");
}

/** @returns {Promise<Answer<List<Account>>>} */
export function accountsRead() {
  return read("/users?limit=1000");
}

/**
 * @param {{user: string, role: Role, password: string, person?: string, reason: string}} account
 * @returns {Promise<Answer<Account | Approval>>}
 */
export function accountMake(account) {
  return write("POST", "/users", account);
}

/**
 * @param {string} user
 * @param {{role?: Role, disabled?: boolean, must_change_password?: boolean, reason: string}} change
 * @param {number} version
 * @returns {Promise<Answer<Account | Approval>>}
 */
export function accountChange(user, change, version) {
  return write("PATCH", `/users/${encodeURIComponent(user)}`, change, String(version));
}

/** @param {string} user @returns {Promise<Answer<null>>} */
export function accountTotpRemove(user) {
  return write("DELETE", `/users/${encodeURIComponent(user)}/totp`);
}

/** @returns {Promise<Answer<List<Token>>>} */
export function tokensRead() {
  return read("/tokens?limit=1000");
}

/**
 * @param {{name: string, role?: Role, scope?: string, days: number}} token
 * @returns {Promise<Answer<Token & {token: string}>>} with the token itself, this once
 */
export function tokenMake(token) {
  return write("POST", "/tokens", token);
}

/** @param {string} name @returns {Promise<Answer<null>>} */
export function tokenEnd(name) {
  return write("DELETE", `/tokens/${encodeURIComponent(name)}`);
}

/** What files tell of the host. @returns {Promise<Answer<LatencyAudit>>} */
export const latencyAuditRead = () => read("/latency-audit");

/** The own ones; for an admin, all. @returns {Promise<Answer<List<OpenSession>>>} */
export function sessionsRead() {
  return read("/sessions?limit=1000");
}

/** @param {string} id @returns {Promise<Answer<null>>} */
export function sessionEnd(id) {
  return write("DELETE", `/sessions/${encodeURIComponent(id)}`);
}

/** @returns {Promise<Answer<{secret: string, uri: string}>>} */
export function totpBegin() {
  return write("POST", "/me/totp");
}

/** @param {string} code @returns {Promise<Answer<null>>} */
export function totpConfirm(code) {
  return write("POST", "/me/totp/confirm", { code });
}

/** @returns {Promise<Answer<null>>} */
export function totpRemove() {
  return write("DELETE", "/me/totp");
}
