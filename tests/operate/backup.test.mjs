// Backups: whole while the program trades, refused when they are not, kept as long as promised, sent with a lock, and
// a restored copy comes up HALTED. The cloud is a script that writes down what it was asked.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "./sqlite.mjs";
import test, { after, before } from "node:test";
import { BIN, ROOT, scratch, Server, verb } from "../api/server.mjs";
import { until } from "../api/wait.mjs";

const BACKUP = join(ROOT, "deploy/backup");
const AWS = join(ROOT, "deploy/aws");
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

/** Runs a script of deploy/ with an environment of its own. */
function script(file, env = {}, ...args) {
  const path = [env.BIN_DIR, process.env.PATH].filter(Boolean).join(":");
  const done = spawnSync(file, args, {
    encoding: "utf8",
    env: { PATH: path, PITWALL_BIN: BIN, PITWALL_DATA: server.dir, ...env },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** Programs in front of the real ones; each line that they were called with goes to `calls`. */
function stubs(bodies) {
  const dir = scratch();
  for (const [name, body] of Object.entries(bodies)) {
    writeFileSync(
      join(dir, name),
      `#!/bin/bash\nprintf '%q ' ${name} "$@" >> '${dir}/calls'; echo >> '${dir}/calls'\n${body}\n`,
    );
    chmodSync(join(dir, name), 0o755);
  }
  return {
    dir,
    calls: () => (existsSync(join(dir, "calls")) ? readFileSync(join(dir, "calls"), "utf8").trim().split("\n") : []),
  };
}

test("a backup is checked without being restored, and the check makes nothing", () => {
  const names = readdirSync(made);
  const { code, out, err } = verb("restore", "--from", made, "--check");
  assert.equal(code, 0, err);
  assert.match(out, /a restore would take them/);
  assert.deepEqual(readdirSync(made), names);
  assert.equal(verb("restore", "--from", made, "--check", "--data", join(scratch(), "x")).code, 64);
  assert.equal(verb("restore", "--from", made).code, 64);
});

/** A copy of the backup that somebody has changed, its manifest made to fit when `fits`. */
function touched(change, fits) {
  const dir = join(scratch(), "touched");
  cpSync(made, dir, { recursive: true });
  change(dir);
  if (fits) {
    const manifest = JSON.parse(readFileSync(join(dir, "MANIFEST.json"), "utf8"));
    for (const file of manifest.files) {
      file.bytes = statSync(join(dir, file.path)).size;
      file.sha256 = spawnSync("sha256sum", [join(dir, file.path)], { encoding: "utf8" }).stdout.slice(0, 64);
    }
    writeFileSync(join(dir, "MANIFEST.json"), JSON.stringify(manifest));
  }
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
  const again = await Server.start({ dir: to });
  const firm = (await (await again.person("viewer", server.passwords().viewer)).get("/trading-state")).body.items.find(
    ({ scope }) => scope === "firm",
  );
  assert.equal(firm.state, "HALTED");
  assert.match(firm.cause, /restored from the backup/);
  assert.equal(await again.stop(), 0);
});

test("deploy/backup/backup: verified before it has its name, old ones go, a second one waits for nobody", () => {
  const backups = join(scratch(), "backups");
  mkdirSync(join(backups, "20200101T000000Z.partial"), { recursive: true });
  const env = { PITWALL_BACKUPS: backups, KEEP_HOURLY: "1", KEEP_DAILY: "1", KEEP_WEEKLY: "1" };
  const first = script(join(BACKUP, "backup"), env);
  assert.equal(first.code, 0, first.err);
  const names = () => readdirSync(backups).filter((name) => !name.startsWith("."));
  assert.equal(names().length, 1, "what an ended one had left is gone");
  assert.match(names()[0], /^\d{8}T\d{6}Z$/);
  assert.ok(existsSync(join(backups, names()[0], "VERIFIED")));
  const proved = script(join(BACKUP, "restore-test"), env);
  assert.equal(proved.code, 0, proved.err);
  assert.match(proved.out, /is whole, and comes up HALTED/);
  const held = spawnSync("flock", [join(backups, ".lock"), join(BACKUP, "backup")], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, PITWALL_BIN: BIN, PITWALL_DATA: server.dir, ...env },
  });
  assert.equal(held.status, 75, held.stderr);
  // A program that copies and cannot verify leaves nothing that looks like a backup.
  const lying = stubs({ pitwall: `[ "$1" = backup ] && mkdir -p "\${@: -1}" && exit 0; exit 65` });
  const bad = join(scratch(), "backups");
  assert.equal(
    script(join(BACKUP, "backup"), { ...env, PITWALL_BACKUPS: bad, PITWALL_BIN: join(lying.dir, "pitwall") }).code,
    65,
  );
  assert.deepEqual(
    readdirSync(bad).filter((name) => /Z$/.test(name)),
    [],
  );
  assert.equal(script(join(BACKUP, "restore-test"), { ...env, PITWALL_BACKUPS: bad }).code, 69);
});

/** What keep.sh leaves of backups of these times. */
function kept(stamps, env, verified = stamps) {
  const dir = mkdtempSync(join(tmpdir(), "pitwall-keep-"));
  stamps.forEach((name) => mkdirSync(join(dir, name)));
  verified.forEach((name) => writeFileSync(join(dir, name, "VERIFIED"), ""));
  ["notes", "20260101T000000Z.partial"].forEach((name) => mkdirSync(join(dir, name)));
  const { code, err } = script(join(BACKUP, "keep.sh"), env, dir);
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
      `202611${String(30 - Math.floor(at / 24)).padStart(2, "0")}T${String(23 - (at % 24)).padStart(2, "0")}0000Z`,
  );
  assert.deepEqual(kept(hours, { KEEP_HOURLY: "3", KEEP_DAILY: "0", KEEP_WEEKLY: "0" }), hours.slice(0, 3));
  assert.deepEqual(kept(hours, { KEEP_HOURLY: "2", KEEP_DAILY: "3", KEEP_WEEKLY: "1" }), [
    "20261130T230000Z",
    "20261130T220000Z",
    "20261129T230000Z",
    "20261128T230000Z",
  ]);
  const weeks = ["20261130T120000Z", "20261129T120000Z", "20261122T120000Z", "20261115T120000Z", "20261108T120000Z"];
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
  assert.equal(script(join(BACKUP, "keep.sh"), { KEEP_DAILY: "many" }, scratch()).code, 64);
  assert.equal(script(join(BACKUP, "keep.sh")).code, 1);
});

const CLOUD = {
  PITWALL_HOST: "pitwall-test",
  PITWALL_REGION: "ap-southeast-1",
  PITWALL_BUCKET: "bucket",
  PITWALL_KMS_KEY: "arn:key",
};

test("to-s3: every file with hash, key and lock, the manifest last, once; and what fails is tried again", () => {
  const backups = join(scratch(), "backups");
  const name = "20261128T000000Z";
  cpSync(made, join(backups, name), { recursive: true });
  const cloud = stubs({ aws: `[ ! -e "$(dirname "$0")/away" ]` });
  const env = { ...CLOUD, PITWALL_BACKUPS: backups, BIN_DIR: cloud.dir };
  assert.equal(script(join(BACKUP, "to-s3"), env).code, 0);
  assert.deepEqual(cloud.calls(), [], "what is not verified is not sent");
  writeFileSync(join(backups, name, "VERIFIED"), "");
  writeFileSync(join(cloud.dir, "away"), "");
  assert.notEqual(script(join(BACKUP, "to-s3"), env).code, 0);
  assert.ok(!existsSync(join(backups, name, "SENT")));
  rmSync(join(cloud.dir, "away"));
  rmSync(join(cloud.dir, "calls"));
  const sent = script(join(BACKUP, "to-s3"), env);
  assert.equal(sent.code, 0, sent.err);
  const calls = cloud.calls();
  const { files } = JSON.parse(readFileSync(join(made, "MANIFEST.json"), "utf8"));
  assert.equal(calls.length, files.length + 1);
  for (const { path } of files)
    assert.ok(
      calls.some((call) => call.includes(`--key pitwall-test/backups/${name}/${path} `)),
      path,
    );
  assert.match(calls.at(-1), /MANIFEST\.json/);
  const locked = /--object-lock-retain-until-date (\S+)/.exec(calls[0])[1].replaceAll("\\", "");
  assert.ok(Math.abs(Date.parse(locked) - Date.now() - 30 * 86400e3) < 3600e3, locked);
  for (const call of calls)
    for (const part of [
      "--checksum-algorithm SHA256",
      "--server-side-encryption aws:kms",
      "--ssekms-key-id arn:key",
      "--object-lock-mode COMPLIANCE",
    ])
      assert.ok(call.includes(part), `${part}: ${call}`);
  assert.equal(script(join(BACKUP, "to-s3"), env).code, 0);
  assert.equal(cloud.calls().length, calls.length, "not a second time");
});

test("to-s3 anchors: the signed heads go alone, and that they went is seen", () => {
  const cloud = stubs({ aws: "" });
  const done = script(join(BACKUP, "to-s3"), { ...CLOUD, BIN_DIR: cloud.dir }, "anchors");
  assert.equal(done.code, 0, done.err);
  assert.deepEqual(
    cloud.calls().map((call) => /anchors\/\d{4}-\d\d-\d\d\/\d{4}-(\S+)/.exec(call)[1]),
    ["anchors.ndjson", "audit.pub"],
  );
  assert.ok(Date.now() - statSync(join(server.dir, "anchors.sent")).mtimeMs < 60000);
  const failing = stubs({ aws: "exit 1" });
  assert.notEqual(script(join(BACKUP, "to-s3"), { ...CLOUD, BIN_DIR: failing.dir }, "anchors").code, 0);
});

test("pitwall-secrets: into memory alone, whole or as it was, nothing in an argument", () => {
  const folder = mkdtempSync("/dev/shm/pitwall-secrets-");
  const cloud = stubs({ aws: `case "$*" in *other*) exit 1 ;; esac; echo '{"key":"k","secret":"hidden"}'` });
  const env = { ...CLOUD, BIN_DIR: cloud.dir, PITWALL_SECRETS: "pitwall-test/bybit-key" };
  const done = script(join(AWS, "pitwall-secrets"), env, folder);
  assert.equal(done.code, 0, done.err);
  assert.equal(readFileSync(join(folder, "bybit-key"), "utf8"), '{"key":"k","secret":"hidden"}\n');
  assert.equal(statSync(join(folder, "bybit-key")).mode & 0o777, 0o600);
  assert.doesNotMatch(done.out + done.err + cloud.calls().join(" "), /hidden/);
  writeFileSync(join(folder, "other"), "the old one");
  const half = script(
    join(AWS, "pitwall-secrets"),
    { ...env, PITWALL_SECRETS: "pitwall-test/other pitwall-test/bybit-key" },
    folder,
  );
  assert.equal(half.code, 1);
  assert.equal(readFileSync(join(folder, "other"), "utf8"), "the old one");
  assert.deepEqual(readdirSync(folder).sort(), ["bybit-key", "other"]);
  rmSync(folder, { recursive: true });
  const disk = stubs({ aws: "echo x", stat: "echo ext2/ext3" });
  assert.equal(script(join(AWS, "pitwall-secrets"), { ...env, BIN_DIR: disk.dir }, scratch()).code, 78);
});

const BLANK = { blkid: "exit 2", begins: "" };
const DATA = { blkid: "echo ext4", begins: "" };

/** A new host: its volume is there, and the programs that would change it write down what they were asked. */
function boot({ blkid, begins }) {
  const root = scratch();
  const link = join(root, "dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123");
  mkdirSync(join(root, "dev/disk/by-id"), { recursive: true });
  writeFileSync(join(root, "dev/nvme1n1"), begins.padEnd(2 ** 20, "\0"));
  symlinkSync(join(root, "dev/nvme1n1"), link);
  const quiet = Object.fromEntries(
    ["mkfs.ext4", "systemd-sysusers", "mount", "chown", "update-grub", "systemctl", "amazon-cloudwatch-agent-ctl"].map((name) => [name, ""]),
  );
  const host = stubs({ ...quiet, blkid, mountpoint: "exit 1" });
  const file = join(root, "host.env");
  writeFileSync(file, "PITWALL_HOST=pitwall-test\nPITWALL_DATA_VOLUME=vol-0123\nPITWALL_ENGINE_CORES=2-3\n");
  const done = script(join(AWS, "first-boot"), { BIN_DIR: host.dir, PITWALL_ROOT: root, PITWALL_WAIT_S: "1" }, file);
  assert.equal(done.code, 0, done.err);
  return { root, calls: host.calls() };
}

test("first-boot: a blank volume is formatted, one with data never; cores, clock and units are in place", () => {
  const { root, calls } = boot(BLANK);
  assert.ok(
    calls.some((call) => /^mkfs\.ext4 -q -b 4096 .*nvme1n1/.test(call)),
    calls.join("\n"),
  );
  for (const [what, volume] of Object.entries({
    "the data of a lost host": DATA,
    "a disk that cannot be read": { blkid: "exit 4", begins: "" },
    "bytes of a kind that nobody knows": { blkid: "exit 2", begins: "something" },
  }))
    assert.ok(!boot(volume).calls.some((call) => call.startsWith("mkfs")), what);
  const text = (name) => readFileSync(join(root, name), "utf8");
  assert.match(
    text("etc/default/grub.d/50-pitwall.cfg"),
    /isolcpus=domain,managed_irq,2-3 nohz_full=2-3 rcu_nocbs=2-3/,
  );
  assert.match(text("etc/default/irqbalance"), /BANNED_CPULIST=2-3/);
  assert.match(text("etc/chrony/sources.d/aws.sources"), /169\.254\.169\.123/);
  assert.match(text("etc/fstab"), /^LABEL=pitwall \/var\/lib\/pitwall ext4 \S*noexec/m);
  const enabled = calls
    .find((call) => call.startsWith("systemctl enable"))
    .split(" ")
    .filter((word) => word.includes("."));
  assert.ok(enabled.length > 5);
  for (const unit of enabled) assert.ok(existsSync(join(root, "etc/systemd/system", unit)), unit);
  assert.ok(!enabled.includes("pitwall.service"), "a person starts trading");
  assert.match(calls.at(-1), /^systemctl reboot/);
});

test("the units are what systemd takes, every word of them, and start what is there", (t) => {
  if (spawnSync("systemd-analyze", ["--version"]).error) {
    t.skip("no systemd-analyze on this machine");
    return;
  }
  const verify = (change = (text) => text) => {
    const dir = scratch();
    const units = [BACKUP, AWS].flatMap((from) =>
      readdirSync(from)
        .filter((name) => /\.(service|timer|mount)$/.test(name))
        .map((name) => [from, name]),
    );
    for (const [from, name] of units) {
      // The program's place on a host, here: this tree. Users and files of the host are not.
      const here = change(readFileSync(join(from, name), "utf8"), name)
        .replaceAll("/opt/pitwall/deploy", join(ROOT, "deploy"))
        .replace(/^(User|Group|EnvironmentFile)=.*\n/gm, "")
        .replace(/^ExecStop=.*\n/m, "");
      writeFileSync(join(dir, name), here);
    }
    const done = spawnSync("systemd-analyze", ["verify", "--man=no", ...units.map(([, name]) => join(dir, name))], {
      encoding: "utf8",
    });
    return {
      units,
      said: `${done.stdout}${done.stderr}`
        .split("\n")
        .filter((line) => line.includes(dir) || /pitwall/.test(line))
        .join("\n"),
    };
  };
  const { units, said } = verify();
  assert.equal(said, "", "it ends with 0 whatever it says");
  assert.ok(units.length >= 12);
  assert.match(
    verify((text, name) =>
      name === "pitwall-backup.timer" ? text.replace("OnCalendar=hourly", "OnCalendar=hourli") : text,
    ).said,
    /hourli/,
  );
  assert.match(
    verify((text, name) => (name === "pitwall-backup.service" ? text.replace("Nice=", "Nicee=") : text)).said,
    /Nicee/,
  );
  assert.match(
    verify((text, name) => (name === "pitwall-backup.service" ? text.replace("backup/backup", "backup/gone") : text))
      .said,
    /gone/,
  );
});
