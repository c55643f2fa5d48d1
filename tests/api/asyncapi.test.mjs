// api-spec/asyncapi.yaml, the table of topics and what the program sends say the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { ROOT, Server } from "./server.mjs";

const WAIT_MS = 60000;
const spec = readFileSync(join(ROOT, "api-spec/asyncapi.yaml"), "utf8");
const table = readFileSync(join(ROOT, "server/tables/topics.def"), "utf8");
const FREE = ["old", "new"]; // of an audit row: what it is about
const OURS = ["subscribe", "unsubscribe", "error"];

/** The lines below `head:` that are indented deeper than it. */
function below(text, head, indent) {
  const start = text.indexOf(`\n${" ".repeat(indent)}${head}:\n`);
  assert.ok(start >= 0, `asyncapi.yaml has no ${head}`);
  const lines = text.slice(start + 1).split("\n").slice(1);
  const end = lines.findIndex((line) => line !== "" && line.search(/\S/) <= indent);
  return `\n${(end < 0 ? lines : lines.slice(0, end)).join("\n")}\n`;
}

/** Names of the members at that indent. */
function names(text, indent) {
  return [...text.matchAll(new RegExp(`^ {${indent}}(\\w+):`, "gm"))].map(([, name]) => name);
}

const messages = below(below(spec, "components", 0), "messages", 2);

function message(name) {
  const text = below(messages, name, 4);
  const said = (key) => new RegExp(`^ {6}${key}: "?(.*?)"?$`, "m").exec(text)?.[1];
  const example = text.slice(text.indexOf("- payload:") + "- payload:".length);
  return { kind: said("x-kind"), needs: said("x-needs"), summary: said("summary"), example: JSON.parse(example) };
}

const topics = [...table.matchAll(/^TOPIC\((\w+), +(\w+), +(\w+), +"(\w*)", +\d+, (\w+), +"(.*)"\)$/gm)].map(
  ([, , name, kind, key, needs, says]) => ({ name, kind: kind.toLowerCase(), key, needs: needs.toLowerCase(), says }),
);

test("every topic is described, and everything described is a topic", () => {
  const wanted = [...OURS, ...topics.map(({ name }) => name)].sort();
  assert.equal(topics.length, table.match(/^TOPIC\(/gm).length);
  assert.deepEqual(names(messages, 4).sort(), wanted);
  assert.deepEqual(names(below(spec, "operations", 0), 2).sort(), wanted);
  assert.deepEqual(names(below(below(below(spec, "channels", 0), "stream", 2), "messages", 4), 6).sort(), wanted);
});

test("kind, role and words are the table's own", () => {
  for (const { name, kind, needs, says } of topics) {
    const described = message(name);
    assert.deepEqual([described.kind, described.needs, described.summary], [kind, needs, says], name);
  }
});

test("what is kept, and how much may be said, is what the program's own headers say", () => {
  const number = (file, name) => {
    const [, text] = new RegExp(`${name} = ([^,\\n]+)`).exec(readFileSync(join(ROOT, file), "utf8"));
    const [value, shift] = text.split("<<").map((part) => Number.parseInt(part, 10));
    return (value << (shift ?? 0)).toLocaleString("en-US");
  };
  const words = spec.replace(/\s+/g, " ");
  assert.ok(words.includes(`the newest ${number("server/stream/channel.h", "CHANNEL_FRAMES_MAX")} frames or 4 MiB`));
  assert.equal(number("server/stream/channel.h", "CHANNEL_BYTES_MAX"), (4 << 20).toLocaleString("en-US"));
  assert.ok(words.includes(`messages of ${number("server/stream/client.h", "MESSAGE_MAX")} bytes`));
  assert.ok(words.includes(`in ${number("server/stream/client.h", "MESSAGE_FRAMES_MAX")} frames`));
  assert.ok(words.includes(`${number("server/stream/stream.h", "STREAM_CLIENTS_MAX")} clients are there already`));
});

/** Where an example has what a frame has not, or of another type; a frame may say null, or hold no items. */
function strange(example, real, at) {
  if (example === null || real === null) {
    return [];
  }
  if (typeof example !== typeof real || Array.isArray(example) !== Array.isArray(real)) {
    return [`${at}: ${JSON.stringify(example)} is not like ${JSON.stringify(real)}`];
  }
  if (Array.isArray(example)) {
    return real.length === 0 ? [] : example.flatMap((item, i) => strange(item, real[0], `${at}[${i}]`));
  }
  if (typeof example !== "object") {
    return [];
  }
  const fixed = Object.entries(example).filter(([name]) => !FREE.includes(name));
  return fixed.flatMap(([name, inner]) =>
    name in real ? strange(inner, real[name], `${at}.${name}`) : [`${at}.${name}: not sent`],
  );
}

test("every example is like what the program sends", async () => {
  const server = await Server.start();
  try {
    const risk = await server.person("risk1");
    const { body, headers } = await risk.get("/limits/strategy/maker");
    const limits = { max_open_orders: body.limits.max_open_orders + 1 };
    await risk.put("/limits/strategy/maker", { limits, reason: "an approval to see" }, headers.etag.slice(1, -1));
    await risk.post("/kill", { scope: "strategy/momentum", reason: "a receipt to see" });
    const socket = await risk.stream();
    const error = message("error").example;
    socket.subscribe("weather", ...topics.map(({ name }) => name));
    assert.deepEqual((await socket.next("error")).data, error.data);
    for (const { name, key } of topics) {
      const full = (frame) => key === "" || frame.data.items.length > 0 || name === "alerts";
      const frame = await socket.next(name, full, WAIT_MS);
      assert.deepEqual(strange(message(name).example, frame, name), []);
      assert.equal(message(name).example.topic, name);
    }
  } finally {
    await server.stop("SIGKILL");
  }
});

test("the examples of what a client says are obeyed", async () => {
  const server = await Server.start();
  try {
    const viewer = await server.person("viewer");
    const socket = await viewer.stream();
    socket.send(message("subscribe").example);
    await Promise.all(message("subscribe").example.topics.map((topic) => socket.next(topic)));
    socket.send(message("unsubscribe").example);
    socket.ping("done");
    assert.equal(socket.of("error").length, 0);
  } finally {
    await server.stop("SIGKILL");
  }
});
