// Everything that people, scripts, scrapers, browsers and attackers do to one server, in loops that go on
// until `over()` says so. Each loop is a way of its own; `deed` counts what came of it, so that a loop
// that achieves nothing is seen.

import { readFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { join } from "node:path";
import { ROOT } from "../api/server.mjs";
import { pause } from "../api/wait.mjs";

const BTC = "/limits/instrument/sim:BTCUSDT";
const INSTRUMENT = "sim:BTCUSDT";

const TOPICS = [...readFileSync(join(ROOT, "server/tables/topics.def"), "utf8").matchAll(/^TOPIC\(\w+,\s*(\w+),/gm)].map(
  ([, topic]) => topic,
);

/** Every row of the table of routes that is read by GET, but for the stream's handshake. */
export const READS = [
  ...readFileSync(join(ROOT, "server/tables/routes.def"), "utf8").matchAll(/^ROUTE\(GET,\s*"([^"]+)",\s*\w+,\s*(\w+),/gm),
]
  .filter(([, , where]) => where !== "STREAM")
  .map(([, path]) => path);

export class Desk {
  deeds = {};
  wrong = [];
  #orders = ["none"];
  #incident = "none";
  #proposal = "none";

  constructor(server, over) {
    this.server = server;
    this.over = over;
  }

  /** Counts an answer as NAME STATUS; what no honest server says to it is kept. */
  deed(name, { status, text }) {
    const key = `${name} ${status}`;
    this.deeds[key] = (this.deeds[key] ?? 0) + 1;
    if (status >= 500 && ![503, 504].includes(status)) {
      this.wrong.push(`${key}: ${text.slice(0, 200)}`);
    }
    return status;
  }

  #path(template) {
    const [order] = this.#orders.slice(-1);
    return template
      .replace("{scope}", `instrument/${INSTRUMENT}`)
      .replace("{instrument}", INSTRUMENT)
      .replace("{strategy}", "momentum")
      .replace("{incident}", this.#incident)
      .replace("{name}", "viewer")
      .replace("orders/{id}", `orders/${order}`)
      .replace("approvals/{id}", `approvals/${this.#proposal}`)
      .replace(/\{\w+\}/, "1")
      .replace(/diff$/, "diff?from=1&to=1")
      .replace(/report$/, `report?day=${new Date().toISOString().slice(0, 10)}`)
      .replace(/export$/, "export?format=csv");
  }

  async reads(who, turn) {
    for (let at = turn; !this.over(); at++) {
      const path = READS[at % READS.length];
      const headers = at % 3 === 0 ? { "Accept-Encoding": "gzip" } : {};
      this.deed(`GET ${path}`, await who.call("GET", this.#path(path), undefined, headers));
      if (at % 7 === 0) {
        this.deed("HEAD", await who.call("HEAD", "/api/v1/positions"));
      }
    }
  }

  /** Tighter alone, looser by two, back by a revert. */
  async limits(one, two) {
    for (let at = 0; !this.over(); at++) {
      const { generation, limits } = (await one.get(BTC)).body;
      const max = at % 2 === 0 ? limits.max_order_lots - 1 : limits.max_order_lots + 5;
      const reply = await one.put(BTC, { limits: { max_order_lots: max }, reason: "load" }, generation);
      this.deed("limits", reply);
      if (reply.status === 202) {
        this.#proposal = reply.body.id;
        const decision = at % 3 === 0 ? "reject" : "approve";
        this.deed(decision, await two.post(`/approvals/${reply.body.id}/${decision}`, decision === "reject" ? { reason: "load" } : {}));
      } else if (reply.status === 200) {
        const back = { to: generation, reason: "load" };
        this.deed("revert", await one.post(`${BTC}/revert`, back, { "If-Match": `"${reply.body.generation}"` }));
      }
      this.deed("what-if", await two.post("/limits/what-if", { limits: { [`instrument/${INSTRUMENT}`]: { max_order_lots: 1 } }, minutes: 1 }));
    }
  }

  async settings(one, two) {
    for (let at = 0; !this.over(); at++) {
      const { version } = (await one.get("/config")).body;
      const settings = { "engine.batch_messages": 1 + (at % 8) };
      const reply = await one.patch("/config", { settings, reason: "load" }, { "If-Match": `"${version}"` });
      this.deed("config", reply);
      if (reply.status === 202) {
        this.deed("config approve", await two.post(`/approvals/${reply.body.id}/approve`, {}));
      }
      const strategy = (await one.get("/strategies/momentum")).body;
      const change = { parameters: { cooldown_ms: 5000 + (at % 50) }, reason: "load" };
      this.deed("strategy", await one.put("/strategies/momentum", change, strategy.version));
      const state = { state: "REDUCING", reason: "load" };
      const { items } = (await one.get("/trading-state")).body;
      const eth = items.find(({ scope }) => scope === "instrument/sim:ETHUSDT");
      this.deed("state", await one.put("/trading-state/instrument/sim:ETHUSDT", state, eth?.version ?? 0));
    }
  }

  /** Kills by each listener in turn, and two people bring the scope back. */
  async kills(script, one, two) {
    const ways = [script, script.at(this.server.killUrl)];
    for (let at = 0; !this.over(); at++) {
      const scope = at % 4 === 0 ? "firm" : "strategy/momentum";
      const kill = await ways[at % ways.length].post("/kill", { scope, reason: "load", flatten: at % 5 === 0 });
      this.deed("kill", kill);
      this.#incident = kill.body?.incident ?? this.#incident;
      this.deed("receipt", await script.get(`/kill/${this.#incident}`));
      const proposed = await one.post("/resume", { scope, incident: this.#incident, reason: "load" });
      this.deed("resume", proposed);
      if (proposed.status === 202) {
        this.deed("resume approve", await two.post(`/approvals/${proposed.body.id}/approve`, {}));
      }
      await pause(50);
    }
  }

  async #restingBuy(who) {
    const { body } = await who.get(`/books/${INSTRUMENT}?depth=1`);
    const best = Number(body.bids?.[0]?.[0] ?? 50000);
    return { instrument: INSTRUMENT, side: "buy", qty: "0.010", price: (Math.floor(best * 9.9) / 10).toFixed(1), type: "limit" };
  }

  async orders(who) {
    for (let at = 0; !this.over(); at++) {
      const wanted = await this.#restingBuy(who);
      const keyed = at % 3 === 0 ? { "Idempotency-Key": `load-${process.pid}-${at}` } : {};
      const reply = await who.post("/orders", wanted, keyed);
      this.deed("order", reply);
      if (at % 3 === 0) {
        this.deed("order again", await who.post("/orders", wanted, keyed));
      }
      const id = reply.body?.id ?? reply.body?.order ?? "none";
      this.#orders = [...this.#orders.slice(-3), id];
      this.deed("amend", await who.patch(`/orders/${id}`, { qty: "0.008" }));
      if (at % 10 === 9) {
        this.deed("cancel all", await who.post("/orders/cancel-all", { scope: "firm" }));
      } else {
        this.deed("cancel", await who.delete(`/orders/${id}`));
      }
      this.deed("note", await who.post("/alerts/note", { note: "load" }));
    }
  }

  async people(admin) {
    for (let at = 0; !this.over(); at++) {
      const name = `load${at}`;
      const user = await admin.post("/users", { user: name, role: "viewer", password: `a long password ${at}` });
      this.deed("user", user);
      this.deed("user off", await admin.patch(`/users/${name}`, { disabled: true }, { "If-Match": user.headers.etag ?? '"0"' }));
      const token = await admin.post("/tokens", { name: `${name}-script`, scope: "metrics", days: 1 });
      this.deed("token", token);
      const script = Object.assign(this.server.anonymous(), { token: token.body?.token });
      this.deed("scrape by token", await script.call("GET", "/metrics"));
      this.deed("token off", await admin.delete(`/tokens/${name}-script`));
      this.deed("user gone", await admin.delete(`/users/${name}`));
    }
  }

  async logIns(user, password) {
    while (!this.over()) {
      const caller = this.server.anonymous();
      caller.user = user;
      const reply = await caller.post("/session", { user, password });
      this.deed("log-in", reply);
      if (reply.status === 200) {
        caller.cookie = /^([^;]+)/.exec(reply.headers["set-cookie"][0])[1];
        caller.csrf = reply.body.csrf;
        this.deed("sessions", await caller.get("/sessions"));
        this.deed("log-out", await caller.delete("/session"));
      } else {
        await pause(1000);
      }
      this.deed("stranger", await caller.post("/session", { user: "mallory", password: "not the password" }));
    }
  }

  async scrapes(who) {
    while (!this.over()) {
      this.deed("scrape", await who.call("GET", "/metrics"));
      await pause(100);
    }
  }

  async exports(who) {
    for (let at = 0; !this.over(); at++) {
      const format = at % 2 === 0 ? "csv" : "ndjson";
      this.deed("export", await who.get(`/audit/export?format=${format}`, { "Accept-Encoding": at % 4 < 2 ? "gzip" : "identity" }));
      this.deed("verify", await who.get("/audit/verify"));
    }
  }

  /** Streams: most read, every third is deaf, some talk nonsense; those that leave are made anew,
   *  and those of the end stay for the server's own end. */
  async crowd(who, count) {
    const sockets = [];
    while (!this.over()) {
      for (let at = 0; sockets.length < count && !this.over(); at++) {
        const socket = await who.stream();
        socket.take = () => {};
        socket.subscribe(...TOPICS);
        if (at % 3 === 0) {
          socket.pause();
        }
        sockets.push(socket);
        this.deed("stream", { status: 101 });
      }
      sockets.forEach((socket, at) => this.#chat(socket, at));
      sockets.splice(0, 10).forEach((socket) => socket.close());
      await pause(500);
    }
  }

  #chat(socket, at) {
    if (at % 5 === 0) {
      socket.send({ op: "unsubscribe", topics: ["books"] });
      socket.resume({ audit: 1 });
    } else if (at % 5 === 1) {
      socket.ping("are you there");
    } else if (at % 31 === 2) {
      socket.rubbish(40);
    }
  }

  /** Heads that never end, bodies that never come, and ends in the middle, over TLS. */
  async slowHeads(count) {
    const { hostname, port } = new URL(this.server.url);
    while (!this.over()) {
      const sockets = Array.from({ length: count }, (_, at) => {
        const socket = connectTls({ host: hostname, port: Number(port), ...this.server.tls });
        socket.on("error", () => {});
        socket.write(at % 2 === 0 ? "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n" : "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n");
        return socket;
      });
      for (let at = 0; at < 5 && !this.over(); at++) {
        sockets.forEach((socket) => socket.writable && socket.write(`X-${at}: y\r\n`));
        await pause(300);
      }
      sockets.forEach((socket) => socket.destroy());
      this.deed("slow heads", { status: 0 });
    }
  }
}
