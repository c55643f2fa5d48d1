// Starting and stopping: what is printed and written, and the exit codes of what cannot be.

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { configWith, DEMO_CONFIG, QUIET, scratch, Server, verb } from "./server.mjs";
import { until } from "./wait.mjs";

const run = (dir, ...args) => verb("run", "--config", DEMO_CONFIG, "--data", dir, ...args);

for (const signal of ["SIGTERM", "SIGINT"]) {
  test(`ready, run.json, and ${signal} within five seconds`, async () => {
    const server = await Server.start();
    assert.equal(statSync(server.dir).mode & 0o777, 0o700);
    assert.deepEqual(Object.keys(server.run).sort(), ["kill_url", "mode", "pid", "url"]);
    assert.equal(server.run.pid, server.process.pid);
    assert.equal(server.run.url, server.url);
    assert.equal(server.run.mode, "sim");
    assert.equal((await server.anonymous().call("GET", "/health/live")).status, 200);
    const asked = Date.now();
    assert.equal(await server.stop(signal), 0);
    assert.ok(Date.now() - asked < 5000);
    assert.ok(!existsSync(join(server.dir, "run.json")));
    assert.ok(!existsSync(join(server.dir, "control.sock")));
  });
}

test("a stop with requests on their way answers or ends them", async () => {
  const server = await Server.start({ config: configWith(scratch(), QUIET) });
  const asked = Array.from({ length: 8 }, () =>
    server.anonymous().post("/session", { user: "viewer", password: "a wrong password" }).catch(() => null));
  await new Promise((done) => setTimeout(done, 30));
  assert.equal(await server.stop(), 0);
  await Promise.all(asked);
});

test("the demo's log-ins are printed once and kept for the owner", async () => {
  const server = await Server.start();
  assert.equal(statSync(join(server.dir, "first-login")).mode & 0o777, 0o600);
  for (const [user, password] of Object.entries(server.passwords())) {
    assert.match(server.out, new RegExp(`${user} .*${password}`));
  }
  await server.stop();
  const again = await Server.start({ dir: server.dir });
  assert.ok(!again.out.includes(server.passwords().admin));
  await again.person("viewer");
  await again.stop();
});

test("without --demo the first password is in its file and not in what a service's log keeps", async () => {
  const server = await Server.start({ demo: false });
  const { users } = JSON.parse(readFileSync(join(server.dir, "first-login"), "utf8"));
  assert.ok(users.length > 0);
  for (const { password } of users) {
    assert.ok(!server.out.includes(password));
  }
  assert.match(server.out, new RegExp(`Log-ins: in ${server.dir}/first-login`));
  await server.stop();
});

test("a port in use is 69, with the address", async () => {
  const taken = createServer();
  await new Promise((done) => taken.listen(0, "127.0.0.1", done));
  const address = `127.0.0.1:${taken.address().port}`;
  const dir = join(scratch(), "data");
  const done = run(dir, "--listen", address, "--kill-listen", "127.0.0.1:0");
  taken.close();
  assert.equal(done.code, 69, done.err);
  assert.ok(done.err.includes(address), done.err);
  assert.ok(!existsSync(join(dir, "run.json")));
});

test("a busy directory is 75 and the one inside goes on", async () => {
  const server = await Server.start();
  const done = run(server.dir, "--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0");
  assert.equal(done.code, 75, done.err);
  assert.equal((await server.anonymous().call("GET", "/health/live")).status, 200);
  assert.ok(existsSync(join(server.dir, "control.sock")));
  await server.stop();
});

for (const [what, from, to] of [
  ["an unknown key", /^seed:/m, "sead:"],
  ["a mistyped value", /core: -1/, "core: fast"],
  ["a key twice", /^mode: sim/m, "mode: sim\nmode: sim"],
  ["an unknown limit", /max_order_lots:/, "max_order_loot:"],
]) {
  test(`${what} in the config is 78 with its line`, () => {
    const file = configWith(scratch(), [from, to]);
    const text = readFileSync(file, "utf8").split("\n");
    const done = verb("run", "--config", file, "--data", join(scratch(), "data"));
    assert.equal(done.code, 78, done.err);
    const line = Number(/test\.yaml:(\d+): /.exec(done.err)?.[1]);
    assert.ok(line >= 1 && line <= text.length, done.err);
    assert.equal(verb("check", "--config", file).code, 78);
  });
}

test("a config that is not there, and wrong calls", () => {
  assert.equal(verb("run", "--config", "nowhere.yaml", "--data", join(scratch(), "d")).code, 78);
  assert.equal(verb("run", "--config", DEMO_CONFIG).code, 64);
  assert.equal(verb("juggle").code, 64);
  assert.equal(verb("kill", "--data", scratch(), "--scope", "firm", "--reason", "x").code, 69);
  assert.equal(verb("check", "--config", DEMO_CONFIG).code, 0);
});

const configs = join(DEMO_CONFIG, "..");
for (const file of ["staging", "prod", "presets/conservative", "presets/moderate", "presets/aggressive"]) {
  test(`${file}.yaml is well`, () => {
    const answer = verb("check", "--config", join(configs, `${file}.yaml`));
    assert.equal(answer.code, 0, answer.stderr);
  });
}

// Per instrument lots of position and an order; per firm drawdown, daily loss and open orders.
const PRESETS = {
  conservative: [20, 5, "0.02", "10000", 10],
  moderate: [50, 10, "0.05", "50000", 20],
  aggressive: [100, 20, "0.1", "100000", 50],
};
for (const [name, [position, lots, drawdown, loss, open]] of Object.entries(PRESETS)) {
  test(`the preset ${name} trades within its numbers`, async () => {
    const server = await Server.start({ config: join(configs, "presets", `${name}.yaml`) });
    const viewer = await server.person("viewer");
    const firm = (await viewer.get("/limits/firm")).body.limits;
    const btc = (await viewer.get("/limits/instrument/sim:BTCUSDT")).body.limits;
    assert.equal(btc.max_position_lots, position);
    assert.equal(btc.max_order_lots, lots);
    assert.equal(Number(firm.max_drawdown_ratio), Number(drawdown));
    assert.equal(Number(firm.max_daily_loss), Number(loss));
    assert.equal(firm.max_open_orders, open);
    await until("an order", async () => (await viewer.get("/orders")).body.items.length > 0);
    await server.stop();
  });
}

test("a password file that others can read is refused", async () => {
  const server = await Server.start();
  const file = join(scratch(), "password");
  writeFileSync(file, "a long enough password\n", { mode: 0o644 });
  const done = verb("user", "create", "--data", server.dir, "--name", "eve", "--role", "viewer", "--password-file", file);
  assert.equal(done.code, 78, done.err);
  assert.match(done.err, /can be read by others: chmod 600 /);
  await server.stop();
});

test("tokens and users can be made while no server runs", async () => {
  const server = await Server.start();
  await server.stop();
  const made = verb("token", "create", "--data", server.dir, "--name", "offline", "--role", "viewer");
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /^\S+\n$/);
  const again = await Server.start({ dir: server.dir });
  const caller = Object.assign(again.anonymous(), { token: made.out.trim() });
  assert.equal((await caller.get("/status")).status, 200);
  await again.stop();
});

test("after a crash everything that was answered is there", async () => {
  const server = await Server.start({ config: configWith(scratch(), QUIET) });
  const risk = await server.person("risk1");
  const { body } = await risk.get("/limits/firm");
  const reply = await risk.put("/limits/firm", { limits: { max_open_orders: 40 }, reason: "kept" }, body.generation);
  assert.equal(reply.status, 200, reply.text);
  await server.stop("SIGKILL");
  const again = await Server.start({ dir: server.dir, config: configWith(scratch(), QUIET) });
  const later = await again.person("risk1");
  assert.equal((await later.get("/limits/firm")).body.limits.max_open_orders, 40);
  await until("the audit row", async () =>
    (await later.get("/audit?kind=limits")).body.items.some((row) => row.reason === "kept"));
  assert.equal((await later.get("/audit/verify")).body.ok, true);
  assert.equal(await again.stop(), 0);
  const verify = verb("audit", "verify", "--data", again.dir);
  assert.equal(verify.code, 0, verify.out + verify.err);
});

test("every verb says how it is called, and a word that is none is refused", () => {
  for (const args of [["help", "journal"], ["journal", "--help"], ["journal", "-h"]]) {
    const done = verb(...args);
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /^pitwall journal: .*\n\n {2}pitwall journal dump --data DIR/);
  }
  assert.match(verb("help").out, /usage: pitwall VERB/);
  assert.equal(verb("help", "nothing").code, 64);
  const kind = verb("journal", "dump", "--data", "/nowhere", "--kind", "fil");
  assert.equal(kind.code, 64);
  assert.match(kind.err, /--kind is no kind of the engine lane/);
});
