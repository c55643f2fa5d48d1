// The trail as compliance has it: pages, search, export, the report of a day, proof, backup.

import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, scratch, Server, verb } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { until } from "./wait.mjs";

let server;
let risk;
let viewer;
const dir = scratch();
const ledger = join(dir, "ledger.ndjson");
const config = configWith(dir, [/^market:/m, `market:\n  ledger: ${ledger}`]);

before(async () => {
  server = await Server.start({ config });
  risk = await server.person("risk1");
  viewer = await server.person("viewer");
  const { body } = await risk.get("/limits/firm");
  await risk.put("/limits/firm", { limits: { max_open_orders: 40 }, reason: "Fat finger, \"calm\" (day)" }, body.generation);
  await until("fills", async () => (await risk.get("/audit?kind=fill&limit=5")).body.items.length === 5, 30000);
});

after(async () => {
  await server.stop();
});

async function all(path) {
  const items = [];
  let cursor = "";
  do {
    const { status, body, text } = await risk.get(`${path}${cursor}`);
    assert.equal(status, 200, text);
    items.push(...body.items);
    cursor = body.next === null ? "" : `&cursor=${body.next}`;
  } while (cursor !== "");
  return items;
}

test("words of people are found, whatever signs stand in between", async () => {
  for (const q of ["fat", "FINGER%20calm", "%22calm%22", "fat%20(day)", "%22fat*"]) {
    const { body, text } = await risk.get(`/audit?q=${q}`);
    assert.ok(body.items.some((row) => row.reason?.startsWith("Fat finger")), `${q}: ${text}`);
  }
  for (const q of ["%22", "*", "(", "NEAR(", "a:b", "-", "%5Ex", "%27%3B--"]) {
    assert.equal((await risk.get(`/audit?q=${q}`)).status, 200, q);
  }
});

test("what came into force, and what a kill found, are found by the word and by the incident", async () => {
  const { body } = await risk.post("/kill", { scope: "strategy/momentum", reason: "odd fills" });
  await until("the rows", async () => {
    const { items } = (await risk.get(`/audit?q=${body.incident}`)).body;
    return ["kill", "state"].every((kind) => items.some((row) => row.kind === kind && row.person === null)) ||
      (items.some((row) => row.kind === "state") && items.filter((row) => row.kind === "kill").length > 1);
  });
  const raised = (await risk.get("/audit?kind=limits&q=finger")).body.items;
  assert.equal(raised.length, 2, "the intent and the engine's row");
  assert.ok(raised.some((row) => row.new.generation !== undefined));
});

test("filters that cannot be meant are malformed", async () => {
  const wrong = ["kind=A%20b", "kind=", "kind=fil", "q=", "actor=", "from=x", "from=5&to=5", "limit=0", "limit=1001", "cursor=-1",
    `q=${"a".repeat(201)}`];
  for (const query of wrong) {
    const { status, body } = await risk.get(`/audit?${query}`);
    assert.equal(status, 400, query);
    assert.equal(body.code, "malformed", query);
  }
  assert.equal((await risk.get("/audit/export?format=xml")).status, 400);
  assert.equal((await risk.get("/audit/export?kind=A%20b")).status, 400);
  for (const path of ["/audit?kind=fil", "/audit/export?kind=fil"]) {
    assert.match((await risk.get(path)).body.detail, /kind must be one of .*\bfill\b/, path);
  }
  assert.equal((await risk.get("/audit/report?day=26.11.2026")).status, 400);
});

test("an export has every row of the pages, once, oldest first", async () => {
  const reply = await risk.get("/audit/export?format=ndjson&kind=fill");
  assert.equal(reply.status, 200);
  assert.equal(reply.headers["content-type"], "application/x-ndjson");
  const rows = reply.text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(shapes.differences(rows[0], shapes.AUDIT), []);
  const pages = (await all("/audit?kind=fill&limit=3")).reverse().slice(0, rows.length);
  assert.deepEqual(rows, pages);
});

test("CSV has a head, CR LF, and quotes where they are needed", async () => {
  const { text, headers } = await risk.get("/audit/export?actor=risk1&kind=limits");
  assert.match(headers["content-type"], /^text\/csv/);
  assert.match(headers["content-disposition"], /attachment; filename="pitwall-audit.csv"/);
  assert.ok(text.startsWith("seq,at_ns,actor,person,role,kind,scope,old,new,reason,request_id,hash\r\n"));
  assert.ok(text.includes('"Fat finger, ""calm"" (day)"'), text);
  assert.ok(text.endsWith("\r\n"));
});

test("an export is itself in the trail, and not for everybody", async () => {
  assert.equal((await viewer.get("/audit/export")).status, 403);
  const row = await until("the row", async () =>
    (await risk.get("/audit?kind=export")).body.items.find((each) => each.new.kind === "limits"));
  assert.equal(row.person, "risk1");
});

test("the verbs read what the server writes", () => {
  const query = verb("audit", "query", "--data", server.dir, "--kind", "limits", "--json");
  assert.equal(query.code, 0, query.err);
  assert.ok(JSON.parse(query.out).items.some((row) => row.person === "risk1"));
  const made = verb("audit", "export", "--data", server.dir, "--format", "ndjson", "--q", "finger");
  assert.equal(made.code, 0, made.err);
  assert.equal(made.out.trimEnd().split("\n").length, 2); // the intent, and what came into force
});

test("the heads are signed at once when a person acts", async () => {
  const { body } = await risk.get("/audit/verify");
  assert.deepEqual(shapes.differences(body, shapes.VERIFY), []);
  assert.ok(body.anchors >= 2, JSON.stringify(body));
  assert.equal(statSync(join(server.dir, "audit.key")).mode & 0o777, 0o600);
});

test("a backup of a running server is whole, and comes up HALTED elsewhere", async () => {
  const out = join(scratch(), "backup");
  const made = verb("backup", "--data", server.dir, "--out", out);
  assert.equal(made.code, 0, made.err);
  assert.ok(!existsSync(join(out, "audit.key")), "the private key stays");
  assert.equal(verb("backup", "--data", server.dir, "--out", out).code, 64, "not into a full directory");
  const to = join(scratch(), "data");
  const restored = verb("restore", "--from", out, "--data", to);
  assert.equal(restored.code, 0, restored.err);
  const second = await Server.start({ dir: to, config });
  const person = await second.person("risk1", server.passwords().risk1);
  const firm = (await person.get("/trading-state")).body.items.find((row) => row.scope === "firm");
  assert.equal(firm.state, "HALTED");
  assert.match(firm.cause, /restored from the backup/);
  assert.equal((await person.get("/audit/verify")).body.ok, true);
  assert.equal(await second.stop(), 0);
});

test("a backup that was touched is refused, and nothing is made of it", () => {
  const out = join(scratch(), "backup");
  assert.equal(verb("backup", "--data", server.dir, "--out", out).code, 0);
  const to = join(scratch(), "data");
  const name = join(out, "journal", readdirSync(join(out, "journal"))[0]);
  const bytes = readFileSync(name);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(name, bytes);
  const refused = verb("restore", "--from", out, "--data", to);
  assert.equal(refused.code, 65, refused.err);
  assert.match(refused.err, /not what the manifest says/);
  assert.ok(!existsSync(to));
});

test("stopped: the day balances with the venue's ledger, and one fill less does not", async () => {
  await server.stop();
  const report = verb("audit", "report", "--data", server.dir, "--ledger", ledger, "--json");
  assert.equal(report.code, 0, report.out + report.err);
  const { instruments, ledger: balance } = JSON.parse(report.out);
  const sum = (rows, name) => rows.reduce((total, row) => total + row[name], 0);
  assert.equal(balance.balanced, true);
  assert.equal(sum(balance.instruments, "ours"), sum(instruments, "fills"));
  for (const row of instruments) {
    assert.ok(Math.abs(row.buy_qty - row.sell_qty - row.position) < 1e-9, JSON.stringify(row));
  }
  const less = join(scratch(), "less.ndjson");
  const lines = readFileSync(ledger, "utf8").split("\n");
  lines.splice(lines.findIndex((line) => line.includes('"kind":"fill"')), 1);
  writeFileSync(less, lines.join("\n"));
  const differs = verb("audit", "report", "--data", server.dir, "--ledger", less, "--json");
  assert.equal(differs.code, 1, differs.err);
  assert.equal(JSON.parse(differs.out).ledger.only_ours.length, 1);
});

test("stopped: the journal makes the same rows again, and a lost database too", async () => {
  const again = join(scratch(), "audit.db");
  const head = () => JSON.parse(verb("audit", "verify", "--data", server.dir, "--json").out);
  const was = head();
  assert.equal(was.ok, true, JSON.stringify(was));
  assert.equal(verb("audit", "rebuild", "--data", server.dir, "--out", again).code, 0);
  const none = join(scratch(), "audit.db");
  const refused = verb("audit", "rebuild", "--data", scratch(), "--out", none);
  assert.equal(refused.code, 69, refused.out);
  assert.match(refused.err, /there is no journal in it/);
  assert.equal(existsSync(none), false);
  for (const end of ["", "-wal", "-shm"]) rmSync(join(server.dir, `audit.db${end}`), { force: true });
  copyFileSync(again, join(server.dir, "audit.db"));
  assert.deepEqual(head(), was);
  rmSync(join(server.dir, "audit.db"));
  const third = await Server.start({ dir: server.dir, config });
  assert.match(third.err, /made again from the journal/);
  const person = await third.person("risk1");
  const now = (await person.get("/audit/verify")).body;
  assert.equal(now.ok, true, JSON.stringify(now));
  assert.ok(now.rows > was.rows);
  await third.stop();
});

test("a newer database refuses the start and the verb with 78", () => {
  const to = join(scratch(), "data");
  const out = join(scratch(), "backup");
  assert.equal(verb("backup", "--data", server.dir, "--out", out).code, 0);
  assert.equal(verb("restore", "--from", out, "--data", to).code, 0);
  const dry = verb("migrate", "--data", to, "--dry-run", "--json");
  assert.equal(dry.code, 0, dry.err);
  const file = join(to, "audit.db");
  const bytes = readFileSync(file);
  bytes.writeUInt32BE(99, 60); // user_version
  writeFileSync(file, bytes);
  for (const args of [["migrate", "--data", to], ["run", "--config", config, "--data", to]]) {
    const refused = verb(...args);
    assert.equal(refused.code, 78, `${args[0]}: ${refused.err}`);
    assert.match(refused.err, /newer version/);
  }
});
