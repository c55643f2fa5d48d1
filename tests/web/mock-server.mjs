// Serves the built dashboard with the strict headers of the real server, over a fake of its API.
//
// As a program: `node mock-server.mjs [OUTDIR] [PORT] [MODE]`, log in as viewer, trader, risk1, risk2 or
// admin with the password "demo". As a module the tests drive it: `fault` holds what shall go wrong.

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { amendDenial, amendsAnswer, amendSend } from "./mock-amends.mjs";
import { Desk } from "./mock-desk.mjs";
import { peopleOf, peopleRoute } from "./mock-people.mjs";
import { venueRoute } from "./mock-venue.mjs";

export const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};
const PASSWORD = "demo";
const RANK = ["viewer", "trader", "risk", "admin"];
const TICK_MS = 100;

class Refusal extends Error {
  constructor(status, code, more = {}) {
    super(code);
    Object.assign(this, { status, code, more });
  }
}

function need(session, role) {
  if (RANK.indexOf(session.role) < RANK.indexOf(role)) {
    throw new Refusal(403, "forbidden");
  }
}

/** Frames of a topic: what a snapshot holds. */
const SNAPSHOTS = {
  status: (desk) => desk.status(),
  pnl: (desk) => desk.pnl(),
  latency: (desk) => desk.latency(),
  books: (desk) => ({ items: desk.markets.map((market) => desk.book(market)) }),
  positions: (desk) => ({ items: desk.positions() }),
  orders: (desk) => ({ items: desk.orders.slice(0, 200) }),
  fills: (desk) => ({ items: desk.fills.slice(0, 200) }),
  limits: (desk) => ({ items: desk.limits }),
  strategies: (desk) => ({ items: desk.strategies }),
  approvals: (desk) => ({ items: desk.approvals }),
  audit: (desk) => ({ items: desk.audit.slice(-200).reverse() }),
  kill: (desk) => ({ items: desk.receipts, states: desk.states }),
  alerts: (desk) => ({ items: peopleOf(desk).alerts }),
};

/** How many ticks lie between two deltas. */
const EVERY = {
  status: 5,
  pnl: 3,
  latency: 10,
  alerts: 3,
  books: 1,
  positions: 3,
  orders: 2,
  fills: 2,
  limits: 3,
  strategies: 3,
  approvals: 3,
  audit: 3,
  kill: 2,
};

export class MockServer {
  constructor(dir, options = {}) {
    this.dir = dir;
    this.desk = new Desk(options);
    this.sessions = new Map();
    this.tickets = new Map();
    this.clients = new Set();
    this.ticks = 0;
    this.audited = 0;
    /** mute: nothing is sent; dead: HTTP hangs up; skip: a topic whose next delta is lost; reauth: 403 once */
    this.fault = {
      mute: false,
      dead: false,
      skip: null,
      twice: null,
      reauth: false,
      mustChange: false,
    };
    this.seen = [];
    this.http = createServer((request, response) => this.answer(request, response));
    this.sockets = new WebSocketServer({ noServer: true });
    this.http.on("upgrade", (request, socket, head) => this.upgrade(request, socket, head));
  }

  async start(port = 0) {
    await new Promise((resolve) => this.http.listen(port, "127.0.0.1", resolve));
    for (let warmUp = 0; warmUp < 60; warmUp++) {
      this.desk.step();
    }
    this.timer = setInterval(() => this.tick(), TICK_MS);
    return `http://127.0.0.1:${this.http.address().port}`;
  }

  async stop() {
    clearInterval(this.timer);
    this.clients.forEach((client) => client.socket.terminate());
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  // ---- stream ----

  upgrade(request, socket, head) {
    const url = new URL(request.url, "http://mock");
    const session = this.tickets.get(url.searchParams.get("ticket"));
    this.tickets.delete(url.searchParams.get("ticket"));
    if (!session || this.fault.dead) {
      socket.destroy();
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (opened) => this.join(opened, session));
  }

  join(socket, session) {
    const client = { socket, session, seqs: {}, topics: new Set() };
    this.clients.add(client);
    socket.on("close", () => this.clients.delete(client));
    socket.on("error", () => this.clients.delete(client));
    socket.on("message", (text) => {
      const { op, topics } = JSON.parse(text);
      if (op !== "subscribe" || this.fault.mute) {
        return;
      }
      for (const topic of topics) {
        client.topics.add(topic);
        this.send(client, topic, "snapshot", this.snapshotOf(topic));
      }
    });
  }

  send(client, topic, type, data) {
    const seq = (client.seqs[topic] = (client.seqs[topic] ?? 0) + 1);
    if (type === "delta" && this.fault.skip === topic) {
      this.fault.skip = null;
      return;
    }
    const frame = JSON.stringify({
      topic,
      type,
      seq,
      ts_ns: String(BigInt(Date.now()) * 1000000n),
      data,
    });
    client.socket.send(frame);
    if (this.fault.twice === topic) {
      this.fault.twice = null;
      client.socket.send(frame);
    }
  }

  snapshotOf(topic) {
    return SNAPSHOTS[topic](this.desk);
  }

  /** What this tick sends. */
  dueTopics() {
    return Object.keys(EVERY).filter((name) => this.ticks % EVERY[name] === 0);
  }

  deltaOf(topic) {
    const { desk } = this;
    if (topic === "orders") {
      return { items: desk.touched.splice(0) };
    }
    if (topic === "fills") {
      return { items: desk.filled.splice(0) };
    }
    if (topic === "audit") {
      const items = desk.audit.slice(this.audited).reverse();
      this.audited = desk.audit.length;
      return { items };
    }
    return this.snapshotOf(topic);
  }

  tick() {
    const { desk } = this;
    desk.touched ??= [];
    desk.filled ??= [];
    this.ticks++;
    if (this.ticks % 2 === 0) {
      desk.step();
      desk.confirm();
      amendsAnswer(desk);
    }
    for (const topic of this.dueTopics()) {
      const delta = this.deltaOf(topic);
      const quiet = delta.items?.length === 0 && topic !== "approvals" && topic !== "kill";
      for (const client of this.clients) {
        if (!this.fault.mute && client.topics.has(topic) && !quiet) {
          this.send(client, topic, "delta", delta);
        }
      }
    }
  }

  // ---- REST ----

  headers(type) {
    return {
      "Content-Type": type,
      "Content-Security-Policy": CSP,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Cross-Origin-Opener-Policy": "same-origin",
    };
  }

  async answer(request, response) {
    const url = new URL(request.url, "http://mock");
    if (this.fault.dead) {
      request.socket.destroy();
      return;
    }
    try {
      if (url.pathname.startsWith("/api/v1/")) {
        await this.api(request, response, url);
      } else {
        await this.file(response, url.pathname);
      }
    } catch (error) {
      const { status = 500, code = "internal", more = {} } = error;
      response.writeHead(status, this.headers("application/problem+json"));
      response.end(
        JSON.stringify({
          code,
          title: code,
          detail: String(error.message),
          request_id: "r0",
          ...more,
        }),
      );
    }
  }

  async file(response, path) {
    const name = path === "/" ? "index.html" : normalize(path).slice(1);
    const body = await readFile(join(this.dir, name)).catch(() => {
      throw new Refusal(404, "not_found");
    });
    response.writeHead(200, this.headers(TYPES[extname(name)] ?? "application/octet-stream"));
    response.end(body);
  }

  async api(request, response, url) {
    const path = url.pathname.slice("/api/v1".length);
    const chunks = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : null;
    this.seen.push({ method: request.method, path, query: url.search, body, headers: request.headers });
    const reply = (status, value, extra = {}) => {
      response.writeHead(status, { ...this.headers("application/json"), ...extra });
      response.end(value === undefined ? "" : JSON.stringify(value));
    };
    if (path === "/audit" && this.fault.auditMs) {
      await new Promise((done) => setTimeout(done, this.fault.auditMs));
    }
    const session = this.sessions.get(
      /pitwall_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1],
    );
    if (path === "/session" && request.method === "POST") {
      this.logIn(body, session, reply);
      return;
    }
    if (!session) {
      throw new Refusal(401, "unauthenticated");
    }
    if (request.method !== "GET" && request.headers["x-csrf-token"] !== session.csrf) {
      throw new Refusal(403, "csrf");
    }
    this.route(`${request.method} ${decodeURIComponent(path)}`, {
      request,
      query: url.searchParams,
      body,
      session,
      reply,
    });
  }

  logIn({ user, password, totp }, old, reply) {
    const role = this.desk.roleOf(user);
    if (!role || password !== PASSWORD) {
      throw new Refusal(401, "bad_credentials");
    }
    if (this.fault.totp && totp !== this.fault.totp) {
      throw new Refusal(401, totp ? "bad_credentials" : "totp_required");
    }
    const again = old?.user === user ? old : null; // else this browser is another person's now
    const session = again ?? {
      user,
      role,
      csrf: randomBytes(8).toString("hex"),
      id: randomBytes(16).toString("hex"),
    };
    this.sessions.set(session.id, session);
    this.desk.note("login", user);
    const cookie = `pitwall_session=${session.id}; HttpOnly; SameSite=Strict; Path=/`;
    reply(200, { user, role, csrf: session.csrf, expires_ns: "0" }, { "Set-Cookie": cookie });
  }

  route(what, call) {
    const { desk } = this;
    const { session, reply, body } = call;
    if (what === "POST /orders" && this.fault.orders) {
      throw new Refusal(...this.fault.orders);
    }
    if (what === "POST /orders" && this.fault.slowOrders) {
      setTimeout(() => peopleRoute(desk, what, call), this.fault.slowOrders);
      return;
    }
    if (/^GET .(trades|reconciliation.*)$/.test(what) && this.fault.asked) {
      throw new Refusal(...this.fault.asked);
    }
    const refused = { "GET /alerts/hand-over": this.fault.lists, "GET /audit": this.fault.audit }[what];
    if (refused) {
      throw new Refusal(...refused);
    }
    if (!this.fault.mustChange && (venueRoute(desk, what, call) || peopleRoute(desk, what, call))) {
      return;
    }
    const limits = /^(GET|PUT) \/limits\/(.+)$/.exec(what);
    const strategy = /^PUT \/strategies\/(\w+)$/.exec(what);
    const approval = /^POST \/approvals\/(\w+)\/(approve|reject)$/.exec(what);
    const receipt = /^GET \/kill\/(\w+)$/.exec(what);
    const why = /^GET \/orders\/(\w+)\/why$/.exec(what);
    const adopt = /^POST \/positions\/(.+)\/adopt$/.exec(what);
    const order = /^(?:GET|PATCH|DELETE) \/orders\/(\w+)$/.exec(what);
    if (what === "GET /me") {
      const { user, role, csrf } = session;
      const must_change_password = this.fault.mustChange;
      reply(200, { user, role, csrf, must_change_password, reauth_until_ns: null });
    } else if (this.fault.mustChange && what !== "PATCH /me") {
      throw new Refusal(403, "password_change_required");
    } else if (what === "PATCH /me") {
      this.fault.mustChange = false;
      reply(200, {});
    } else if (what === "DELETE /session") {
      this.sessions.delete(session.id);
      reply(204);
    } else if (what === "POST /stream/ticket") {
      const ticket = randomBytes(16).toString("hex");
      this.tickets.set(ticket, session);
      reply(200, { ticket, expires_ns: "0" });
    } else if (what === "GET /instruments") {
      reply(200, { items: desk.instruments(), next: null });
    } else if (what === "GET /audit") {
      need(session, "risk");
      const kind = call.query.get("kind");
      const [from, to] = ["from", "to"].map((name) => call.query.get(name));
      const isIn = ({ at_ns }) => (!from || BigInt(at_ns) >= BigInt(from)) && (!to || BigInt(at_ns) <= BigInt(to));
      const rows = desk.audit.filter((row) => (!kind || row.kind === kind) && isIn(row)).reverse();
      const limit = Number(call.query.get("limit"));
      reply(200, { items: rows.slice(0, limit), next: rows.length > limit ? "1" : null });
    } else if (what === "GET /limits/schema") {
      reply(200, desk.schema());
    } else if (what === "GET /strategies") {
      const schema = desk.strategySchema();
      reply(200, { items: desk.strategies.map((row) => ({ ...row, schema })), next: null });
    } else if (strategy) {
      this.strategy(strategy[1], call);
    } else if (limits) {
      this.limits(limits[1], limits[2], call);
    } else if (what === "POST /kill") {
      need(session, "trader");
      reply(200, desk.kill(body.scope, body.reason, body.flatten, session.user));
    } else if (receipt) {
      reply(
        200,
        desk.receipts.find((row) => row.incident === receipt[1]),
      );
    } else if (what === "POST /resume") {
      need(session, "risk");
      const diff = [{ name: "state", old: "HALTED", new: "ACTIVE" }];
      reply(202, desk.propose("state", body.scope, diff, 1, body.reason, session.user));
    } else if (approval) {
      this.decide(approval[1], approval[2], call);
    } else if (adopt) {
      this.settle(adopt[1], call);
    } else if (why) {
      reply(200, desk.why(why[1]));
    } else if (order && what.startsWith("GET")) {
      reply(200, desk.orders.find((row) => row.id === order[1]));
    } else if (order && what.startsWith("PATCH")) {
      need(session, "trader");
      this.amend(order[1], call);
    } else if (order) {
      need(session, "trader");
      this.cancel(order[1], call);
    } else {
      throw new Refusal(404, "not_found");
    }
  }

  strategy(name, { request, body, session, reply }) {
    need(session, "risk");
    const row = this.desk.strategies.find((one) => one.strategy === name);
    if (request.headers["if-match"] !== `"${row.version}"`) {
      throw new Refusal(412, "stale_version");
    }
    const done = this.desk.strategyPut(name, body, session.user);
    reply(done.approval ? 202 : 200, done.approval ?? done.strategy);
  }

  limits(method, scope, { request, body, session, reply }) {
    const row = this.desk.limitsOf(scope);
    if (!row) {
      throw new Refusal(404, "unknown_scope");
    }
    if (method === "GET") {
      reply(200, row, { ETag: `"${row.generation}"` });
      return;
    }
    need(session, "risk");
    if (request.headers["if-match"] !== `"${row.generation}"`) {
      throw new Refusal(412, "precondition_failed");
    }
    const done = this.desk.limitsPut(scope, body.limits, body.reason, session.user);
    reply(done.approval ? 202 : 200, done.approval ?? done.limits);
  }

  decide(id, verb, { session, reply, body }) {
    const approval = this.desk.approvals.find((row) => row.id === id);
    if (session.role !== "risk") {
      throw new Refusal(403, "forbidden");
    }
    if (approval.proposer === session.user) {
      throw new Refusal(403, "self_approval");
    }
    if (this.fault.reauth) {
      this.fault.reauth = false;
      throw new Refusal(403, "reauth_required");
    }
    reply(200, this.desk.decide(approval, verb, session.user, body?.reason ?? null));
  }

  settle(instrument, { body, session, reply }) {
    need(session, "risk");
    if (this.fault.reauth) {
      this.fault.reauth = false;
      throw new Refusal(403, "reauth_required");
    }
    const market = this.desk.markets.find((row) => row.instrument === instrument);
    if (body.choice === "adopt") {
      market.lots = market.margin.venue_lots;
      market.margin.drift = 0;
    }
    reply(200, this.desk.positions().find((row) => row.instrument === instrument));
  }

  amend(id, { body, reply }) {
    const order = this.desk.orders.find((row) => row.id === id);
    const market = this.desk.markets.find((row) => row.instrument === order.instrument);
    const denial = amendDenial(this.desk, market, body);
    if (order.state !== "WORKING") {
      throw new Refusal(409, "conflict", { detail: "the order does not rest" });
    }
    if (denial) {
      throw new Refusal(422, denial.code, { detail: denial.detail, order: id });
    }
    reply(202, amendSend(this.desk, order, body));
  }

  cancel(id, { reply }) {
    const order = this.desk.orders.find((row) => row.id === id);
    Object.assign(order, { state: "CANCELLED", leaves: "0" });
    this.desk.touched?.push(order);
    reply(202, order);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dir = "build/web", port = "0", mode = "sim"] = process.argv.slice(2);
  const server = new MockServer(dir, { mode });
  console.log(`ready ${await server.start(Number(port))}`);
}
