// The venue simulator with accounts, and the real clients that trade on it. The clients are as npm has them:
// all that is set is where the venue is and whose key to use. For TLS that is all, too: NODE_EXTRA_CA_CERTS
// names the authority (authority.mjs), and certificates are verified.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RestClientV5, WebsocketAPIClient, WebsocketClient } from "bybit-api";
import ccxt from "ccxt";
import { scratch, until, Venue } from "../venue/venue.mjs";

const SILENT = { trace() {}, info() {}, error() {} };

/** Accounts of a test: name -> {uid, key, secret}; all have the same balances. */
export const PEOPLE = Object.fromEntries(
  ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"].map((name, at) => [
    name,
    { uid: String(2001 + at), key: `key-of-${name}`, secret: `secret-of-${name}` },
  ]),
);

function accountOf({ uid, key, secret }) {
  const keys = [{ key, secret, permissions: ["ContractTrade", "Spot"] }];
  return { uid: Number(uid), keys, balances: { USDT: "1000000", BTC: "10", ETH: "100" } };
}

function tlsArguments() {
  const dir = process.env.CLIENTS_TLS;
  if (!dir || process.env.NODE_EXTRA_CA_CERTS !== join(dir, "ca.pem")) {
    throw new Error(
      "tests over TLS want `node tests/clients/authority.mjs DIR`, and then CLIENTS_TLS=DIR and " +
        "NODE_EXTRA_CA_CERTS=DIR/ca.pem when node starts; `make test SUITES=clients` does that",
    );
  }
  return ["--tls", "--tls-dir", dir];
}

export class Desk extends Venue {
  /** Ends with the test `t`, well or not, and its clients with it. `market`: none (the accounts are the
   *  market) or synthetic. `accounts` are added to PEOPLE's. */
  static async start(t, { tls = false, market = "none", limits = "off", accounts = [], args = [] } = {}) {
    const file = join(scratch(), "accounts.json");
    writeFileSync(file, JSON.stringify([...Object.values(PEOPLE).map(accountOf), ...accounts]));
    const desk = await super.start(
      ...["--market", market, "--accounts", file, "--seed", "7"],
      ...(limits === "off" ? ["--limits", "off"] : []),
      ...(tls ? tlsArguments() : []),
      ...args,
    );
    desk.wsUrl = desk.url.replace(/^http/, "ws");
    desk.keys = Object.values(PEOPLE);
    delete desk.ca; // node has it already
    t.after(async () => {
      await Promise.allSettled(desk.#clients.map((close) => close()));
      assert.equal(await desk.stop(), 0, desk.err);
    });
    return desk;
  }

  #clients = []; // how to close each: one left open by a failed test would keep node running

  // ---- the venue's own account of things

  /** GET or POST of /sim/..., by the clients' certificate store as all else. */
  async sim(path, body) {
    const how = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`${this.url}/sim/${path}`, how);
    if (answer.status !== 200) throw new Error(`/sim/${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** {positions, orders, balances, executions} of one of PEOPLE, as the core has it. */
  async of(name) {
    const { accounts } = await this.sim("state");
    return accounts.find(({ uid }) => uid === PEOPLE[name].uid);
  }

  /** [side, size, average price] of each open position. */
  async positionsOf(name) {
    const { positions } = await this.of(name);
    return positions.map(({ symbol, side, size, avgPrice }) => [symbol, side, Number(size), Number(avgPrice)]);
  }

  /** [link or id, price, qty, filled] of each resting order, oldest first. */
  async restingOf(name) {
    const { orders } = await this.of(name);
    const row = (order) => [order.orderLinkId || order.orderId, ...[order.price, order.qty, order.cumExecQty].map(Number)];
    return orders.reverse().map(row);
  }

  /** The ledger's lines that have all these members. */
  ledger(wanted = {}) {
    return super.ledger().filter((line) => Object.entries(wanted).every(([name, value]) => line[name] === value));
  }

  async socket(path) {
    const socket = await super.socket(path);
    this.#clients.push(() => socket.close());
    return socket;
  }

  // ---- bybit-api

  rest(name, more = {}) {
    const { key, secret } = PEOPLE[name] ?? {};
    return new RestClientV5({ baseUrl: this.url, key, secret, parseAPIRateLimits: true, ...more });
  }

  /** One WebSocket of bybit-api: its option wsUrl is one address for all, so each has a client. */
  stream(path, name, more = {}) {
    const { key, secret } = PEOPLE[name] ?? {};
    const options = { wsUrl: this.wsUrl + path, key, secret, reconnectTimeout: 50, ...more };
    const client = new WebsocketClient(options, SILENT);
    const updates = [];
    client.on("update", (update) => updates.push(update));
    client.on("exception", () => {});
    this.#clients.push(() => client.closeAll(true));
    return Object.assign(client, { updates });
  }

  trader(name, more = {}) {
    const { key, secret } = PEOPLE[name];
    const options = { wsUrl: `${this.wsUrl}/v5/trade`, key, secret, attachEventListeners: false, ...more };
    const trader = new WebsocketAPIClient(options, SILENT);
    trader.getWSClient().on("exception", () => {});
    this.#clients.push(() => trader.getWSClient().closeAll(true));
    return trader;
  }

  // ---- ccxt

  ccxt(name, more = {}, Exchange = ccxt.bybit) {
    const { key, secret } = PEOPLE[name] ?? {};
    const exchange = new Exchange({ apiKey: key, secret, enableRateLimit: false, ...more });
    for (const api of ["spot", "futures", "v2", "public", "private"]) exchange.urls.api[api] = this.url;
    return exchange;
  }

  async pro(name, more = {}) {
    const exchange = this.ccxt(name, more, ccxt.pro.bybit);
    await exchange.loadHttpProxyAgent(); // what ccxt wants before it opens ws: instead of wss:
    const path = (kind) => `${this.wsUrl}/v5/${kind}`;
    exchange.urls.api.ws = {
      public: Object.fromEntries(["spot", "linear", "inverse", "option"].map((kind) => [kind, path(`public/${kind}`)])),
      private: {
        spot: { unified: path("private"), nonUnified: path("private") },
        contract: path("private"),
        usdc: path("private"),
        trade: path("trade"),
      },
    };
    this.#clients.push(() => exchange.close());
    return exchange;
  }
}

/** {plain, tls}: runs `tests(name, how)` for both ways to the venue. */
export function overBoth(tests) {
  tests("plain", { tls: false });
  tests("TLS", { tls: true });
}

/** Waits until the venue's state says `wanted`; fails with what it said last. */
export async function eventually(assertEqual, ask, wanted, timeoutMs = 3000) {
  let said;
  const fits = async () => {
    said = await ask();
    return JSON.stringify(said) === JSON.stringify(wanted);
  };
  await until("a state", fits, timeoutMs).catch(() => assertEqual(said, wanted));
}

/** An update of a topic that fits. */
export function updateOf(socket, topic, fits = () => true, timeoutMs = 5000) {
  return until(`an update of ${topic}`, () => socket.updates.find((update) => update.topic === topic && fits(update)), timeoutMs);
}

/** data[] of all updates of a topic, in order. */
export function dataOf(socket, topic) {
  return socket.updates.filter((update) => update.topic === topic).flatMap(({ data }) => data);
}

/** Subscribes to private topics and waits for the venue's word that it is so. */
export async function listening(socket, topics) {
  const replies = [];
  const note = (reply) => replies.push(reply);
  socket.on("response", note);
  socket.subscribeV5(topics, "linear", true);
  const told = () => replies.filter(({ op, success }) => op === "subscribe" && success).length;
  await until("the subscription's reply", () => told() > 0);
  socket.off("response", note);
}
