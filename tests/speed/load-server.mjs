// The fake server of tests/web under the load that the dashboard must bear: 200 positions and 2,000 orders,
// each of which changes with each of ten updates a second.
//
// It keeps the sequence and the values that it sent last, for the page to be compared with.

import { builtPage } from "../web/browser.mjs";
import { NO_MARGIN } from "../web/mock-desk.mjs";
import { MockServer } from "../web/mock-server.mjs";
import { Chrome } from "./chrome.mjs";

const POSITIONS = 200;
const ORDERS = 2000;
const TICK_MS = 100;
/** Of these topics every row comes with every update. */
const WHOLE = ["positions", "orders"];

const symbol = (at) => `P${String(at).padStart(3, "0")}USDT`;

/** @param {number} value in cents */
function cents(value) {
  const digits = String(Math.abs(value)).padStart(3, "0");
  return `${value < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function positionOf(at, round) {
  const lots = ((at * 37) % 400) - 200 || 7;
  const move = ((at * 17 + round * 29) % 1999) - 999;
  return {
    instrument: `sim:${symbol(at)}`,
    lots,
    qty: String(lots),
    avg_price: cents(1000000 + at * 100),
    mark: cents(1000000 + at * 100 + move),
    unrealised: cents(lots * move),
    realised: cents(at * 1234 + round),
    currency: "USDT",
    age_ns: "3100000",
    ...NO_MARGIN,
    venue_lots: lots,
    venue_age_ns: "120000000",
    drift: 0,
  };
}

function orderOf(at, round, startNs) {
  const filled = (at + round) % 900;
  return {
    id: String(70000 + at),
    seq: 1000 + at,
    instrument: `sim:${symbol(at % POSITIONS)}`,
    strategy: at % 3 === 0 ? "momentum" : "maker",
    actor: null,
    side: at % 2 === 0 ? "buy" : "sell",
    type: "limit",
    tif: "GTC",
    price: cents(1000000 + at * 10),
    qty: "1000",
    filled: String(filled),
    leaves: String(1000 - filled),
    avg_price: filled === 0 ? null : cents(1000000 + at * 10 - (round % 10)),
    state: filled === 0 ? "WORKING" : "PARTLY_FILLED",
    sent_ns: startNs,
    acked_ns: startNs,
    reason: null,
  };
}

class LoadServer extends MockServer {
  constructor(dir) {
    super(dir, { seed: 7 });
    const { desk } = this;
    this.round = 0;
    this.startNs = String(BigInt(Date.now()) * 1000000n);
    /** What was sent last: topic -> {seq, items}. */
    this.last = {};
    this.paused = false;
    const three = desk.instruments();
    const many = Array.from({ length: POSITIONS }, (_, at) => ({
      ...three[1],
      instrument: `sim:${symbol(at)}`,
      symbol: symbol(at),
    }));
    desk.instruments = () => [...three, ...many];
    const schema = desk.schema();
    schema.scopes = [...schema.scopes, ...many.map((row) => `instrument/${row.instrument}`)];
    desk.schema = () => schema;
    desk.trade = () => {};
    desk.positions = () => this.rows("positions");
    desk.orders = this.rows("orders");
    desk.settle = () => {};
  }

  rows(topic) {
    const [count, row] = topic === "positions" ? [POSITIONS, positionOf] : [ORDERS, orderOf];
    return Array.from({ length: count }, (_, at) => row(at, this.round, this.startNs));
  }

  snapshotOf(topic) {
    return WHOLE.includes(topic) ? { items: this.rows(topic) } : super.snapshotOf(topic);
  }

  send(client, topic, type, data) {
    super.send(client, topic, type, data);
    if (WHOLE.includes(topic)) {
      this.last[topic] = { seq: client.seqs[topic], items: data.items };
    }
  }

  dueTopics() {
    return [...super.dueTopics().filter((topic) => !WHOLE.includes(topic)), ...WHOLE];
  }

  deltaOf(topic) {
    return WHOLE.includes(topic) ? { items: this.rows(topic) } : super.deltaOf(topic);
  }

  tick() {
    if (!this.paused) {
      this.round++;
      super.tick();
    }
  }
}

/** A browser of its own with the page open under that load: {chrome, server, page}. */
export async function openLoaded() {
  const chrome = await Chrome.launch();
  const server = new LoadServer(builtPage());
  const page = await chrome.open(await server.start());
  await page.logIn("risk1", "demo");
  return { chrome, server, page };
}

export const LOAD = { POSITIONS, ORDERS, UPDATES_PER_S: 1000 / TICK_MS };
