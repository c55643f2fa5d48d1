// What a read answers beside its body: ETag and 304, gzip and Vary, HEAD; and that an answer which is
// sent again as it is stays true, and stays with those who may read it.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { gunzipSync } from "node:zlib";
import { Buffer } from "node:buffer";
import { request } from "node:http";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { URL } from "node:url";
import { QUIET, Server, configWith, scratch } from "./server.mjs";
import { pause, until } from "./wait.mjs";

let server;
let viewer;
let admin;
let scraper;
let nobody;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  viewer = server.program("reader", ["--role", "viewer"]);
  admin = server.program("keeper", ["--role", "admin"]);
  scraper = server.program("scraper", ["--scope", "metrics"]);
  nobody = server.anonymous();
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

/** One request, nothing decoded: {status, headers, bytes}. */
function raw(path, { method = "GET", who = viewer, headers = {}, url = server.url } = {}) {
  const all = { ...(who.token ? { Authorization: `Bearer ${who.token}` } : {}), ...headers };
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { method, headers: all }, (reply) => {
      const parts = [];
      reply.on("data", (part) => parts.push(part));
      reply.on("end", () => resolve({ status: reply.statusCode, headers: reply.headers, bytes: Buffer.concat(parts) }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

const STILL = ["/api/v1/instruments", "/api/v1/limits/schema", "/"];
const GZIP = { "Accept-Encoding": "gzip" };

for (const path of STILL) {
  test(`${path.slice(1).replaceAll("/", " ") || "the page"}: who has it is told 304, without a body`, async () => {
    const first = await raw(path);
    assert.equal(first.status, 200);
    assert.match(first.headers.etag, /^"[0-9a-f]{24}"$/);
    for (const held of [first.headers.etag, `W/${first.headers.etag}`, `"x", ${first.headers.etag}`, "*"]) {
      const again = await raw(path, { headers: { "If-None-Match": held } });
      assert.equal(again.status, 304, held);
      assert.equal(again.bytes.length, 0);
      assert.equal(again.headers.etag, first.headers.etag);
      assert.equal(again.headers["cache-control"], first.headers["cache-control"]);
      assert.equal(again.headers["content-type"], undefined);
    }
    for (const other of ['"x"', first.headers.etag.slice(1, -1), `"${first.headers.etag.slice(1, -1)}-gzip"`]) {
      const whole = await raw(path, { headers: { "If-None-Match": other } });
      assert.equal(whole.status, 200, other);
      assert.deepEqual(whole.bytes, first.bytes);
    }
  });
}

for (const path of ["/api/v1/limits/schema", "/docs", "/metrics"]) {
  test(`${path} packed is the same, with a tag of its own`, async () => {
    const plain = await raw(path, { who: path === "/metrics" ? scraper : viewer });
    assert.equal(plain.status, 200, "/docs is there after make web");
    assert.ok(plain.bytes.length > 1400, "too short to pack");
    const packed = await raw(path, { who: path === "/metrics" ? scraper : viewer, headers: GZIP });
    assert.equal(packed.status, 200);
    assert.equal(packed.headers["content-encoding"], "gzip");
    assert.equal(plain.headers["content-encoding"], undefined);
    const vary = path === "/metrics" ? "Accept, Accept-Encoding" : "Accept-Encoding"; // it also has two formats
    assert.equal(packed.headers.vary, vary);
    assert.equal(plain.headers.vary, vary);
    assert.match(packed.headers.etag, /^"[0-9a-f]{24}-gzip"$/);
    assert.equal(packed.headers["content-type"], plain.headers["content-type"]);
    assert.ok(packed.bytes.length < plain.bytes.length / 2);
    const text = gunzipSync(packed.bytes).toString();
    if (path === "/metrics") assert.match(text, /^# HELP pitwall_build_info/);
    else if (path === "/docs") assert.equal(text, plain.bytes.toString());
    else assert.deepEqual(Object.keys(JSON.parse(text)), Object.keys(JSON.parse(plain.bytes)));
  });
}

test("the packed variant has its own 304", async () => {
  const packed = await raw("/api/v1/limits/schema", { headers: GZIP });
  assert.equal(packed.headers["content-encoding"], "gzip");
  const held = { "If-None-Match": packed.headers.etag };
  assert.equal((await raw("/api/v1/limits/schema", { headers: { ...GZIP, ...held } })).status, 304);
  assert.equal((await raw("/api/v1/limits/schema", { headers: held })).status, 200);
});

for (const refused of ["gzip;q=0", "identity, gzip;q=0.5", "br", "gzip;q=nonsense", "*;q=0"]) {
  test(`Accept-Encoding: ${refused} gets plain bytes`, async () => {
    const reply = await raw("/api/v1/limits/schema", { headers: { "Accept-Encoding": refused } });
    assert.equal(reply.headers["content-encoding"], undefined);
    JSON.parse(reply.bytes);
  });
}

test("what is short, or beside a secret, or an error, or an answer to a write, is never packed", async () => {
  for (let i = 0; i < 12; i++) server.program(`filler${i}`, ["--scope", "metrics"]);
  for (const [path, who] of [["/api/v1/me", viewer], ["/health/live", nobody], ["/api/v1/tokens", admin], ["/api/v1/users", admin], ["/nope", nobody]]) {
    const reply = await raw(path, { who, headers: GZIP });
    assert.equal(reply.headers["content-encoding"], undefined, path);
    JSON.parse(reply.bytes);
  }
  const tokens = await raw("/api/v1/tokens", { who: admin });
  assert.ok(tokens.bytes.length > 1400, "long enough to be packed were it not for the secrets");
  const ticket = await raw("/api/v1/stream/ticket", { method: "POST", headers: GZIP });
  assert.equal(ticket.headers["content-encoding"], undefined);
  assert.equal(ticket.headers.etag, undefined);
});

test("every GET has its HEAD, with the same headers and no body", async () => {
  for (const path of ["/api/v1/instruments", "/api/v1/limits/schema", "/api/v1/limits/firm", "/api/v1/positions", "/health/live", "/"])
    for (const headers of [{}, GZIP]) {
      const get = await raw(path, { headers });
      const head = await raw(path, { method: "HEAD", headers });
      assert.equal(head.status, 200, path);
      assert.equal(head.bytes.length, 0);
      for (const name of ["content-type", "content-encoding", "vary", "cache-control"])
        assert.equal(head.headers[name], get.headers[name], `${path} ${name}`);
      if (["/api/v1/instruments", "/api/v1/limits/schema", "/"].includes(path)) {
        assert.equal(head.headers["content-length"], get.headers["content-length"], path);
        assert.equal(head.headers.etag, get.headers.etag, path);
        const held = await raw(path, { method: "HEAD", headers: { ...headers, "If-None-Match": get.headers.etag } });
        assert.equal(held.status, 304);
      }
    }
});

test("a version that stands for more than one body is not told to be had", async () => {
  const risk = server.program("risk", ["--role", "risk"]);
  const path = "/api/v1/limits/firm";
  const held = async () => (await raw(path, { headers: { "If-None-Match": first.headers.etag } })).status;
  const { generation, limits } = JSON.parse((await raw(path)).bytes);
  const tighter = { limits: { max_order_lots: limits.max_order_lots - 1 }, reason: "a version of this run" };
  assert.equal((await risk.put("/limits/firm", tighter, generation)).status, 200);
  const first = await raw(path);
  assert.match(first.headers.etag, /^"\d+"$/);
  const seen = JSON.parse(first.bytes);
  assert.equal(await held(), 304);
  const proposal = await risk.put("/limits/firm", { limits: { max_order_lots: seen.limits.max_order_lots + 1 }, reason: "a test" }, seen.generation);
  assert.equal(proposal.status, 202, proposal.text);
  const now = await raw(path);
  assert.equal(now.headers.etag, first.headers.etag);
  assert.notDeepEqual(now.bytes, first.bytes);
  assert.equal(await held(), 200);
});

test("an answer sent again is nobody's own, and only for those who may read it", async () => {
  for (let i = 0; i < 300; i++) {
    const [reply, refused, other] = await Promise.all([raw("/api/v1/positions"), raw("/api/v1/positions", { who: nobody }), raw("/api/v1/positions", { who: scraper })]);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers["x-request-id"], undefined);
    assert.equal(refused.status, 401);
    assert.ok(refused.headers["x-request-id"]);
    assert.equal(other.status, 403);
    assert.equal(reply.headers["x-content-type-options"], "nosniff");
    assert.equal(reply.headers["cache-control"], "no-store");
  }
});

/** Requests in one write on one connection, so that they are answered within the same moment: the bodies. */
function atOnce(...texts) {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    let got = "";
    const socket = connect(Number(port), hostname, () => socket.write(texts.join("")));
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("data", (text) => {
      got += text;
      const bodies = got.split(/(?=HTTP\/1\.1 \d)/).map((answer) => answer.slice(answer.indexOf("\r\n\r\n") + 4));
      try {
        const whole = bodies.map((body) => JSON.parse(body));
        if (whole.length === texts.length) {
          socket.end();
          resolve(whole);
        }
      } catch {
        // the rest is on its way
      }
    });
  });
}

test("a change ends a kept answer within its moment", async () => {
  const trader = server.program("killer", ["--role", "trader"]);
  const head = (method, path) => `${method} /api/v1${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${trader.token}\r\n`;
  const look = `${head("GET", "/trading-state")}\r\n`;
  const body = JSON.stringify({ scope: "strategy/maker", reason: "a test", flatten: false });
  const kill = `${head("POST", "/kill")}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const [first, again, , last] = await atOnce(look, look, kill, look);
  const stateIn = ({ items }) => items.find(({ scope }) => scope === "strategy/maker").state;
  assert.equal(stateIn(first), "ACTIVE");
  assert.deepEqual(again, first, "the second is the first, sent again");
  assert.equal(stateIn(last), "HALTED");
});

test("who has just changed something reads the change", async () => {
  const trader = server.program("trading", ["--role", "trader"]);
  const state = async () => (await trader.get("/trading-state")).body.items.find(({ scope }) => scope === "strategy/momentum");
  for (let i = 0; i < 20; i++) await state();
  assert.equal((await state()).state, "ACTIVE");
  const receipt = await trader.post("/kill", { scope: "strategy/momentum", reason: "a test", flatten: false });
  assert.equal(receipt.status, 200);
  assert.equal((await state()).state, "HALTED");
  const book = () => trader.get("/books/sim:ETHUSDT?depth=1");
  const bid = await until("a market", async () => (await book()).body.bids[0]?.[0], 15000);
  for (let i = 0; i < 10; i++) {
    await trader.get("/orders");
    const price = (Number(bid) * 0.99 - i / 100).toFixed(2);
    const order = await trader.post("/orders", { instrument: "sim:ETHUSDT", side: "buy", qty: "0.01", price, type: "limit", tif: "GTC" });
    assert.equal(order.status, 201, order.text);
    assert.equal((await trader.get("/orders")).body.items[0]?.id, order.body.id);
  }
});

test("what takes long to pack comes packed all the same", async () => {
  const fast = configWith(scratch(), [/speed: real/, "speed: x300"], [/max_daily_loss: "\d+"/g, 'max_daily_loss: "1000000000"']);
  const busy = await Server.start({ config: fast });
  const who = busy.program("reader", ["--role", "viewer"]);
  const path = "/api/v1/orders?limit=1000";
  const plain = await until("more than 64 KiB of orders", async () => {
    const reply = await raw(path, { who, url: busy.url });
    return reply.bytes.length > 70_000 && reply;
  }, 60_000);
  assert.equal(plain.headers["content-encoding"], undefined);
  const replies = await Promise.all([1, 2, 3, 4].map(() => raw(path, { who, url: busy.url, headers: GZIP })));
  for (const packed of replies) {
    assert.equal(packed.status, 200);
    assert.equal(packed.headers["content-encoding"], "gzip");
    assert.match(packed.headers.etag, /-gzip"$/);
    const { items } = JSON.parse(gunzipSync(packed.bytes));
    assert.ok(items.length >= JSON.parse(plain.bytes).items.length);
  }
  assert.equal(await busy.stop(), 0);
});

/** Bytes that the kernel holds for this connection on the server's side; NaN: there is none. */
function heldFor(socket) {
  const port = (number) => number.toString(16).toUpperCase().padStart(4, "0");
  const [here, there] = [port(socket.remotePort), port(socket.localPort)];
  const rows = readFileSync("/proc/net/tcp", "utf8").split("\n").map((line) => line.trim().split(/\s+/));
  const row = rows.find(([, local, remote]) => local?.endsWith(`:${here}`) && remote?.endsWith(`:${there}`));
  return parseInt(row?.[4]?.split(":")[0], 16);
}

// A pass over many who ask for long pages is copying for each: what is copied at a time bounds how late a kill is.
test("the kernel takes little of a long answer at a time", async () => {
  const page = (await raw("/docs", { who: nobody })).bytes.length;
  assert.ok(page > 200_000, `${page} bytes are no long answer`);
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  try {
    socket.pause();
    await new Promise((done, fail) => socket.once("connect", done).once("error", fail));
    socket.write(`GET /docs HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`.repeat(20));
    let last = NaN;
    await until("it is full", async () => {
      const earlier = last;
      await pause(100);
      last = heldFor(socket);
      return last > 0 && last === earlier;
    });
    assert.ok(last <= 192 * 1024, `${last} bytes are held`);
  } finally {
    socket.destroy();
  }
});
