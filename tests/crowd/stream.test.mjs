// A thousand clients at once, half of which do not read: the others get everything, memory stays.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { afterEach, beforeEach } from "node:test";
import { Server } from "../api/server.mjs";
import { pause, until } from "../api/wait.mjs";

const CLIENTS_MAX = 1024;
const CROWD = 1000;
const AT_ONCE = 20;
const EVENTS = ["fills", "audit"];
const TOPICS = ["books", "positions", "orders", ...EVENTS];
const GROWTH_MAX_KIB = 32 * 1024;

let server;
let admin;
let sockets;

beforeEach(async () => {
  server = await Server.start();
  admin = await server.person("admin");
  sockets = [];
});

afterEach(async () => {
  sockets.forEach((socket) => socket.close());
  await server.stop("SIGKILL");
});

async function crowd(count, prepare) {
  const person = await server.person("risk1");
  while (sockets.length < count) {
    const more = Math.min(AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: more }, () => person.stream()))));
  }
  sockets.forEach(prepare);
}

function memoryKib() {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.process.pid}/status`, "utf8"))[1]);
}

async function metric(name) {
  const { text } = await admin.call("GET", "/metrics");
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)[1]);
}

/** Keeps numbers and not frames: {first, last, broken} of each topic. */
function countOnly(socket) {
  socket.seen = {};
  socket.take = ({ topic, type, seq }) => {
    const seen = (socket.seen[topic] ??= { first: type, last: seq, frames: 0, broken: 0 });
    seen.broken += seen.frames > 0 && type === "delta" && seq !== seen.last + 1;
    seen.frames++;
    seen.last = seq;
  };
}

test("half of a thousand do not read: the rest miss nothing, memory is bounded", { timeout: 300000 }, async () => {
  await crowd(CROWD, countOnly);
  assert.equal(await metric("pitwall_ws_clients"), CROWD);
  const readers = sockets.filter((_, i) => i % 2 === 0);
  const deaf = sockets.filter((_, i) => i % 2 === 1);
  const before = memoryKib();
  deaf.forEach((socket) => socket.pause());
  sockets.forEach((socket) => socket.subscribe(...TOPICS));
  await until("the first frames", () => readers.every((socket) => TOPICS.every((name) => socket.seen[name])), 30000);
  await until("the deaf to be closed", async () => {
    assert.ok(memoryKib() - before < GROWTH_MAX_KIB, `${memoryKib() - before} KiB more`);
    await pause(500);
    return (await metric("pitwall_ws_clients")) === readers.length;
  }, 120000);
  assert.equal(await metric("pitwall_ws_laggards_total"), deaf.length);
  await pause(1000);
  assert.ok(readers.every((socket) => socket.closed === null));
  for (const topic of TOPICS) {
    const newest = Math.max(...readers.map((socket) => socket.seen[topic].last));
    for (const { seen } of readers) {
      assert.equal(seen[topic].first, "snapshot");
      assert.equal(seen[topic].broken, 0, topic);
      assert.ok(newest - seen[topic].last <= 5, `${topic}: ${newest - seen[topic].last} behind`);
    }
  }
});

test("a full house: one more is turned away, requests still find room", { timeout: 120000 }, async () => {
  await crowd(CLIENTS_MAX, () => {});
  const viewer = await server.person("viewer");
  const extra = await viewer.stream();
  await until("the refusal", () => extra.closed);
  assert.equal(extra.closed.code, 1013);
  sockets[0].subscribe("status");
  await sockets[0].next("status");
  const others = await Promise.all(Array.from({ length: 200 }, () => server.anonymous().call("GET", "/health/live")));
  assert.ok(others.every(({ status }) => status === 200));
  sockets.pop().close();
  await until("room", async () => {
    const next = await viewer.stream();
    await pause(100);
    sockets.push(next);
    return next.closed === null;
  });
});
