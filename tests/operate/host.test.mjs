// The host and the service: what latency-audit finds and says, the unit file, what a service manager hears,
// the scripts of a deployment.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync,
  writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { BIN, configWith, DEMO_CONFIG, ROOT, scratch, Server, verb } from "../api/server.mjs";
import { pause, until } from "../api/wait.mjs";

const TROUBLE = process.env.TROUBLE ?? join(dirname(resolve(BIN)), "debug/tests/attack/trouble");
const SYSTEMD = join(ROOT, "deploy/systemd");
const VERDICTS = ["ok", "warn", "fail", "unknown"];
const WATCHDOG_MS = 1200;
const SCRIPTS = ["tune.sh", "preflight.sh", "cores.sh", "release.sh", "ask-venues", "aws/each-boot", "aws/first-boot"];

/** Runs a program to its end: {code, out, err}. */
function run(program, args, options = {}) {
  const done = spawnSync(program, args, { encoding: "utf8", timeout: 120000, ...options });
  assert.equal(done.error, undefined, `${program}: ${done.error}`);
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const has = (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
const without = (program) => (has(program) ? false : `${program} is not installed`);

/** An environment in which these programs are a line of shell each. */
function withStubs(programs) {
  const dir = scratch();
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(dir, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return { ...process.env, PATH: `${dir}:${process.env.PATH}` };
}

/** A tree of files, path -> text; its root. */
function tree(files) {
  const root = scratch();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

before(() => {
  if (!existsSync(TROUBLE)) {
    run("make", ["-s", "-C", ROOT, `BUILD=${dirname(resolve(BIN))}`, "MODE=debug", "attack-bin"]);
  }
});

// ------------------------------------------------------------------------------------------ latency-audit

test("latency-audit: every row of this machine is typed, counted and explained; the exit code follows", () => {
  const { code, out, err } = verb("latency-audit", "--json");
  const audit = JSON.parse(out);
  assert.equal(err, "");
  assert.equal(code, audit.verdict === "fail" ? 1 : 0);
  assert.ok(Number.isInteger(audit.core));
  for (const row of audit.results) {
    assert.deepEqual(Object.keys(row), ["area", "name", "verdict", "found", "wanted", "hint"], row.name);
    assert.ok(VERDICTS.includes(row.verdict), row.name);
    assert.match(row.name, /^[a-z0-9_]+$/);
    assert.ok(row.found === null || (typeof row.found === "string" && /^[ -~]+$/.test(row.found)), row.name);
    assert.equal(typeof row.wanted, "string");
    // Whoever is told that something is wrong is told what to do.
    assert.ok(row.hint.length > 0 || row.wanted === "reported", row.name);
    assert.ok(row.verdict !== "warn" && row.verdict !== "fail" ? true : row.found !== null, row.name);
  }
  for (const verdict of VERDICTS) {
    assert.equal(audit.counts[verdict], audit.results.filter((row) => row.verdict === verdict).length);
  }
  const names = audit.results.map((row) => `${row.area}.${row.name}`);
  assert.equal(new Set(names).size, names.length);
  assert.equal(audit.verdict, ["fail", "warn", "ok"].find((verdict) => audit.counts[verdict] > 0));
});

test("latency-audit: what is measured has figures that can be", () => {
  const { results } = JSON.parse(verb("latency-audit", "--json").out);
  const found = (name) => results.find((row) => row.area === "measured" && row.name === name).found;
  const number = (name) => Number(/[\d.]+/.exec(found(name))[0]);
  assert.match(found("hiccups"), /^[\d.]+ us; \d+ over 10 us; [\d.]+ %$/);
  assert.match(found("wake"), /^p50 [\d.]+, p99 [\d.]+, max [\d.]+ us$/);
  assert.ok(number("clock") > 1 && number("clock") < 5000, found("clock"));
  assert.ok(number("memory") > 1 && number("memory") < 5000, found("memory"));
  assert.ok(number("tls_handshake") > 0.01 && number("tls_handshake") < 1000, found("tls_handshake"));
  assert.ok(number("tls_record") > 0.01 && number("tls_record") < 1000, found("tls_record"));
  assert.ok(number("ticks") >= 0 && number("interrupts") >= 0 && number("switches") >= 0);
});

test("latency-audit: --core pins there, and a core that is not ours is refused", () => {
  const { results, core } = JSON.parse(verb("latency-audit", "--json", "--core", "0").out);
  assert.equal(core, 0);
  assert.equal(results.find((row) => row.name === "placed").found, "core 0");
  const refused = verb("latency-audit", "--core", "1000");
  assert.equal(refused.code, 78);
  assert.match(refused.err, /--core: .*1000/);
  for (const bad of ["x", "-1", "1024", "1x"]) {
    assert.equal(verb("latency-audit", "--core", bad).code, 64, bad);
  }
  assert.equal(verb("latency-audit", "--data", "/tmp").code, 64);
});

test("latency-audit: of a made-up tree the exit code is 1 when a row fails, 0 when it only warns", () => {
  const source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  const of = (files) => verb("latency-audit", "--json", "--core", "3", "--root", tree(files));
  const row = (said, name) => JSON.parse(said.out).results.find((item) => item.name === name);
  const nothing = of({});
  assert.equal(nothing.code, 0);
  assert.deepEqual(new Set(JSON.parse(nothing.out).results.map((item) => item.verdict)), new Set(["unknown"]));
  const warned = of({ [source]: "tsc\n", "/sys/devices/system/cpu/isolated": "1-2\n" });
  assert.equal(warned.code, 0);
  assert.equal(row(warned, "isolated").verdict, "warn");
  assert.equal(row(warned, "source").verdict, "ok");
  const failed = of({ [source]: "hpet\n" });
  assert.equal(failed.code, 1);
  assert.equal(row(failed, "source").verdict, "fail");
});

test("latency-audit: the table fits 120 columns, and each row that warns has its hint below", () => {
  const { out } = verb("latency-audit");
  const [table, rest] = out.split("\n\n");
  const lines = table.split("\n");
  assert.match(lines[0], /^VERDICT {2}CHECK +FOUND +WANTED/);
  lines.forEach((line) => assert.ok(line.length <= 120, line));
  const wrong = lines.filter((line) => /^(warn|fail) /.test(line)).map((line) => line.split(/ +/)[1]);
  wrong.forEach((name) => assert.match(rest, new RegExp(`^(warn|fail) {2}${name}: .+`, "m")));
  assert.match(rest, /^core \d+: \d+ ok, \d+ warn, \d+ fail, \d+ unknown/m);
});

test("the server tells what files tell, for the core and the thread of its engine, and measures nothing", async () => {
  const server = await Server.start();
  const viewer = await server.person("viewer");
  const { status, body } = await viewer.get("/latency-audit");
  const engine = (await viewer.get("/status")).body.threads.find(({ name }) => name === "engine");
  await server.stop();
  assert.equal(status, 200);
  assert.equal(body.core, engine.core);
  // Its own threads keep off the engine's core: whoever asked them would find it forbidden.
  assert.deepEqual(
    body.results.filter(({ name }) => name === "allowed").map(({ verdict, found }) => ({ verdict, found })),
    [{ verdict: "ok", found: String(engine.core) }],
  );
  assert.deepEqual(body.results.filter(({ area }) => area === "measured"), []);
  assert.ok(body.results.length > 60);
});

// ------------------------------------------------------------------------------------------------ the unit

/** What deploy/cores.sh writes of a list. */
function cores(list) {
  const root = scratch();
  const done = run(join(ROOT, "deploy/cores.sh"), [list, "--root", root], { env: withStubs({ "update-grub": "" }) });
  assert.equal(done.code, 0, done.err);
  const file = (path) => readFileSync(join(root, "etc", path), "utf8");
  const conf = join(root, "etc/systemd/system/pitwall.service.d/cores.conf");
  return { conf, unit: readFileSync(conf, "utf8"), grub: file("default/grub.d/50-pitwall.cfg"), said: done.out,
    irq: file("default/irqbalance") };
}

test("cores.sh: of one list follow the unit's cores, the engine's isolation and where interrupts may not go", () => {
  for (const [list, engine] of [["2-5", 2], ["3", 3], ["11,13-15", 11]]) {
    const { unit, grub, irq, said } = cores(list);
    assert.ok(unit.endsWith(`[Service]\nCPUAffinity=${list}\nAllowedCPUs=${list}\n`), unit);
    assert.match(grub, new RegExp(`isolcpus=domain,managed_irq,${engine} nohz_full=${engine} rcu_nocbs=${engine} `));
    assert.equal(irq, `IRQBALANCE_BANNED_CPULIST=${list}\n`);
    assert.match(said, new RegExp(`${engine} is the engine's`));
  }
  for (const bad of ["", "2-", "a", "2;reboot"])
    assert.equal(run(join(ROOT, "deploy/cores.sh"), [bad, "--root", scratch()]).code, 64, bad);
});

test("no file of deploy/ and no page names a core of a host: one list does", () => {
  const told = /^ *(core: +[0-9]|CPUAffinity=[0-9]|AllowedCPUs=[0-9]|.*(isolcpus|nohz_full|rcu_nocbs)=[\w,]*\d|.*--core \d)/m;
  assert.match("deploy/tune.sh --apply --core 3", told);
  const files = ["deploy/config", "deploy/systemd", "deploy/docker", "docs"].flatMap((dir) =>
    readdirSync(join(ROOT, dir), { recursive: true }).map((name) => join(dir, name)),
  );
  const texts = files.filter((name) => /\.(ya?ml|md|conf|service)$/.test(name));
  assert.ok(texts.length > 20);
  for (const name of texts) assert.doesNotMatch(readFileSync(join(ROOT, name), "utf8"), told, name);
});

/** The unit with programs that are here, in a folder of its own, changed by `change`. */
function unitFile(change = (text) => text, dropIns = true) {
  const dir = scratch();
  const text = readFileSync(join(SYSTEMD, "pitwall.service"), "utf8");
  writeFileSync(join(dir, "pitwall.service"), change(text.replaceAll("/opt/pitwall/pitwall", resolve(BIN))));
  if (dropIns) {
    mkdirSync(join(dir, "pitwall.service.d"));
    copyFileSync(cores("0").conf, join(dir, "pitwall.service.d/cores.conf"));
  }
  return join(dir, "pitwall.service");
}

/** systemd-analyze prints what it does not know and still ends with 0: silence is the test. */
function verifies(file) {
  const { out, err } = run("systemd-analyze", ["verify", "--man=no", file]);
  return `${out}${err}`.split("\n").filter((line) => line.includes("pitwall"));
}

function exposure(file) {
  const { code, out } = run("systemd-analyze", ["security", "--offline=true", "--threshold=20", "--no-pager", file]);
  return { code, level: Number(/Overall exposure level for \S+: ([\d.]+)/.exec(out)[1]) };
}

test("the unit: systemd knows every word of it", { skip: without("systemd-analyze") }, () => {
  assert.deepEqual(verifies(unitFile()), []);
  // ..and would say so.
  assert.notDeepEqual(verifies(unitFile((text) => text.replace("LimitCORE=0", "LimitCOER=0"))), []);
});

test("the unit: exposure is 2.0 at most", { skip: without("systemd-analyze") }, () => {
  const { code, level } = exposure(unitFile());
  assert.equal(code, 0, `exposure ${level}`);
  assert.ok(level <= 2, `exposure ${level}`);
  const softer = unitFile((text) => text.replace(/^(SystemCallFilter|CapabilityBoundingSet|PrivateUsers).*\n/gm, ""));
  assert.equal(exposure(softer).code, 1);
});

test("the unit: what recovery and secrets rest on is set", () => {
  const text = readFileSync(join(SYSTEMD, "pitwall.service"), "utf8");
  const wanted = ["Type=notify", "WatchdogSec=10", "Restart=on-failure", "StartLimitBurst=5", "LimitCORE=0",
    "TimeoutStopSec=15", "RuntimeDirectoryPreserve=yes", "StateDirectoryMode=0700", "CapabilityBoundingSet=",
    "LoadCredential=bybit-key:/etc/pitwall/secrets/bybit-key"];
  wanted.forEach((line) => assert.ok(text.split("\n").includes(line), line));
  assert.match(text, /^ExecStartPre=\S+ check --config \S+$/m);
});

// ----------------------------------------------------------------------------------- what a manager hears

const managers = [];
after(() => managers.forEach(({ end }) => end())); // of a test that failed: this process would wait for it

/** A service manager: what it heard so far, line by line. */
async function manager() {
  const socket = join(scratch(), "notify");
  const child = spawn(TROUBLE, ["hear", socket], { stdio: ["ignore", "pipe", "inherit"] });
  const self = { socket, heard: [], end: () => child.kill() };
  managers.push(self);
  let rest = "";
  child.stdout.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    self.heard.push(...lines);
  });
  await until("the manager", () => self.heard.shift() === "ready");
  self.fed = () => self.heard.filter((line) => line.includes("WATCHDOG=1")).length;
  return self;
}

async function startUnder(notify, dir = join(scratch(), "data")) {
  process.env.NOTIFY_SOCKET = notify.socket;
  process.env.WATCHDOG_USEC = String(WATCHDOG_MS * 1000);
  try {
    return await Server.start({ demo: false, dir });
  } finally {
    delete process.env.NOTIFY_SOCKET;
    delete process.env.WATCHDOG_USEC;
  }
}

function threadOf(server, name) {
  const tasks = `/proc/${server.process.pid}/task`;
  return readdirSync(tasks).find((tid) => readFileSync(join(tasks, tid, "comm"), "utf8").trim() === name);
}

test("a service manager hears READY, then WATCHDOG while the engine beats, then STOPPING", async () => {
  const notify = await manager();
  const server = await startUnder(notify);
  await until("five feedings", () => notify.fed() >= 5);
  assert.match(notify.heard[0], /^READY=1\|STATUS=sim, instance \S+, http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(await server.stop(), 0);
  await until("the end", () => notify.heard.some((line) => line.startsWith("STOPPING=1|STATUS=")));
  assert.ok(!notify.heard.at(-1).includes("WATCHDOG"), notify.heard.at(-1));
  notify.end();
});

test("a start that reads a journal asks for more time as it gets on, before it is READY", async () => {
  const first = await Server.start({ demo: false });
  const { dir } = first;
  first.process.ref();
  first.process.kill("SIGKILL"); // no snapshot was written: the records are read again
  await first.exited;
  const notify = await manager();
  const server = await startUnder(notify, dir);
  const isReady = (line) => line.startsWith("READY=1");
  await until("READY", () => notify.heard.some(isReady)); // it is said after the line that the test waited for
  const ready = notify.heard.findIndex(isReady);
  const [asked, ...more] = notify.heard.slice(0, ready);
  assert.match(asked, /^EXTEND_TIMEOUT_USEC=60000000\|STATUS=starting: reading the journal, record \d+$/);
  assert.deepEqual(more, [], "not for each record");
  assert.equal(await server.stop(), 0);
  assert.ok(!notify.heard.slice(ready).some((line) => line.includes("EXTEND")), "and never afterwards");
  notify.end();
});

test("a frozen engine starves the watchdog, though the rest of the program runs; one that goes on feeds it", async () => {
  const notify = await manager();
  const server = await startUnder(notify);
  await until("a feeding", () => notify.fed() >= 2);
  const hold = spawn(TROUBLE, ["hold", threadOf(server, "engine")], { stdio: ["pipe", "pipe", "inherit"] });
  await new Promise((done) => hold.stdout.once("data", done));
  // A machine that starved the engine before may have had it said once already.
  const status = () => notify.heard.findLast((line) => line.startsWith("STATUS=")) ?? "";
  await until("what it says", () => status() === "STATUS=the engine does not beat: the watchdog is not fed");
  const fed = notify.fed();
  await pause(3 * WATCHDOG_MS);
  assert.equal(notify.fed(), fed);
  const alive = await fetch(`${server.url}/health/live`); // it answers, and says that it is not well
  assert.equal(alive.status, 503);
  hold.stdin.end();
  await until("feeding again", () => notify.heard.includes("STATUS=the engine beats again|WATCHDOG=1"));
  await until("and again", () => notify.fed() > fed + 1);
  assert.equal(await server.stop(), 0);
  notify.end();
});

// ----------------------------------------------------------------------------------------------- scripts

test("the scripts are clean for shellcheck", { skip: without("shellcheck") }, () => {
  const { code, out } = run("shellcheck", SCRIPTS.map((name) => join(ROOT, "deploy", name)));
  assert.equal(code, 0, out);
});

function preflight(...args) {
  return preflightIn({ systemctl: "exit 1" }, BIN, ...args);
}

function preflightIn(stubs, bin, ...args) {
  const env = withStubs(stubs);
  const { code, out, err } = run(join(ROOT, "deploy/preflight.sh"), ["--bin", bin, ...args], { env });
  const said = Object.fromEntries(out.trim().split("\n").map((line) => {
    const [, verdict, name, text] = /^(ok|warn|fail) (\w+): (.*)$/.exec(line) ?? assert.fail(`${line} ${err}`);
    return [name, { verdict, text }];
  }));
  return { code, said };
}

test("preflight: a host that is ready for paper trading passes, with a line for each check", () => {
  const { code, said } = preflight("--config", DEMO_CONFIG, "--data", join(scratch(), "new"), "--paper", "--free", "1");
  assert.deepEqual(Object.keys(said), ["config", "connect", "latency", "cores", "time", "disk", "data"]);
  assert.equal(code, 0);
  ["config", "connect", "disk", "data"].forEach((name) => assert.equal(said[name].verdict, "ok", name));
  ["latency", "cores", "time"].forEach((name) => assert.notEqual(said[name].verdict, "fail", name));
});

test("preflight: each thing that is wrong fails it, and the line says what", async () => {
  const dir = scratch();
  const bad = configWith(dir, [/^seed:.*$/m, "sede: 1"]);
  const config = preflight("--config", bad, "--data", join(dir, "new"), "--paper", "--free", "1");
  assert.equal(config.code, 1);
  assert.equal(config.said.config.verdict, "fail");
  assert.match(config.said.config.text, /sede/);
  assert.equal(config.said.connect.verdict, "fail");

  const disk = preflight("--config", DEMO_CONFIG, "--data", join(dir, "new"), "--paper", "--free", "999999999999");
  assert.deepEqual([disk.code, disk.said.disk.verdict], [1, "fail"]);

  mkdirSync(join(dir, "open"));
  chmodSync(join(dir, "open"), 0o755);
  const open = preflight("--config", DEMO_CONFIG, "--data", join(dir, "open"), "--paper", "--free", "1");
  assert.deepEqual([open.code, open.said.data.verdict], [1, "fail"]);

  writeFileSync(join(dir, "file"), "");
  symlinkSync(join(dir, "nowhere"), join(dir, "dangling"));
  for (const name of ["file", "dangling"]) {
    const other = preflight("--config", DEMO_CONFIG, "--data", join(dir, name), "--paper", "--free", "1");
    assert.deepEqual([other.code, other.said.data.verdict], [1, "fail"], name);
  }

  const server = await Server.start({ demo: false });
  const taken = preflight("--config", DEMO_CONFIG, "--data", server.dir, "--paper", "--free", "1");
  await server.stop();
  assert.deepEqual([taken.code, taken.said.data.verdict], [1, "fail"]);
  assert.match(taken.said.data.text, /stop it first/);
});

test("preflight: with real orders, what the audit and the clock say counts", () => {
  const { said, code } = preflight("--config", DEMO_CONFIG, "--data", join(scratch(), "new"), "--free", "1");
  const audit = JSON.parse(verb("latency-audit", "--json").out);
  const clock = audit.results.find((row) => row.name === "synchronised").verdict;
  assert.equal(said.time.verdict, clock === "ok" ? "ok" : "fail");
  assert.notEqual(said.latency.verdict, "warn");
  assert.equal(code, Object.values(said).some(({ verdict }) => verdict === "fail") ? 1 : 0);
});

/** A program that has measured: the core is its configuration's, of the cores that it may use; `isolated` is made up. */
function measured(isolated, verdict) {
  const bin = join(scratch(), "pitwall");
  const audit = `core=$(sed -n 's/^ *core: *\\([0-9]*\\).*/\\1/p' "$3"); mask=$(taskset -cp $$ | sed 's/.*: //')
echo "${verdict} core.isolated ${isolated} x"; echo "ok clock.synchronised yes x"; echo "core $core: of $mask"`;
  writeFileSync(bin, `#!/bin/sh\n[ "$1" = latency-audit ] || exec ${BIN} "$@"\n${audit}\n`, { mode: 0o755 });
  return bin;
}

test("preflight: the engine's core is the configuration's, asked within the cores of the unit", () => {
  const config = configWith(scratch(), [/core: -1/, "core: 0"]);
  const of = (stubs, bin, ...args) =>
    preflightIn(stubs, bin, "--config", config, "--data", join(scratch(), "new"), "--free", "1", ...args);
  const unit = { systemctl: 'case "$*" in *CPUAffinity*) echo 0 ;; *) exit 1 ;; esac' };
  const well = of(unit, measured("0", "ok"));
  assert.equal(well.said.latency.text, "core 0: of 0", "not of all that this shell may use");
  assert.deepEqual(well.said.cores, { verdict: "ok", text: "the engine's core is 0, of 0; the kernel keeps 0 for it" });
  assert.equal(of(unit, measured("no core", "warn")).said.cores.verdict, "warn");
  const another = of(unit, measured("3", "warn"));
  assert.deepEqual([another.code, another.said.cores.verdict], [1, "fail"]);
  assert.equal(of(unit, measured("3", "warn"), "--paper").said.cores.verdict, "warn");
  const gone = of({ systemctl: "echo 900" }, measured("0", "ok"));
  assert.deepEqual([gone.code, gone.said.latency.verdict], [1, "fail"]);
  assert.match(gone.said.latency.text, /CPUAffinity=900 names no core of this host/);
  // The program itself refuses a core that the unit does not give it, as a start would.
  const refused = preflightIn(unit, BIN, "--config", configWith(scratch(), [/core: -1/, "core: 900"]),
    "--data", join(scratch(), "new"), "--free", "1", "--paper");
  assert.equal(refused.code, 1);
  assert.match(refused.said.latency.text, /engine\.core 900 is not one of the cores allowed to us/);
});

test("each-boot: without ethtool the rest is done, and it says what was left out", () => {
  const root = tree({ ...KNOBS, "/sys/class/net/ens5/device": "" });
  const file = join(root, "host.env");
  writeFileSync(file, "PITWALL_CORES=3-5\n");
  const programs = ["bash", "dirname", "basename", "cat", "sed", "grep", "mkdir", "touch", "head", "env"];
  const bare = scratch(); // a folder of programs in which ethtool is not
  for (const name of programs) symlinkSync(run("sh", ["-c", `command -v ${name}`]).out.trim(), join(bare, name));
  const boot = (more) => {
    const state = join(scratch(), "former");
    const script = readFileSync(join(ROOT, "deploy/aws/each-boot"), "utf8")
      .replace('"$here/../tune.sh" --apply', `"${join(ROOT, "deploy/tune.sh")}" --root "${root}" --state "${state}" --apply`);
    const copy = join(scratch(), "each-boot");
    writeFileSync(copy, script, { mode: 0o755 });
    const env = { ...process.env, PITWALL_ROOT: root, PATH: `${more}${bare}` };
    return run(copy, [file], { env });
  };
  const alone = boot("");
  assert.equal(alone.code, 0, alone.err);
  assert.match(alone.out, /^wrote .*swappiness/m);
  assert.match(alone.err, /no ethtool here/);
  const dir = scratch();
  writeFileSync(join(dir, "ethtool"), `#!/bin/sh\necho "$*" >> ${dir}/calls\n`, { mode: 0o755 });
  assert.equal(boot(`${dir}:`).code, 0);
  assert.match(readFileSync(join(dir, "calls"), "utf8"), /^-C ens5 adaptive-rx off rx-usecs 0 tx-usecs 0$/m);
});

/** A configuration with a secret beside it, a program that says who asks with what, and a manager that hands over. */
function asking(secrets, given = {}) {
  const dir = scratch();
  chmodSync(dirname(dir), 0o755);
  chmodSync(dir, 0o755);
  mkdirSync(join(dir, "secrets"), { mode: 0o700 });
  for (const there of ["root/run/systemd/system", "root/run/dbus/system_bus_socket"])
    mkdirSync(join(dir, there), { recursive: true });
  for (const [name, text] of Object.entries(secrets)) writeFileSync(join(dir, "secrets", name), text, { mode: 0o600 });
  writeFileSync(
    join(dir, "pitwall"),
    `#!/bin/bash\ncd "$CREDENTIALS_DIRECTORY" && echo "$(id -un) $1 \${*: -1}" && grep -H "" * && exit 69\n`,
    { mode: 0o755 },
  );
  writeFileSync(
    join(dir, "systemd-run"),
    `#!/bin/bash
export CREDENTIALS_DIRECTORY=$(mktemp -d '${dir}/handed.XXXXXX')
while [ "$1" != -- ]; do
  case $1 in
  LoadCredential=*) given=\${1#LoadCredential=} && cp "\${given#*:}" "$CREDENTIALS_DIRECTORY/\${given%%:*}" ;;
  User=*) user=\${1#User=} ;;
  esac
  shift
done
chmod -R a+rX "$CREDENTIALS_DIRECTORY"
shift && runuser -u "$user" -- "$@"
`,
    { mode: 0o755 },
  );
  return (managed, ...args) =>
    run(
      join(ROOT, "deploy/ask-venues"),
      ["--config", join(dir, "pitwall.yaml"), "--bin", join(dir, "pitwall"), "--user", "nobody", ...args],
      { env: { PATH: `${dir}:${process.env.PATH}`, PITWALL_ROOT: join(dir, managed ? "root" : "none"), ...given } },
    );
}

test("ask-venues: by the service's user with the secrets that are root's, a key to come in another's place", () => {
  const next = join(scratch(), "elsewhere");
  writeFileSync(next, "the next", { mode: 0o600 });
  const ask = asking({ "bybit-key": "the first", "bybit-key-next": "not for it", "tls-key": "t" });
  for (const managed of [true, false]) {
    const { code, out, err } = ask(managed);
    assert.equal(code, 69, `what the program ends with: ${out}${err}`);
    assert.deepEqual(out.trim().split("\n").sort(), ["bybit-key:the first", "nobody check --connect", "tls-key:t"]);
    assert.match(ask(managed, "--credential", `bybit-key=${next}`).out, /^bybit-key:the next$/m);
  }
  assert.deepEqual(readdirSync("/dev/shm").filter((name) => name.startsWith("pitwall-ask.")), [], "no copy stays");
  const handed = scratch();
  writeFileSync(join(handed, "bybit-key"), "handed over", { mode: 0o600 });
  const service = asking({ "bybit-key": "the first" }, { CREDENTIALS_DIRECTORY: handed });
  const { out } = service(false, "--credential", `bybit-key=${next}`);
  assert.match(out, /^bybit-key:the next$/m, "not the one that is to go, passed off as the next");
  assert.equal(ask(false, "--credential", "bybit-key").code, 64);
  assert.equal(ask(false, "--credential", "bybit-key=/none").code, 66);
});

const KNOBS = {
  "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
  "/sys/devices/system/cpu/cpu3/cpuidle/state1/latency": "2\n",
  "/sys/devices/system/cpu/cpu3/cpuidle/state1/disable": "0\n",
  "/sys/devices/system/cpu/cpu3/cpuidle/state3/latency": "133\n",
  "/sys/devices/system/cpu/cpu3/cpuidle/state3/disable": "0\n",
  "/sys/kernel/mm/ksm/run": "1\n",
  "/proc/sys/vm/swappiness": "60\n",
  "/proc/sys/net/ipv4/tcp_timestamps": "1\n",
  "/proc/sys/net/ipv4/tcp_sack": "1\n",
  "/proc/sys/kernel/randomize_va_space": "2\n",
  "/proc/irq/default_smp_affinity": "00000001,0000000f\n",
  "/proc/irq/24/smp_affinity_list": "0-7\n",
  "/proc/irq/25/smp_affinity_list": "3\n",
  "/proc/cmdline": "quiet nohz_full=3\n",
};
const TUNED = {
  "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
  "/sys/devices/system/cpu/cpu3/cpuidle/state3/disable": "1\n",
  "/sys/kernel/mm/ksm/run": "0\n",
  "/proc/sys/vm/swappiness": "1\n",
  "/proc/irq/default_smp_affinity": "00000001,7\n",
  "/proc/irq/24/smp_affinity_list": "0-2,4-7\n",
};

test("tune.sh: applies what it says, verifies it, and puts everything back", () => {
  const root = tree(KNOBS);
  const state = join(scratch(), "kept/former");
  const tune = (mode) => run(join(ROOT, "deploy/tune.sh"), [mode, "--core", "3", "--root", root, "--state", state]);
  const now = () => Object.fromEntries(Object.keys(KNOBS).map((path) => [path, readFileSync(join(root, path), "utf8")]));
  const dry = tune("--dry-run");
  assert.equal(dry.code, 0, dry.err);
  assert.match(dry.out, /^would {4}\/proc\/sys\/vm\/swappiness: 60 -> 1 {3}\(.{10,}\)$/m);
  assert.match(dry.out, /^boot {5}isolcpus is not/m);
  assert.doesNotMatch(dry.out, /^boot {5}nohz_full/m);
  assert.deepEqual(now(), KNOBS);
  assert.equal(tune("--verify").code, 1);
  assert.equal(tune("--apply").code, 0);
  assert.deepEqual(now(), { ...KNOBS, ...TUNED });
  const verified = tune("--verify");
  assert.equal(verified.code, 0, verified.out);
  assert.match(verified.out, /^kept {5}\/proc\/irq\/25\/smp_affinity_list = 3/m);
  assert.equal(tune("--apply").code, 0); // again: what was there first is what is kept
  assert.equal(tune("--revert").code, 0);
  const plain = (files) => Object.fromEntries(Object.entries(files).map(([path, text]) => [path, text.trim()]));
  assert.deepEqual(plain(now()), plain(KNOBS));
  assert.ok(!existsSync(state));
});

test("tune.sh: what was kept in an earlier boot is not put back, nor kept over what this one has", () => {
  const BOOT = "/proc/sys/kernel/random/boot_id";
  const SWAP = "/proc/sys/vm/swappiness";
  const root = tree({ ...KNOBS, [BOOT]: "one\n" });
  const state = join(scratch(), "kept/former");
  const tune = (mode) => run(join(ROOT, "deploy/tune.sh"), [mode, "--root", root, "--state", state]);
  const reboot = (id, value) => {
    writeFileSync(join(root, BOOT), `${id}\n`);
    writeFileSync(join(root, SWAP), `${value}\n`);
  };
  const swappiness = () => readFileSync(join(root, SWAP), "utf8").trim();
  tune("--apply");
  reboot("two", 10); // a kernel with another default
  const late = tune("--revert");
  assert.equal(late.code, 0);
  assert.match(late.out, /of an earlier boot/);
  assert.equal(swappiness(), "10", "60 was the value of a boot that is over");
  assert.ok(!existsSync(state));
  tune("--apply");
  reboot("three", 20);
  tune("--apply");
  assert.equal(swappiness(), "1");
  assert.equal(tune("--revert").code, 0);
  assert.equal(swappiness(), "20", "what this boot had, not the one before");
});

test("tune.sh: a knob that was turned back is noticed, and nothing in it is folklore", () => {
  const root = tree(KNOBS);
  const tune = (...args) => run(join(ROOT, "deploy/tune.sh"), [...args, "--root", root, "--state", join(root, "former")]);
  tune("--apply", "--core", "3");
  writeFileSync(join(root, "/sys/kernel/mm/ksm/run"), "1\n");
  const { code, out } = tune("--verify", "--core", "3");
  assert.equal(code, 1);
  assert.deepEqual(out.split("\n").filter((line) => line.startsWith("differs")).length, 1);
  assert.match(out, /^differs {2}\/sys\/kernel\/mm\/ksm\/run = 1, wanted 0: .+/m);
  for (const path of ["tcp_timestamps", "tcp_sack", "randomize_va_space"]) {
    assert.doesNotMatch(out, new RegExp(path));
  }
  assert.equal(tune("--apply", "--verify").code, 64);
  assert.equal(tune("--core", "x").code, 64);
});
