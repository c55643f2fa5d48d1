// The stream: snapshots and deltas that add up to what REST says, by number, without waiting for anybody.

import assert from "node:assert/strict";
import test, { afterEach, beforeEach } from "node:test";
import { Server } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { pause, until } from "./wait.mjs";
import { Socket } from "./ws.mjs";

const TOPICS = "status positions orders fills pnl books kill limits approvals audit latency".split(" ");
const ITEMS = {
  positions: shapes.POSITION,
  orders: shapes.ORDER,
  fills: shapes.FILL,
  books: shapes.BOOK,
  kill: shapes.RECEIPT,
  limits: shapes.LIMITS,
  approvals: shapes.APPROVAL,
  audit: shapes.AUDIT,
};
const EVENTS = ["fills", "audit"];
const OBJECTS = { status: shapes.STATUS, pnl: shapes.PNL, latency: shapes.LATENCY };

let server;

beforeEach(async () => {
  server = await Server.start();
});

afterEach(async () => {
  await server.stop("SIGKILL");
});

/** Each topic begins with a snapshot; a delta follows its number, a later snapshot may leave some out. */
function checkNumbers(socket) {
  for (const topic of TOPICS) {
    const frames = socket.of(topic);
    frames.forEach((frame, i) => {
      assert.match(frame.ts_ns, /^\d{19}$/);
      assert.ok(Number.isSafeInteger(frame.seq));
      if (i === 0) {
        assert.equal(frame.type, "snapshot", topic);
      } else if (frame.type === "delta") {
        assert.equal(frame.seq, frames[i - 1].seq + 1, topic);
      } else {
        assert.ok(!EVENTS.includes(topic) && frame.seq > frames[i - 1].seq, topic);
      }
    });
  }
}

test("every topic sends a snapshot and then numbered changes of its shape", async () => {
  const risk = await server.person("risk1");
  const socket = await risk.stream();
  socket.subscribe(...TOPICS);
  for (const topic of TOPICS) {
    await socket.next(topic, (frame) => frame.type === "snapshot");
  }
  for (const topic of ["books", "orders", "pnl", "status", "latency"]) {
    await socket.next(topic, (frame) => frame.type === "delta", 15000);
  }
  for (const frame of socket.frames) {
    const shape = OBJECTS[frame.topic] ?? { items: [ITEMS[frame.topic]] };
    assert.deepEqual(shapes.differences(frame.data, shape), [], frame.topic);
  }
  assert.deepEqual(shapes.differences(socket.of("kill")[0].data.states, [shapes.STATE]), []);
  checkNumbers(socket);
  socket.close();
});

test("a kill arrives as a receipt that fills in, with the states it made", async () => {
  const trader = await server.person("trader");
  const socket = await trader.stream();
  socket.subscribe("kill");
  await socket.next("kill");
  const { body } = await trader.post("/kill", { scope: "venue/sim", reason: "seen by all" });
  await socket.next("kill", (frame) =>
    frame.type === "delta" && frame.data.items.some((row) => row.incident === body.incident && row.complete));
  const halted = (frame) => frame.data.states.some((row) => row.scope === "venue/sim" && row.state === "HALTED");
  await socket.next("kill", halted);
  checkNumbers(socket);
  socket.close();
});

test("what a role may not read is answered with an error", async () => {
  const viewer = await server.person("viewer");
  const socket = await viewer.stream();
  socket.subscribe("audit", "status");
  const refusal = await socket.next("error");
  assert.equal(refusal.data.code, "forbidden");
  await socket.next("status");
  assert.equal(socket.of("audit").length, 0);
  socket.close();
});

for (const [what, text] of [
  ["text that is no JSON", "{"],
  ["an unknown op", '{"op":"dance","topics":["status"]}'],
  ["an unknown topic", '{"op":"subscribe","topics":["weather"]}'],
  ["an unknown member", '{"op":"subscribe","topics":["status"],"fast":true}'],
  ["a member twice", '{"op":"subscribe","op":"subscribe","topics":[]}'],
  ["topics that are no list", '{"op":"subscribe","topics":"status"}'],
  ["a topic that is no name", '{"op":"subscribe","topics":[7]}'],
  ["a since that is no object", '{"op":"subscribe","topics":["status"],"since":7}'],
  ["a since that is no number", '{"op":"subscribe","topics":["status"],"since":{"status":"7"}}'],
  ["a since below zero", '{"op":"subscribe","topics":["status"],"since":{"status":-7}}'],
  ["a since of another topic", '{"op":"subscribe","topics":["status"],"since":{"books":7}}'],
  ["a since to stop after", '{"op":"unsubscribe","topics":["status"],"since":{"status":7}}'],
  ["too many topics", JSON.stringify({ op: "subscribe", topics: Array(100).fill("status") })],
  ["no text at all", ""],
  ["a list a thousand deep", "[".repeat(1000)],
]) {
  test(`${what} is answered with an error and the stream goes on`, async () => {
    const viewer = await server.person("viewer");
    const socket = await viewer.stream();
    socket.text(text);
    await socket.next("error");
    socket.subscribe("status");
    await socket.next("status");
    assert.equal(socket.closed, null);
    socket.close();
  });
}

test("unsubscribing stops a topic, subscribing again takes it up again", async () => {
  const viewer = await server.person("viewer");
  const socket = await viewer.stream();
  socket.subscribe("books");
  await socket.next("books", (frame) => frame.type === "delta");
  socket.send({ op: "unsubscribe", topics: ["books"] });
  socket.ping("mark");
  await until("the mark", () => socket.pongs.length === 1);
  const count = socket.of("books").length;
  await pause(400);
  assert.ok(socket.of("books").length <= count + 1);
  socket.send({ op: "subscribe", topics: ["books"], since: { books: 1 } });
  await until("the topic again", () => socket.of("books").length > count + 1);
  socket.close();
});

test("a ticket is used once, and only with a handshake", async () => {
  const viewer = await server.person("viewer");
  const { body } = await viewer.post("/stream/ticket");
  const url = `${server.url}/api/v1/stream?ticket=${body.ticket}`;
  const plain = await viewer.get(`/stream?ticket=${body.ticket}`);
  assert.equal(plain.status, 400);
  await assert.rejects(Socket.open(url, { headers: { Origin: "http://evil.example" } }), { status: 403 });
  await assert.rejects(Socket.open(url, { headers: { "Sec-WebSocket-Version": "8" } }), { status: 400 });
  const socket = await Socket.open(url);
  await assert.rejects(Socket.open(url), { status: 401 });
  await assert.rejects(Socket.open(`${server.url}/api/v1/stream`), { status: 401 });
  socket.close();
});

test("a log-out closes the person's streams with 1008", async () => {
  const viewer = await server.person("viewer");
  const socket = await viewer.stream();
  socket.subscribe("status");
  await socket.next("status");
  await viewer.delete("/session");
  await until("the close", () => socket.closed);
  assert.equal(socket.closed.code, 1008);
});

test("a stop says 1001 to everybody", async () => {
  const viewer = await server.person("viewer");
  const sockets = await Promise.all([viewer.stream(), viewer.stream(), viewer.stream()]);
  sockets.forEach((socket) => socket.subscribe("books"));
  await Promise.all(sockets.map((socket) => socket.next("books")));
  assert.equal(await server.stop(), 0);
  await until("the closes", () => sockets.every((socket) => socket.closed));
  assert.deepEqual(sockets.map((socket) => socket.closed.code), [1001, 1001, 1001]);
});

test("clients that do not read disturb nobody and are counted", async () => {
  const risk = await server.person("risk1");
  const admin = await server.person("admin");
  const slow = await Promise.all(Array.from({ length: 8 }, () => risk.stream()));
  slow.forEach((socket) => {
    socket.subscribe(...TOPICS);
    socket.pause();
  });
  const fast = await risk.stream();
  fast.subscribe("books", "status");
  await fast.next("books");
  const start = fast.of("books").length;
  await pause(3000);
  assert.ok(fast.of("books").length - start >= 15, `${fast.of("books").length - start} frames in 3 s`);
  checkNumbers(fast);
  const metrics = await admin.call("GET", "/metrics");
  assert.match(metrics.text, /^pitwall_ws_clients 9$/m);
  slow.forEach((socket) => socket.read());
  await until("the laggards to catch up", () => slow.every((socket) => socket.of("books").length > 0));
  slow.forEach(checkNumbers);
  [fast, ...slow].forEach((socket) => socket.close());
  await until("nobody", async () => /^pitwall_ws_clients 0$/m.test((await admin.call("GET", "/metrics")).text));
});
