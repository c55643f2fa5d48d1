// The disk is full, or fails, or the audit's database is locked: new orders stop before anything is
// lost, kill and cancel go on, and it recovers without a restart. On a small file system of its own.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, statfsSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { BIN, configWith, QUIET, ROOT, scratch, Server, verb } from "../api/server.mjs";
import { until } from "../api/wait.mjs";

const MIB = 2 ** 20;
const SMALL = [
  [/low_water: \S+ \S+/, "low_water: 16 MiB"], // no new orders below 4 MiB
  [/hot_bytes: \S+ \S+/, "hot_bytes: 4 MiB"],
];
const LAYER = process.env.FAULT_LAYER ?? join(ROOT, "build/debug/tests/fault/layer.so");
const mounted = [];

// Before the folders are removed.
process.prependListener("exit", () => mounted.forEach((dir) => spawnSync("umount", ["-l", dir])));

function run(...words) {
  return spawnSync(words[0], words.slice(1), { encoding: "utf8" });
}

/** A tmpfs, or null with the test skipped. */
function disk(t, mib) {
  const dir = join(scratch(), "disk");
  mkdirSync(dir);
  const done = run("mount", "-t", "tmpfs", "-o", `size=${mib}m`, "none", dir);
  if (done.status !== 0) {
    t.skip(`a file system cannot be mounted here: ${(done.stderr ?? "no mount").trim()}`);
    return null;
  }
  mounted.push(dir);
  return dir;
}

function free(dir) {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}

/** Leaves about so much room. */
function fillUpTo(dir, left) {
  const done = run("fallocate", "-l", String(Math.max(4096, free(dir) - left)), join(dir, "ballast"));
  assert.equal(done.status, 0, done.stderr);
}

/** Not a byte is left. */
function fillWhole(dir) {
  run("dd", "if=/dev/zero", `of=${join(dir, "ballast2")}`, "bs=4096");
  assert.ok(free(dir) < MIB);
}

class Desk {
  static async on(dir) {
    const desk = new Desk();
    desk.dir = dir;
    desk.server = await Server.start({ dir: join(dir, "data"), config: configWith(scratch(), QUIET, ...SMALL) });
    desk.trader = await desk.server.person("trader");
    await until("a market", async () => (await desk.trader.get("/books/sim:BTCUSDT")).body.bids.length > 0, 15000);
    return desk;
  }

  async order() {
    const { body } = await this.trader.get("/books/sim:BTCUSDT?depth=1");
    const price = (Math.floor(Number(body.bids[0][0]) * 0.99 * 10) / 10).toFixed(1);
    const wanted = { instrument: "sim:BTCUSDT", side: "buy", qty: "0.010", price, type: "limit", tif: "GTC" };
    return this.trader.post("/orders", wanted);
  }

  async resting() {
    const reply = await this.order();
    assert.equal(reply.status, 201, reply.text);
    await until("it rests", async () => (await this.trader.get(`/orders/${reply.body.id}`)).body.state === "WORKING");
    return reply.body.id;
  }

  async status() {
    return (await this.trader.get("/status")).body;
  }

  storage(wanted) {
    return until(`storage ${wanted}`, async () => (await this.status()).storage_state === wanted, 10000);
  }

  async cancelled(id) {
    const reply = await this.trader.delete(`/orders/${id}`);
    assert.ok([202, 503].includes(reply.status), reply.text); // 503: done, not durable
    await until("it is cancelled", async () => (await this.trader.get(`/orders/${id}`)).body.state === "CANCELLED");
  }

  async killed() {
    const reply = await this.trader.post("/kill", { scope: "instrument/sim:ETHUSDT", reason: "disk trouble" });
    assert.equal(reply.status, 200, reply.text);
    return reply.body.incident;
  }

  durable(incident) {
    return until("the kill is durable", async () => (await this.trader.get(`/kill/${incident}`)).body.durable, 10000);
  }

  async stopped() {
    assert.equal(await this.server.stop(), 0, this.server.err);
    const { code, out } = verb("journal", "verify", "--data", this.server.dir, "--json");
    assert.equal(code, 0, out);
    const audit = verb("audit", "verify", "--data", this.server.dir);
    assert.equal(audit.code, 0, audit.out + audit.err);
  }

  async storageRows() {
    const risk = await this.server.person("risk1");
    return (await risk.get("/audit?kind=storage&limit=50")).body.items;
  }
}

test("little room: new orders stop before the disk is full, and pass again when there is room", async (t) => {
  const dir = disk(t, 96);
  if (!dir) {
    return;
  }
  const desk = await Desk.on(dir);
  const id = await desk.resting();
  assert.equal((await desk.status()).storage, "ok"); // fixed shape: ok or suspect
  fillUpTo(dir, 3 * MIB);
  await desk.storage("low");
  assert.ok((await desk.status()).storage_free_bytes < 4 * MIB);
  const refused = await desk.order();
  assert.notEqual(refused.status, 201, refused.text);
  await desk.cancelled(id);
  await desk.durable(await desk.killed());
  unlinkSync(join(dir, "ballast"));
  await desk.storage("ok");
  await desk.resting();
  const rows = await until("both rows", async () => {
    const found = await desk.storageRows();
    return found.length >= 2 && found;
  });
  assert.match(rows.at(-1).reason, /storage low/);
  assert.match(rows[0].reason, /storage well after \d+\.\d+ s/);
  await desk.stopped();
});

test("a full disk: kill and cancel go on, nothing is lost, and it recovers by itself", async (t) => {
  const dir = disk(t, 96);
  if (!dir) {
    return;
  }
  const desk = await Desk.on(dir);
  const id = await desk.resting();
  fillWhole(dir);
  await until("storage is not ok", async () => (await desk.status()).storage !== "ok", 10000);
  const refused = await desk.order();
  assert.notEqual(refused.status, 201, refused.text);
  await desk.cancelled(id);
  const incident = await desk.killed();
  unlinkSync(join(dir, "ballast2"));
  await desk.storage("ok");
  await desk.durable(incident);
  await desk.resting();
  await desk.stopped();
});

/** Starts a desk whose calls of a kind fail with an error for as long as the switch is there. */
async function failing(call, code) {
  const dir = scratch();
  const on = join(dir, "on");
  const layer = { LD_PRELOAD: LAYER, FAULT_CALL: call, FAULT_ERRNO: code, FAULT_NTH: 1, FAULT_UNDER: join(dir, "data/"), FAULT_WHILE: on };
  Object.assign(process.env, layer); // a remount is refused while files are open for writing
  const desk = await Desk.on(dir).finally(() => Object.keys(layer).forEach((name) => delete process.env[name]));
  desk.fail = () => writeFileSync(on, "");
  desk.heal = () => unlinkSync(on);
  return desk;
}

for (const [what, call, code] of [["read-only", "write", 30], ["failing its writes", "write", 5], ["failing its syncs", "fsync", 5]]) {
  test(`a disk that is ${what}: new orders stop, kill and cancel go on, it recovers by itself`, async () => {
    const desk = await failing(call, code);
    const id = await desk.resting();
    desk.fail();
    await desk.cancelled(id);
    await desk.storage("suspect");
    const refused = await desk.order();
    assert.equal(refused.status, 503, refused.text);
    const incident = await desk.killed();
    desk.heal();
    await desk.storage("ok");
    await desk.durable(incident);
    await desk.resting();
    const rows = await until("both rows", async () => {
      const found = await desk.storageRows();
      return found.length >= 2 && found;
    });
    assert.match(rows.at(-1).reason, /storage suspect: /);
    await desk.stopped();
  });
}

test("a file system with small blocks is refused at the start, with what to do", (t) => {
  const dir = scratch();
  const image = join(dir, "image");
  const where = join(dir, "small");
  mkdirSync(where);
  writeFileSync(image, "");
  run("truncate", "-s", "64M", image);
  const made = run("mkfs.ext4", "-q", "-b", "1024", image);
  const done = made.status === 0 ? run("mount", "-o", "loop", image, where) : made;
  if (done.status !== 0) {
    t.skip(`no loop device here: ${(done.stderr ?? "no mkfs.ext4").trim()}`);
    return;
  }
  mounted.push(where);
  const config = configWith(dir, ...SMALL);
  const said = run(BIN, "run", "--demo", "--config", config, "--data", join(where, "data"), "--listen", "127.0.0.1:0");
  assert.equal(said.status, 69, said.stderr);
  assert.match(said.stderr, /blocks of 1024 bytes.*mkfs\.ext4 -b 4096/);
});

test("a locked audit database: the engine goes on, nothing is dropped, and it catches up", async () => {
  const desk = await Desk.on(scratch());
  const script = "import sqlite3,sys,time; c=sqlite3.connect(sys.argv[1]); c.execute('BEGIN IMMEDIATE'); print('locked',flush=True); time.sleep(60)";
  const holder = spawn("python3", ["-c", script, join(desk.server.dir, "audit.db")]);
  await new Promise((done) => holder.stdout.once("data", done));
  const before = (await desk.status()).audit_seq;
  const id = await desk.resting();
  await desk.cancelled(id);
  await desk.durable(await desk.killed());
  const locked = await desk.status();
  assert.equal(locked.audit_seq, before);
  assert.ok(locked.audit_behind >= 3, `${locked.audit_behind}: at least the order, its cancel and the kill`);
  holder.kill("SIGKILL");
  await until("the audit catches up", async () => (await desk.status()).audit_seq > before, 10000);
  await until("nothing is behind", async () => (await desk.status()).audit_behind === 0, 10000);
  await desk.stopped();
});
