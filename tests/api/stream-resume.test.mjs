// The stream taken up again: whoever names the last frame it has is given exactly what it missed.

import assert from "node:assert/strict";
import test, { afterEach, beforeEach } from "node:test";
import { QUIET, Server, configWith, scratch } from "./server.mjs";
import { until } from "./wait.mjs";

const EVENTS = ["fills", "audit"];
const TOPICS = "status positions orders fills pnl books kill limits strategies approvals audit latency".split(" ");

let server;

beforeEach(async () => {
  server = await Server.start();
});

afterEach(async () => {
  await server.stop("SIGKILL");
});

function last(socket, topic) {
  return socket.of(topic).at(-1);
}

/** What `socket` was sent of a topic after `seq`, as it was sent to `witness`, who missed nothing. */
function checkSame(socket, witness, topic, seq) {
  const frames = socket.of(topic);
  const meant = witness.of(topic).filter((frame) => frame.seq > seq).slice(0, frames.length);
  assert.deepEqual(frames, meant, topic);
}

async function risk() {
  const person = await server.person("risk1");
  return { person, witness: await subscribed(person, ...EVENTS) };
}

async function subscribed(person, ...topics) {
  const socket = await person.stream();
  socket.subscribe(...topics);
  for (const topic of topics) {
    await socket.next(topic);
  }
  return socket;
}

test("events missed while away are told as they were told to others, and nothing else", async () => {
  const { person, witness } = await risk();
  const leaver = await subscribed(person, ...EVENTS);
  for (const topic of EVENTS) {
    await leaver.next(topic, (frame) => frame.type === "delta", 20000);
  }
  const since = leaver.since(...EVENTS);
  leaver.close();
  for (const topic of EVENTS) {
    await until(`more of ${topic}`, () => last(witness, topic).seq >= since[topic] + 3, 30000);
  }
  const back = await person.stream();
  back.resume(since);
  for (const topic of EVENTS) {
    await back.next(topic, (frame) => frame.seq >= since[topic] + 3);
    assert.equal(back.of(topic)[0].type, "delta");
    checkSame(back, witness, topic, since[topic]);
  }
});

test("events that came while nobody at all was there are told too", async () => {
  const person = await server.person("risk1");
  const leaver = await subscribed(person, ...EVENTS);
  const since = leaver.since(...EVENTS);
  const had = last(leaver, "audit").data.items[0].seq;
  leaver.close();
  const admin = await server.person("admin");
  await until("nobody", async () => /^pitwall_ws_clients 0$/m.test((await admin.call("GET", "/metrics")).text));
  await until("rows", async () => (await person.get("/audit?limit=1")).body.items[0].seq > had + 205, 240000);
  const back = await person.stream();
  back.resume(since);
  const upto = (await person.get("/audit?limit=1")).body.items[0].seq;
  await until("all rows", () => (last(back, "audit")?.data.items[0].seq ?? 0) >= upto, 60000);
  assert.ok(back.frames.every((frame) => frame.type === "delta"));
  const rows = back.of("audit").flatMap((frame) => frame.data.items.map((row) => row.seq).reverse());
  assert.deepEqual(rows, Array.from(rows, (_, i) => had + 1 + i));
});

test("a state at its newest number needs no snapshot; an older one gets one", async () => {
  await server.stop("SIGKILL");
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  const person = await server.person("risk1");
  const first = await subscribed(person, "limits", "approvals", "kill");
  const since = first.since("limits", "approvals", "kill");
  first.close();
  const back = await person.stream();
  back.resume({ ...since, kill: since.kill - 5 });
  await back.next("kill", (frame) => frame.type === "snapshot" && frame.seq === since.kill);
  const { body, headers } = await person.get("/limits/strategy/maker");
  const limits = { max_open_orders: body.limits.max_open_orders - 1 };
  const changed = await person.put("/limits/strategy/maker", { limits, reason: "a change" }, headers.etag.slice(1, -1));
  assert.equal(changed.status, 200, changed.text);
  await back.next("limits");
  assert.deepEqual([back.of("limits")[0].type, back.of("limits")[0].seq], ["delta", since.limits + 1]);
  assert.equal(back.of("approvals").length, 0);
});

test("a number that was never given is answered with a snapshot", async () => {
  const person = await server.person("risk1");
  const socket = await person.stream();
  socket.resume(Object.fromEntries(TOPICS.map((topic, i) => [topic, i % 2 ? 1 : Number.MAX_SAFE_INTEGER])));
  for (const topic of TOPICS) {
    await socket.next(topic);
    assert.equal(socket.of(topic)[0].type, "snapshot", topic);
  }
});

test("a restart takes no old number for a new one", async () => {
  const person = await server.person("risk1");
  const before = await subscribed(person, ...TOPICS);
  const since = before.since(...TOPICS);
  assert.equal(await server.stop(), 0);
  server = await Server.start({ dir: server.dir });
  const again = await server.person("risk1");
  const socket = await again.stream();
  socket.resume(since);
  for (const topic of TOPICS) {
    const frame = await socket.next(topic);
    assert.equal(frame.type, "snapshot", topic);
    assert.ok(frame.seq > since[topic], topic);
  }
});

test("a laggard is closed with 1013, and has no gap when it comes back", { timeout: 120000 }, async () => {
  const { person, witness } = await risk();
  const admin = await server.person("admin");
  const laggard = await subscribed(person, ...TOPICS);
  laggard.pause();
  const closes = async () => Number(/^pitwall_ws_laggards_total (\d+)$/m.exec((await admin.call("GET", "/metrics")).text)[1]);
  await until("the close", async () => (await closes()) === 1, 90000);
  laggard.read();
  await until("the close frame", () => laggard.closed);
  assert.equal(laggard.closed.code, 1013);
  const since = laggard.since(...EVENTS);
  const missed = EVENTS.map((topic) => last(witness, topic).seq - since[topic]);
  assert.ok(missed.every((count) => count > 0), `${missed} frames missed`);
  const back = await person.stream();
  back.resume(since);
  for (const [i, topic] of EVENTS.entries()) {
    await back.next(topic, (frame) => frame.seq >= since[topic] + missed[i], 10000);
    await until("the witness", () => last(witness, topic).seq >= last(back, topic).seq);
    assert.equal(back.of(topic)[0].seq, since[topic] + 1);
    checkSame(back, witness, topic, since[topic]);
  }
});
