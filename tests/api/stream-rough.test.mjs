// The stream with clients that are rude: what is wrong is answered or ends that client, and nobody else.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { QUIET, Server, configWith, scratch } from "./server.mjs";
import { until } from "./wait.mjs";

const CONTINUED = 0;
const TEXT = 1;
const BINARY = 2;
const PING = 9;

let server;
let viewer;
let neighbour;

before(async () => {
  const dir = scratch();
  server = await Server.start({ config: configWith(dir, QUIET) });
  viewer = await server.person("viewer");
  neighbour = await viewer.stream();
  neighbour.subscribe("books");
  await neighbour.next("books");
});

after(async () => {
  await server.stop("SIGKILL");
});

async function neighbourIsWell() {
  const count = neighbour.of("books").length;
  await until("the neighbour's next frames", () => neighbour.of("books").length > count + 3);
  assert.equal(neighbour.closed, null);
}

async function closedWith(socket, code) {
  await until("the close", () => socket.closed);
  assert.equal(socket.closed.code, code);
  await neighbourIsWell();
}

async function goesOn(socket) {
  socket.subscribe("status");
  await socket.next("status");
  assert.equal(socket.closed, null);
  socket.close();
  await neighbourIsWell();
}

test("a ping is answered", async () => {
  const socket = await viewer.stream();
  socket.ping("are you there");
  await until("the pong", () => socket.pongs.includes("are you there"));
  await goesOn(socket);
});

test("a flood of pings is answered in order, while the neighbour is served", async () => {
  const socket = await viewer.stream();
  const count = 5000;
  for (let i = 0; i < count; i++) {
    socket.ping(`${i}`);
  }
  await neighbourIsWell();
  await until("all pongs", () => socket.pongs.length === count, 60000);
  assert.deepEqual(socket.pongs, Array.from({ length: count }, (_, i) => `${i}`));
  await goesOn(socket);
});

test("a flood of pings whose answers nobody reads ends with that client", async () => {
  const socket = await viewer.stream();
  const had = memoryKib();
  socket.pause();
  for (let i = 0; i < 50000; i++) {
    socket.ping("x".repeat(100));
  }
  await neighbourIsWell();
  assert.ok(memoryKib() - had < 4096, "memory");
  socket.close();
  await neighbourIsWell();
});

function memoryKib() {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.process.pid}/status`, "utf8"))[1]);
}

test("a binary message is answered with an error", async () => {
  const socket = await viewer.stream();
  socket.raw(BINARY, '{"op":"subscribe","topics":["status"]}');
  assert.equal((await socket.next("error")).data.code, "malformed");
  await goesOn(socket);
});

test("errors are numbered", async () => {
  const socket = await viewer.stream();
  for (let i = 0; i < 3; i++) {
    socket.text("{");
    await until("an answer", () => socket.of("error").length === i + 1);
  }
  assert.deepEqual(socket.of("error").map((frame) => frame.seq), [1, 2, 3]);
  await goesOn(socket);
});

test("a message of more than 4,096 bytes is closed with 1009", async () => {
  const socket = await viewer.stream();
  socket.text("x".repeat(4097));
  await closedWith(socket, 1009);
});

test("a frame that says it is huge is closed with 1009 before it comes", async () => {
  const socket = await viewer.stream();
  socket.bytes(Buffer.from([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]));
  await closedWith(socket, 1009);
});

test("a message in a few pieces is read", async () => {
  const socket = await viewer.stream();
  const text = '{"op":"subscribe","topics":["status"]}';
  socket.raw(TEXT, text.slice(0, 5), { final: false });
  socket.raw(CONTINUED, text.slice(5, 9), { final: false });
  socket.raw(PING, "between");
  socket.raw(CONTINUED, text.slice(9));
  await socket.next("status");
  assert.deepEqual(socket.pongs, ["between"]);
  await goesOn(socket);
});

for (const piece of ["", "x"]) {
  test(`a message in a thousand pieces of ${piece.length} bytes is closed with 1009`, async () => {
    const socket = await viewer.stream();
    socket.raw(TEXT, "{", { final: false });
    for (let i = 0; i < 1000; i++) {
      socket.raw(CONTINUED, piece, { final: false });
    }
    await closedWith(socket, 1009);
  });
}

test("nothing but rubbish is closed with 1002", async () => {
  const socket = await viewer.stream();
  socket.rubbish(500);
  await closedWith(socket, 1002);
});

test("a frame without a mask is closed with 1002", async () => {
  const socket = await viewer.stream();
  socket.bytes(Buffer.from([0x81, 2, 0x7b, 0x7d]));
  await closedWith(socket, 1002);
});

test("text that is no UTF-8 is closed with 1007", async () => {
  const socket = await viewer.stream();
  socket.raw(TEXT, Buffer.from([0xff, 0xfe]));
  await closedWith(socket, 1007);
});
