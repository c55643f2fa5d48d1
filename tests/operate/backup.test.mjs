// Backups: whole while the program trades, refused when they are not or when there is no room, kept as long as
// promised, and a restored copy comes up HALTED. What leaves the host is cloud.test.mjs.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chownSync,
  closeSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Database } from "./sqlite.mjs";
import test, { after, before } from "node:test";
import { BIN, DEMO_CONFIG, ROOT, scratch, Server, verb } from "../api/server.mjs";
import { until } from "../api/wait.mjs";
import { BACKUP, script, stubs } from "./scripts.mjs";

let server;
let made; // a backup of the trading server

before(async () => {
  server = await Server.start();
  const viewer = await server.person("viewer");
  await until("it trades", async () => (await viewer.get("/fills")).body.items.length > 3, 30000);
  made = join(scratch(), "backup");
  const done = verb("backup", "--data", server.dir, "--out", made);
  assert.equal(done.code, 0, done.err);
  assert.match(done.out, /files copied and checked/);
});
after(async () => assert.equal(await server.stop(), 0));

test("a backup is checked without being restored, and the check makes nothing", () => {
  const names = readdirSync(made);
  const { code, out, err } = verb("restore", "--from", made, "--check");
  assert.equal(code, 0, err);
  assert.match(out, /a restore would take them/);
  assert.deepEqual(readdirSync(made), names);
  assert.equal(verb("restore", "--from", made, "--check", "--data", join(scratch(), "x")).code, 64);
  assert.equal(verb("restore", "--from", made).code, 64);
  const none = verb("restore", "--from", scratch(), "--check");
  assert.equal(none.code, 69);
  assert.match(none.err, /MANIFEST\.json: .*: name a folder that `pitwall backup` has made/);
});

test("a restore takes the top of a new volume, which has lost+found, and no folder that holds anything else", () => {
  const volume = scratch();
  mkdirSync(join(volume, "lost+found"));
  mkdirSync(join(volume, "other"));
  assert.equal(verb("restore", "--from", made, "--data", volume).code, 64);
  rmSync(join(volume, "other"), { recursive: true });
  const { code, err } = verb("restore", "--from", made, "--data", volume);
  assert.equal(code, 0, err);
  assert.ok(existsSync(join(volume, "restored")));
});

test("the runbook's way of putting a restored directory in the service's place loses nothing of the old one", () => {
  const text = readFileSync(join(ROOT, "docs/RUNBOOK.md"), "utf8");
  const block = /another place -->\n +```sh\n([^`]+find \/var\/lib\/pitwall \/run[^`]+)```/.exec(text)[1];
  const [place, run] = [scratch(), scratch()];
  cpSync(made, place, { recursive: true });
  for (const name of ["lost+found", "backups"]) mkdirSync(join(place, name));
  writeFileSync(join(place, "old"), "");
  writeFileSync(join(run, "hot-engine.lane"), "of the old one");
  assert.equal(verb("restore", "--from", made, "--data", join(place, "anew")).code, 0);
  const service = stubs({ systemctl: "exit 0" });
  const lines = block.replaceAll("/var/lib/pitwall", place).replaceAll("/run/pitwall", run);
  const done = script("bash", place, { BIN_DIR: service.dir }, "-ec", lines);
  assert.equal(done.code, 0, done.err);
  assert.deepEqual(service.calls().map((line) => line.trim()), ["systemctl stop pitwall", "systemctl start pitwall"]);
  assert.deepEqual(readdirSync(run), [], "what the old one had in memory is not taken for the new one's");
  const aside = readdirSync(join(place, "aside"));
  for (const name of ["old", "hot-engine.lane", "MANIFEST.json"]) assert.ok(aside.includes(name), name);
  for (const name of ["lost+found", "backups", "restored", "kills"]) assert.ok(existsSync(join(place, name)), name);
  assert.ok(!existsSync(join(place, "MANIFEST.json")) && !existsSync(join(place, "anew")));
  const verified = verb("audit", "verify", "--data", place);
  assert.equal(verified.code, 0, verified.err);
});

/** Makes the manifest of a folder fit what is in it, `more` files too. */
function fitManifest(dir, ...more) {
  const manifest = JSON.parse(readFileSync(join(dir, "MANIFEST.json"), "utf8"));
  manifest.files.push(...more);
  for (const file of manifest.files) {
    file.bytes = statSync(join(dir, file.path)).size;
    file.sha256 = spawnSync("sha256sum", [join(dir, file.path)], { encoding: "utf8" }).stdout.slice(0, 64);
  }
  writeFileSync(join(dir, "MANIFEST.json"), JSON.stringify(manifest));
}

/** A copy of the backup that somebody has changed, its manifest made to fit when `fits`. */
function touched(change, fits) {
  const dir = join(scratch(), "touched");
  cpSync(made, dir, { recursive: true });
  change(dir);
  if (fits) fitManifest(dir);
  return verb("restore", "--from", dir, "--check");
}

test("what is not whole is refused, also when its hashes fit", () => {
  const flip = (file, at) => (dir) => {
    const bytes = readFileSync(join(dir, file));
    bytes[at(bytes)] ^= 1;
    writeFileSync(join(dir, file), bytes);
  };
  const journal = () =>
    readdirSync(join(made, "journal"))
      .filter((name) => name.includes("engine"))
      .sort()[0];
  const cases = [
    ["a hash", flip("audit.db", (bytes) => bytes.length >> 1), false, /audit\.db: is not what the manifest says/],
    ["a missing file", (dir) => rmSync(join(dir, "access.db")), false, /access\.db/],
    [
      "a record of the journal",
      flip(`journal/${journal()}`, (bytes) => bytes.length >> 1),
      true,
      /engine lane: .*damaged/,
    ],
    [
      "a row that was changed",
      (dir) =>
        new Database(join(dir, "audit.db")).run(
          "DROP TRIGGER audit_no_update; UPDATE audit SET reason = 'other' WHERE seq = 2",
        ),
      true,
      /audit\.db: a row was changed.*row 2/,
    ],
    [
      "an index that lost a row",
      (dir) => new Database(join(dir, "access.db")).breakIndex(),
      true,
      /access\.db: .*index/,
    ],
    [
      "kills that nobody can read",
      (dir) => writeFileSync(join(dir, "kills"), "no page of kills"),
      true,
      /kills: damaged/,
    ],
  ];
  for (const [what, change, fits, says] of cases) {
    const { code, err } = touched(change, fits);
    assert.equal(code, 65, `${what}: ${err}`);
    assert.match(err, says, what);
  }
});

test("a copy of what is damaged is no backup, whoever made it", () => {
  const dir = join(scratch(), "data");
  assert.equal(verb("restore", "--from", made, "--data", dir).code, 0);
  new Database(join(dir, "access.db")).breakIndex();
  const { code, err } = verb("backup", "--data", dir, "--out", join(scratch(), "backup"));
  assert.equal(code, 65, err);
  assert.match(err, /access\.db: .*index/);
});

test("a restored copy comes up HALTED, and its audit holds", async () => {
  const to = join(scratch(), "restored");
  assert.equal(verb("restore", "--from", made, "--data", to).code, 0);
  assert.equal(verb("audit", "verify", "--data", to).code, 0);
  const firmOf = async (running) =>
    (await (await running.person("viewer", server.passwords().viewer)).get("/trading-state")).body.items.find(
      ({ scope }) => scope === "firm",
    );
  const again = await Server.start({ dir: to });
  const firm = await firmOf(again);
  assert.equal(firm.state, "HALTED");
  assert.match(firm.cause, /restored from the backup/);
  assert.equal(await again.stop(), 0);
  // Of one that was killed already: its old incident does not resume what nobody has compared yet.
  const copy = join(scratch(), "backup");
  const third = join(scratch(), "restored");
  assert.equal(verb("backup", "--data", to, "--out", copy).code, 0);
  assert.equal(verb("restore", "--from", copy, "--data", third).code, 0);
  for (const time of ["first", "second"]) {
    const last = await Server.start({ dir: third });
    const { cause, incident } = await firmOf(last);
    assert.match(cause, /restored from the backup/, time);
    assert.notEqual(incident, firm.incident, time);
    assert.equal(await last.stop(), 0);
  }
});

test("a restore that was ended before it has killed the firm leaves nothing that starts", () => {
  const dir = join(scratch(), "touched");
  const to = join(scratch(), "half");
  cpSync(made, dir, { recursive: true });
  // Of all files the last, and one that cannot be put: a folder that no restore makes.
  mkdirSync(join(dir, "late"));
  writeFileSync(join(dir, "late/file"), "late");
  fitManifest(dir, { path: "late/file" });
  const ended = verb("restore", "--from", dir, "--data", to);
  assert.equal(ended.code, 69, ended.err);
  assert.ok(existsSync(join(to, "kills")) && !existsSync(join(to, "restored")));
  const run = verb("run", "--config", DEMO_CONFIG, "--data", to, "--listen", "127.0.0.1:0");
  assert.equal(run.code, 65, run.out);
  assert.match(run.err, /epoch: missing, .*restore anew/);
});

test("deploy/backup/backup: verified before it has its name, old ones go, a second one waits for nobody", () => {
  const backups = join(scratch(), "backups");
  mkdirSync(join(backups, "20200101T000000Z.partial"), { recursive: true });
  const env = { PITWALL_BACKUPS: backups, KEEP_HOURLY: "1", KEEP_DAILY: "1", KEEP_WEEKLY: "1" };
  const first = script(join(BACKUP, "backup"), server.dir, env);
  assert.equal(first.code, 0, first.err);
  const names = () => readdirSync(backups).filter((name) => !name.startsWith("."));
  assert.equal(names().length, 1, "what an ended one had left is gone");
  assert.equal(readFileSync(join(server.dir, "backup.made"), "utf8").trim(), names()[0]);
  assert.match(names()[0], /^\d{8}T\d{6}Z$/);
  assert.ok(existsSync(join(backups, names()[0], "VERIFIED")));
  const wrongClock = join(backups, "29991231T000000Z");
  cpSync(join(backups, names()[0]), wrongClock, { recursive: true });
  const proved = script(join(BACKUP, "restore-test"), server.dir, env);
  assert.equal(proved.code, 0, proved.err);
  assert.match(proved.out, /is whole, and comes up HALTED/);
  assert.match(proved.err, /29991231T000000Z is of a time to come and is passed over/);
  rmSync(wrongClock, { recursive: true });
  assert.equal(readFileSync(join(server.dir, "backup.tested"), "utf8").trim(), names()[0]);
  assert.deepEqual(readdirSync(backups).filter((name) => name.startsWith(".restore.") && !name.endsWith("lock")), []);
  const held = spawnSync("flock", [join(backups, ".lock"), join(BACKUP, "backup")], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, PITWALL_BIN: BIN, PITWALL_DATA: server.dir, ...env },
  });
  assert.equal(held.status, 75, held.stderr);
  // A program that copies and cannot verify leaves nothing that looks like a backup.
  const lying = stubs({ pitwall: `[ "$1" = backup ] && mkdir -p "\${@: -1}" && exit 0; exit 65` });
  const bad = join(scratch(), "backups");
  const lies = { ...env, PITWALL_BACKUPS: bad, PITWALL_BIN: join(lying.dir, "pitwall") };
  assert.equal(script(join(BACKUP, "backup"), server.dir, lies).code, 65);
  assert.deepEqual(
    readdirSync(bad).filter((name) => !name.startsWith(".")),
    [],
    "nor half of one",
  );
  assert.equal(script(join(BACKUP, "restore-test"), server.dir, { ...env, PITWALL_BACKUPS: bad }).code, 69);
});

test("backup and restore-test: what root starts is the owner's, and one that names nothing says so", () => {
  const data = scratch();
  for (const name of ["backup", "restore-test"]) {
    const file = join(BACKUP, name);
    const calls = stubs({ runuser: "exit 0", stat: "echo pitwall", id: "echo 0" });
    assert.equal(script(file, data, { BIN_DIR: calls.dir }).code, 0);
    assert.equal(calls.calls().at(-1).trim(), `runuser -u pitwall -- ${file}`, "as the owner, and nobody else");
    assert.deepEqual(readdirSync(data), [], "nothing of root's before that");
    const nowhere = script(file, join(data, "gone"));
    assert.equal(nowhere.code, 66);
    assert.match(nowhere.err, /there is no .*gone: PITWALL_DATA names/);
    assert.match(script(file, data, { PITWALL_BIN: "/gone" }).err, /no program \/gone: PITWALL_BIN names it/);
    assert.deepEqual(readdirSync(data), []);
  }
});

const AS_ROOT = { skip: process.getuid() !== 0 && "only root can come to another user's directory" };

test("root starts nothing on a directory of another user, and its verbs leave the lock to that user", AS_ROOT, () => {
  const dir = join(scratch(), "data");
  assert.equal(verb("restore", "--from", made, "--data", dir).code, 0);
  chownSync(dir, 4711, 4711);
  const started = verb("run", "--config", join(ROOT, "deploy/config/dev.yaml"), "--data", dir);
  assert.equal(started.code, 77, started.out);
  assert.match(started.err, /belongs to another user, who could not open what root writes there: run it as/);
  const password = join(scratch(), "password");
  writeFileSync(password, "long-enough-for-kim", { mode: 0o600 });
  const user = verb("user", "create", "--name", "kim", "--role", "admin", "--password-file", password, "--data", dir);
  assert.equal(user.code, 77, user.err);
  assert.ok(!existsSync(join(dir, "lock")));
  assert.equal(verb("backup", "--data", dir, "--out", join(scratch(), "b")).code, 0);
  assert.equal(statSync(join(dir, "lock")).uid, 4711);
});

/** What keep.sh leaves of backups of these times. */
function kept(stamps, env, verified = stamps, change = () => {}) {
  const dir = mkdtempSync(join(tmpdir(), "pitwall-keep-"));
  stamps.forEach((name) => mkdirSync(join(dir, name)));
  verified.forEach((name) => writeFileSync(join(dir, name, "VERIFIED"), ""));
  ["notes", "20260101T000000Z.partial"].forEach((name) => mkdirSync(join(dir, name)));
  change(dir);
  const { code, err } = script(join(BACKUP, "keep.sh"), server.dir, env, dir);
  assert.equal(code, 0, err);
  const left = readdirSync(dir);
  rmSync(dir, { recursive: true });
  assert.ok(
    left.includes("notes") && left.includes("20260101T000000Z.partial"),
    "what is no backup is nobody's business here",
  );
  return left
    .filter((name) => /Z$/.test(name))
    .sort()
    .reverse();
}

test("keep.sh: so many hours, days and weeks, and always the newest that is verified", () => {
  const hours = Array.from(
    { length: 96 },
    (_, at) =>
      `202011${String(30 - Math.floor(at / 24)).padStart(2, "0")}T${String(23 - (at % 24)).padStart(2, "0")}0000Z`,
  );
  assert.deepEqual(kept(hours, { KEEP_HOURLY: "3", KEEP_DAILY: "0", KEEP_WEEKLY: "0" }), hours.slice(0, 3));
  assert.deepEqual(kept(hours, { KEEP_HOURLY: "2", KEEP_DAILY: "3", KEEP_WEEKLY: "1" }), [
    "20201130T230000Z",
    "20201130T220000Z",
    "20201129T230000Z",
    "20201128T230000Z",
  ]);
  const weeks = ["20201130T120000Z", "20201129T120000Z", "20201122T120000Z", "20201115T120000Z", "20201108T120000Z"];
  assert.deepEqual(
    kept(weeks, { KEEP_HOURLY: "1", KEEP_DAILY: "1", KEEP_WEEKLY: "3" }),
    weeks.slice(0, 3),
    "Sunday and Monday are two weeks",
  );
  assert.deepEqual(kept(hours, { KEEP_HOURLY: "2", KEEP_DAILY: "0", KEEP_WEEKLY: "0" }, [hours[50]]), [
    ...hours.slice(0, 2),
    hours[50],
  ]);
  assert.deepEqual(kept([], {}), []);
  const odd = ["29991231T000000Z", "20209999T000000Z", "20201130T000000Z", "20201129T000000Z"];
  const none = { KEEP_HOURLY: "1", KEEP_DAILY: "0", KEEP_WEEKLY: "0" };
  assert.deepEqual(kept(odd, none), odd.slice(0, 3), "what is no day, or of one to come, is not touched, and stands in nobody's way");
  assert.equal(script(join(BACKUP, "keep.sh"), server.dir, { KEEP_DAILY: "many" }, scratch()).code, 64);
  assert.equal(script(join(BACKUP, "keep.sh"), server.dir).code, 1);
});

test("keep.sh: beside the data two are enough, what the bucket has counts for no day, what is read stays", () => {
  const stamps = Array.from({ length: 6 }, (_, at) => `20201130T0${9 - at}0000Z`);
  assert.deepEqual(kept(stamps, {}), stamps.slice(0, 2), "this folder is on the disk of the data");
  const days = ["20201130T000000Z", "20201129T000000Z", "20201128T000000Z", "20201127T000000Z"];
  const sent = (dir) => writeFileSync(join(dir, days[1], "SENT"), "");
  const env = { KEEP_HOURLY: "1", KEEP_DAILY: "2", KEEP_WEEKLY: "0" };
  assert.deepEqual(kept(days, env, days, sent), [days[0], days[2]]);
  let reading;
  const busy = (dir) => {
    const file = join(dir, days[3], "BUSY");
    writeFileSync(file, "");
    reading = spawn("flock", ["--no-fork", "-s", file, "sleep", "60"], { stdio: "ignore" });
    const end = Date.now() + 10000;
    while (spawnSync("flock", ["-n", file, "true"]).status === 0) assert.ok(Date.now() < end);
  };
  assert.deepEqual(kept(days, { KEEP_HOURLY: "1", KEEP_DAILY: "0", KEEP_WEEKLY: "0" }, days, busy), [days[0], days[3]]);
  process.kill(reading.pid);
});

test("keep.sh: what it was ended in the midst of removing does not look like a backup", () => {
  const folder = scratch();
  ["20260102T000000Z", "20260101T000000Z"].forEach((name) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "VERIFIED"), "");
  });
  const killed = stubs({ rm: `[ ! -e "\${@: -1}" ] || kill -9 $PPID` });
  const env = { BIN_DIR: killed.dir, KEEP_HOURLY: "1", KEEP_DAILY: "0", KEEP_WEEKLY: "0" };
  assert.equal(script(join(BACKUP, "keep.sh"), server.dir, env, folder).code, null);
  assert.deepEqual(readdirSync(folder).sort(), ["20260101T000000Z.partial", "20260102T000000Z"]);
});

test("a slip in a setting of room's ends the backup, and removes nothing for it", () => {
  const backups = scratch();
  const names = ["20260101T000000Z", "20260102T000000Z", "20260103T000000Z"];
  names.forEach((name) => mkdirSync(join(backups, name)));
  const env = { PITWALL_BACKUPS: backups, KEEP_HOURLY: "3" };
  for (const percent of ["20%", "-1", "100", "08"]) {
    const { code, err } = script(join(BACKUP, "backup"), server.dir, { ...env, PITWALL_LEAVE_PERCENT: percent });
    assert.equal(code, 64, err);
    assert.match(err, /PITWALL_LEAVE_PERCENT '.*' is not 0 to 99/);
    assert.deepEqual(readdirSync(backups).filter((name) => !name.startsWith(".")), names);
  }
  assert.equal(script(join(BACKUP, "room"), server.dir, {}, backups, "many").code, 64);
});

test("no room: nothing is written, the old copies go but for the newest, and it is said in figures", () => {
  const backups = join(scratch(), "backups");
  const old = ["20200101T000000Z", "20200102T000000Z", "20200103T000000Z"];
  for (const name of old) {
    mkdirSync(join(backups, name), { recursive: true });
    writeFileSync(join(backups, name, "VERIFIED"), "");
  }
  const madeMs = statSync(join(server.dir, "backup.made")).mtimeMs;
  // A disk of 100 GiB with 21 GiB free, as df tells it: a fifth must be left, and the copy is larger than 1 GiB.
  const full = stubs({ df: "echo Size Avail; echo 107374182400 22548578304", awk: "echo 2147483648" });
  const env = { PITWALL_BACKUPS: backups, BIN_DIR: full.dir, PITWALL_LEAVE_PERCENT: "20" };
  const { code, err } = script(join(BACKUP, "backup"), server.dir, env);
  assert.equal(code, 73, err);
  assert.match(err, /21504 MiB free; 2048 MiB are wanted, and 20480 MiB must be left/);
  assert.deepEqual(
    readdirSync(backups).filter((name) => !name.startsWith(".")),
    [old[2]],
  );
  assert.equal(statSync(join(server.dir, "backup.made")).mtimeMs, madeMs, "its age goes on");
  const room = stubs({ df: "echo Size Avail; echo 107374182400 23622320128" });
  const fits = (bytes) => script(join(BACKUP, "room"), server.dir, { ...env, BIN_DIR: room.dir }, backups, bytes).code;
  assert.equal(fits(String(2 ** 31)), 0, "22 GiB less 2 are the fifth that is left");
  assert.equal(fits(String(2 ** 31 + 1)), 73);
});

test("the room that a backup wants is that of what it copies; what a restore wants, that of the backup", () => {
  const backups = join(scratch(), "backups");
  const spy = stubs({ df: "echo Size Avail; echo 100 0" });
  const env = { PITWALL_BACKUPS: backups, BIN_DIR: spy.dir, PITWALL_LEAVE_PERCENT: "20" };
  const { code, err } = script(join(BACKUP, "backup"), server.dir, env);
  assert.equal(code, 73, err);
  const wanted = Number(/(\d+) MiB are wanted/.exec(err)[1]);
  const bytes = (path) => Number(spawnSync("du", ["-sb", path], { encoding: "utf8" }).stdout.split("\t")[0]);
  assert.ok(wanted * 2 ** 20 > 0.5 * bytes(made), `${wanted} MiB`);
  const restore = script(join(BACKUP, "restore-test"), server.dir, env, made);
  assert.equal(restore.code, 73, restore.err);
  assert.deepEqual(
    readdirSync(backups).filter((name) => !name.startsWith(".")),
    [],
  );
});

/** A backup of `dir` that stands still at a pipe in place of `name` while `meanwhile` runs. */
async function heldAt(name, dir, meanwhile) {
  const pipe = join(dir, name);
  mkdirSync(dirname(pipe), { recursive: true });
  rmSync(pipe, { force: true });
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  const out = join(scratch(), "backup");
  const child = spawn(BIN, ["backup", "--data", dir, "--out", out], { stdio: ["ignore", "ignore", "pipe"] });
  let err = "";
  child.stderr.on("data", (text) => (err += text));
  const ended = new Promise((done) => child.on("close", done));
  // The pipe can be written to once somebody stands at its other end, who then waits for what comes.
  let held;
  await until("it reads the pipe", () => {
    assert.equal(child.exitCode, null, err);
    try {
      held = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      assert.equal(error.code, "ENXIO");
    }
    return held !== undefined;
  });
  await meanwhile();
  closeSync(held);
  assert.equal(await ended, 0, err);
  const { files } = JSON.parse(readFileSync(join(out, "MANIFEST.json"), "utf8"));
  return { out, names: files.map(({ path }) => path) };
}

test("a start goes on beside a backup of the stopped directory, and that backup is whole", async () => {
  const first = await Server.start();
  const risk = await first.person("risk1");
  assert.equal((await risk.post("/kill", { scope: "strategy/momentum", reason: "to be found again" })).status, 200);
  first.process.ref();
  first.process.kill("SIGKILL");
  await first.exited;
  let again;
  const { out, names } = await heldAt("archive/held.gz", first.dir, async () => {
    again = await Server.start({ dir: first.dir });
  });
  assert.equal(await again.stop(), 0);
  assert.ok(names.includes("hot-engine.lane") && names.includes("hot-control.lane"), "what only memory had is in it");
  const to = join(scratch(), "restored");
  assert.equal(verb("restore", "--from", out, "--data", to).code, 0);
  // A verb that looks at it holds it for a moment: no reason to stay down.
  spawn("flock", ["--no-fork", join(to, "lock"), "sleep", "0.3"], { stdio: "ignore" });
  await until("it is held", () => spawnSync("flock", ["-n", join(to, "lock"), "true"]).status !== 0);
  const third = await Server.start({ dir: to });
  const state = (await (await third.person("viewer", first.passwords().viewer)).get("/trading-state")).body.items;
  assert.equal(state.find(({ scope }) => scope === "strategy/momentum").state, "HALTED");
  assert.equal(await third.stop(), 0);
});

test("memory that a start has taken to the disk meanwhile is not kept beside what it was taken from", async () => {
  const dir = join(scratch(), "data");
  assert.equal(verb("restore", "--from", made, "--data", dir).code, 0);
  const { names } = await heldAt("hot-engine.lane", dir, () => writeFileSync(join(dir, "epoch"), "4711\n"));
  assert.deepEqual(names.filter((name) => name.startsWith("hot-")), []);
  const still = await heldAt("hot-engine.lane", dir, () => {});
  assert.ok(still.names.includes("hot-engine.lane"), "nobody has started it");
});

test("a desk's disk holds what its journal may grow to: itself, two copies, a third, a restored one", () => {
  for (const [config, env] of [
    ["prod", "prod"],
    ["staging", "paper"],
  ]) {
    const file = readFileSync(join(ROOT, `deploy/config/${config}.yaml`), "utf8");
    const [, keep] = /keep_bytes: (\d+) GiB/.exec(file) ?? [];
    const vars = readFileSync(join(ROOT, `terraform/live/${env}/terraform.tfvars`), "utf8");
    const [, disk] = /^ *data_gib += (\d+)$/m.exec(vars);
    assert.ok(Number(keep) > 0 && 5 * keep <= 0.8 * disk, `${config}: 5 x ${keep} GiB into 80 % of ${disk}`);
  }
});
