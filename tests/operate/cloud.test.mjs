// What leaves a host on AWS and what comes from there: backups and signed heads to a bucket that locks them, secrets
// into memory, figures, the first boot. The cloud is a script that writes down what it was asked.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { DEMO_CONFIG, ROOT, scratch, Server, verb } from "../api/server.mjs";
import { until } from "../api/wait.mjs";
import { readRunbook } from "./runbook.mjs";
import { AWS, BACKUP, script, stubs } from "./scripts.mjs";

let server;
let made; // a backup of the trading server

before(async () => {
  server = await Server.start();
  made = join(scratch(), "backup");
  assert.equal(verb("backup", "--data", server.dir, "--out", made).code, 0);
});
after(async () => assert.equal(await server.stop(), 0));

const CLOUD = {
  PITWALL_HOST: "pitwall-test",
  PITWALL_REGION: "ap-southeast-1",
  PITWALL_BUCKET: "bucket",
  PITWALL_KMS_KEY: "arn:key",
};

/** A bucket: objects are files below its folder `bucket`; with a file `away` it does not answer, `lock` is its mode. */
function bucket(lock = "COMPLIANCE") {
  const cloud = stubs({
    aws: `here=$(dirname "$0")
      [ ! -e "$here/away" ] || exit 1
      case "$2" in get-object-lock-configuration) cat "$here/lock" && exit ;; esac
      while [ $# -gt 0 ]; do case $1 in --key) key=$2 ;; --body) body=$2 ;; esac; shift; done
      mkdir -p "$here/bucket/$(dirname "$key")" && cp "$body" "$here/bucket/$key"`,
  });
  writeFileSync(join(cloud.dir, "lock"), `${lock}\n`);
  cloud.puts = () => cloud.calls().filter((call) => call.startsWith("aws s3api put-object "));
  cloud.forget = () => rmSync(join(cloud.dir, "calls"), { force: true });
  return cloud;
}

/** A data directory with verified backups of these names. */
function saved(...names) {
  const data = scratch();
  const backups = join(data, "backups");
  for (const name of names) {
    cpSync(made, join(backups, name), { recursive: true });
    writeFileSync(join(backups, name, "VERIFIED"), "");
  }
  return { data, backups };
}

test("to-s3: the newest of a day, whole, the manifest last; what fails is tried again", () => {
  const names = ["20201128T000000Z", "20201128T010000Z"];
  const { data, backups } = saved(...names);
  rmSync(join(backups, names[1], "VERIFIED"));
  const cloud = bucket();
  const env = { ...CLOUD, BIN_DIR: cloud.dir, PITWALL_CONFIG: DEMO_CONFIG };
  const send = () => script(join(BACKUP, "to-s3"), data, env);
  writeFileSync(join(cloud.dir, "away"), "");
  assert.notEqual(send().code, 0);
  assert.ok(!existsSync(join(data, "backup.sent")) && !existsSync(join(backups, names[0], "SENT")));
  rmSync(join(cloud.dir, "away"));
  cloud.forget();
  const sent = send();
  assert.equal(sent.code, 0, sent.err);
  const { files } = JSON.parse(readFileSync(join(made, "MANIFEST.json"), "utf8"));
  const puts = cloud.puts();
  assert.deepEqual(
    puts.map((call) => /--key (\S+)/.exec(call)[1]).sort(),
    [...files.map(({ path }) => path), "MANIFEST.json"]
      .map((path) => `pitwall-test/backups/month/${names[0]}/${path}`)
      .concat(`pitwall-test/config/${names[0]}-pitwall.yaml`)
      .sort(),
    "the configuration goes with it, which no backup holds; the one that is not verified is not sent",
  );
  assert.match(puts.at(-1), /MANIFEST\.json/);
  for (const call of puts)
    for (const part of ["--checksum-algorithm SHA256", "--server-side-encryption aws:kms", "--ssekms-key-id arn:key"])
      assert.ok(call.includes(part), `${part}: ${call}`);
  assert.equal(readFileSync(join(data, "backup.sent"), "utf8").trim(), names[0]);
  const came = join(cloud.dir, "bucket/pitwall-test/backups/month", names[0]);
  assert.equal(verb("restore", "--from", came, "--check").code, 0, "what came there is whole");
});

test("to-s3: one a day, the first of a month apart; what is sent leaves the host when there are newer ones", () => {
  const { data, backups } = saved("20201128T000000Z");
  const cloud = bucket("GOVERNANCE");
  const send = () => {
    cloud.forget();
    const { code, err } = script(join(BACKUP, "to-s3"), data, { ...CLOUD, BIN_DIR: cloud.dir });
    assert.equal(code, 0, err);
    return new Set(cloud.puts().map((call) => /backups\/(\w+\/\w+)\//.exec(call)[1]));
  };
  const add = (name) => {
    cpSync(made, join(backups, name), { recursive: true });
    writeFileSync(join(backups, name, "VERIFIED"), "");
  };
  assert.deepEqual(send(), new Set(["month/20201128T000000Z"]));
  add("20201128T010000Z");
  assert.deepEqual(send(), new Set(), "an hourly one is not");
  add("20201129T000000Z");
  assert.deepEqual(send(), new Set(["day/20201129T000000Z"]));
  assert.deepEqual(readdirSync(backups).sort(), ["20201128T010000Z", "20201129T000000Z"]);
  add("20201201T000000Z");
  assert.deepEqual(send(), new Set(["month/20201201T000000Z"]));
});

test("to-s3: what a disk cannot list is not sent as a whole backup", () => {
  const { data, backups } = saved("20201128T000000Z");
  const cloud = bucket();
  writeFileSync(join(cloud.dir, "find"), '#!/bin/bash\n[ "$1" != . ] || exit 1\nexec /usr/bin/find "$@"\n', {
    mode: 0o755,
  });
  assert.notEqual(script(join(BACKUP, "to-s3"), data, { ...CLOUD, BIN_DIR: cloud.dir }).code, 0);
  assert.deepEqual(cloud.puts(), []);
  assert.ok(!existsSync(join(data, "backup.sent")) && !existsSync(join(backups, "20201128T000000Z/SENT")));
});

test("to-s3: nothing goes where nothing is locked", () => {
  const { data } = saved("20201128T000000Z");
  const cloud = bucket("None");
  for (const what of [[], ["anchors"]]) {
    const from = what.length ? server.dir : data;
    const { code, err } = script(join(BACKUP, "to-s3"), from, { ...CLOUD, BIN_DIR: cloud.dir }, ...what);
    assert.equal(code, 78, err);
    assert.match(err, /does not lock/);
  }
  assert.deepEqual(cloud.puts(), []);
  assert.equal(script(join(BACKUP, "to-s3"), data, { ...CLOUD, BIN_DIR: cloud.dir }, "all").code, 64);
});

/** The lines of every object of signed heads, in the order of their names. */
function headsThere(cloud) {
  const root = join(cloud.dir, "bucket/pitwall-test/anchors");
  return readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith("anchors.ndjson"))
    .sort()
    .flatMap((name) => readFileSync(join(root, name), "utf8").trimEnd().split("\n"));
}

test("to-s3 anchors: each head goes once, also over a turn of its file; the stamp is of what did go", () => {
  const data = scratch();
  const file = join(data, "anchors.ndjson");
  writeFileSync(join(data, "audit.pub"), "key one\n");
  const cloud = bucket();
  let second = 0; // each call a second later: objects are named by it
  const clock = (at) =>
    writeFileSync(join(cloud.dir, "date"), `#!/bin/bash\necho 2026-11-28/${100000 + at}\n`, { mode: 0o755 });
  const send = () => {
    clock((second += 1));
    cloud.forget();
    return script(join(BACKUP, "to-s3"), data, { ...CLOUD, BIN_DIR: cloud.dir }, "anchors");
  };
  const stamp = () => statSync(join(data, "anchors.sent"), { throwIfNoEntry: false })?.mtimeMs;
  mkdirSync(join(data, ".anchors.killed")); // half a copy of all heads
  assert.equal(send().code, 66, "without a file nothing went");
  assert.ok(!existsSync(join(data, ".anchors.killed")), "what an ended one had left is gone");
  writeFileSync(file, "");
  assert.equal(send().code, 66);
  assert.equal(stamp(), undefined);
  writeFileSync(file, '{"seq":1}\n{"seq":2}\n{"se');
  assert.equal(send().code, 0);
  assert.deepEqual(headsThere(cloud), ['{"seq":1}', '{"seq":2}'], "half a line waits");
  assert.equal(cloud.puts().length, 2, "with the keys");
  writeFileSync(file, '{"seq":1}\n{"seq":2}\n{"seq":3}\n');
  assert.equal(send().code, 0);
  assert.equal(cloud.puts().length, 1);
  // The file is turned between two minutes, with a head in it that had not gone.
  writeFileSync(`${file}.1`, '{"seq":1}\n{"seq":2}\n{"seq":3}\n{"seq":4}\n');
  writeFileSync(file, '{"seq":5}\n');
  writeFileSync(join(cloud.dir, "away"), "");
  const stampMs = stamp();
  assert.notEqual(send().code, 0);
  assert.equal(stamp(), stampMs, "a figure of something that did not happen");
  rmSync(join(cloud.dir, "away"));
  assert.equal(send().code, 0);
  assert.deepEqual(headsThere(cloud), [1, 2, 3, 4, 5].map((seq) => `{"seq":${seq}}`));
  utimesSync(join(data, "anchors.sent"), 1, 1);
  assert.equal(send().code, 0);
  assert.deepEqual(cloud.puts(), [], "no new head, no new key");
  assert.ok(stamp() > 1000, "all there are have gone: that is as good as new");
  writeFileSync(join(data, "audit.pub"), "key one\nkey two\n");
  assert.equal(send().code, 0);
  assert.deepEqual(cloud.puts().map((call) => /-(audit\.pub|anchors\.ndjson) /.exec(call)[1]), ["audit.pub"]);
});

test("to-s3 anchors: what came there holds against the audit", async () => {
  const cloud = bucket();
  const env = { ...CLOUD, BIN_DIR: cloud.dir };
  assert.equal(script(join(BACKUP, "to-s3"), server.dir, env, "anchors").code, 0);
  const risk = await server.person("risk1");
  await risk.post("/kill", { scope: "strategy/momentum", reason: "so that a head is signed" });
  const lines = () => readFileSync(join(server.dir, "anchors.ndjson"), "utf8").split("\n").length;
  const had = headsThere(cloud).length;
  await until("another head", () => lines() > had + 1);
  await until("a second", () => new Promise((done) => setTimeout(() => done(true), 1100)));
  assert.equal(script(join(BACKUP, "to-s3"), server.dir, env, "anchors").code, 0);
  const file = join(scratch(), "anchors.ndjson");
  writeFileSync(file, `${headsThere(cloud).join("\n")}\n`);
  const { code, out, err } = verb("audit", "verify", "--data", server.dir, "--anchor", file);
  assert.equal(code, 0, out + err);
});

/** A store of secrets: each a file in `store` beside it, put from what stands on standard input. */
function store(values) {
  const cloud = stubs({
    aws: `here=$(dirname "$0")
      verb=$2; while [ $# -gt 0 ]; do [ "$1" != --secret-id ] || name=$(basename "$2"); shift; done
      case $verb in
      put-secret-value) cat > "$here/store/$name" ;;
      get-secret-value) [ ! -e "$here/away" ] && [ -s "$here/store/$name" ] && cat "$here/store/$name" ;;
      esac`,
  });
  mkdirSync(join(cloud.dir, "store"));
  cloud.put = (name, value) => writeFileSync(join(cloud.dir, "store", name), `${value}\n`);
  Object.entries(values).forEach(([name, value]) => cloud.put(name, value));
  return cloud;
}

const memory = () => {
  const folder = mkdtempSync("/dev/shm/pitwall-secrets-");
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
};
const PROD = "pitwall-prod/bybit-key pitwall-prod/bybit-key-next pitwall-prod/tls-key";
const HURRY = { PITWALL_SECRETS: PROD, PITWALL_SECRETS_WAIT_S: "0", PITWALL_SECRETS_PAUSE_S: "0.1" };
const fetchInto = (folder, cloud, more = {}) =>
  script(
    join(AWS, "pitwall-secrets"),
    server.dir,
    { ...CLOUD, ...HURRY, BIN_DIR: cloud.dir, ...more },
    folder,
  );

test("pitwall-secrets: into memory, whole or as it was, nothing in an argument; no key to come is no failure", () => {
  const folder = memory();
  const cloud = store({ "bybit-key": '{"key":"k","secret":"hidden"}', "tls-key": "hidden too" });
  const done = fetchInto(folder, cloud);
  assert.equal(done.code, 0, done.err);
  assert.equal(readFileSync(join(folder, "bybit-key"), "utf8"), '{"key":"k","secret":"hidden"}\n');
  assert.equal(statSync(join(folder, "bybit-key")).mode & 0o777, 0o600);
  assert.doesNotMatch(done.out + done.err + cloud.calls().join(" "), /hidden/);
  assert.match(done.err, /bybit-key-next has no value/);
  assert.deepEqual(readdirSync(folder).sort(), ["bybit-key", "tls-key"]);
  cloud.put("bybit-key", "");
  writeFileSync(join(cloud.dir, "store", "bybit-key"), "");
  assert.equal(fetchInto(folder, cloud).code, 1);
  assert.match(readFileSync(join(folder, "bybit-key"), "utf8"), /hidden/, "the old one stays");
  const disk = stubs({ aws: "echo x", stat: "echo ext2/ext3" });
  assert.equal(fetchInto(scratch(), disk).code, 78);
});

test("pitwall-secrets: what is missing at a boot is waited for, and the wait is told as an error", async () => {
  const folder = memory();
  const cloud = store({ "tls-key": "t" });
  assert.equal(fetchInto(folder, cloud, { PITWALL_SECRETS_WAIT_S: "0" }).code, 1, "a bound is a bound");
  const env = { ...CLOUD, ...HURRY, PATH: `${cloud.dir}:${process.env.PATH}` };
  delete env.PITWALL_SECRETS_WAIT_S;
  const waits = spawn(join(AWS, "pitwall-secrets"), [folder], { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  waits.stderr.on("data", (text) => (said += text));
  const ended = new Promise((done) => waits.on("close", done));
  await until("it says so", () => /^level=error area=host says="a secret is missing.* name=bybit-key$/m.test(said));
  assert.equal(waits.exitCode, null);
  cloud.put("bybit-key", "k");
  assert.equal(await ended, 0);
  assert.equal(readFileSync(join(folder, "bybit-key"), "utf8"), "k\n");
});

/** The runbook's way to change a key on AWS, as it stands there: what is typed first, and what makes it the key. */
function keyChange() {
  const page = readFileSync(join(ROOT, "docs/RUNBOOK.md"), "utf8");
  const [next, key, ...more] = readRunbook(page)
    .marked.map(({ block }) => block)
    .filter((block) => /\bbybit-key\b/.test(block) && !/^ *install /m.test(block));
  assert.ok(/bybit-key-next/.test(next) && /bybit-key /.test(key) && more.length === 0, "the page has other steps");
  return { next, key };
}

/** Runs a block where `systemctl` fetches, or starts the program with the key that is there then. */
function typed(block, folder, cloud, value) {
  const host = stubs({
    systemctl: `case "$*" in
      "restart pitwall-secrets") '${join(AWS, "pitwall-secrets")}' '${folder}' ;;
      "restart pitwall") cp '${folder}/bybit-key' "$(dirname "$0")/running" ;;
      *) exit 64 ;;
      esac`,
  });
  const done = spawnSync("bash", ["-ec", block.replaceAll("/etc/pitwall/secrets", folder)], {
    encoding: "utf8",
    input: `${value}\n`,
    env: { ...CLOUD, ...HURRY, PATH: `${host.dir}:${cloud.dir}:${process.env.PATH}` },
  });
  const file = join(host.dir, "running");
  const running = existsSync(file) ? readFileSync(file, "utf8").trim() : null;
  return { code: done.status, err: done.stderr, running };
}

test("a key is changed at both ends: what runs is what the next boot fetches, and a slip starts nothing", () => {
  const cloud = store({ "bybit-key": "old", "tls-key": "t" });
  const folder = memory();
  assert.equal(fetchInto(folder, cloud).code, 0);
  const { next, key } = keyChange();
  assert.equal(typed(next, folder, cloud, "new").code, 0);
  const slip = typed(key, folder, cloud, "nwe");
  assert.notEqual(slip.code, 0, "two values that differ");
  assert.equal(slip.running, null);
  const done = typed(key, folder, cloud, "new");
  assert.equal(done.code, 0, done.err);
  assert.equal(done.running, "new");
  const nextBoot = memory();
  assert.equal(fetchInto(nextBoot, cloud).code, 0);
  assert.equal(readFileSync(join(nextBoot, "bybit-key"), "utf8").trim(), done.running);
});

const BLANK = { blkid: "exit 2", begins: "" };
const DATA = { blkid: "echo ext4", begins: "" };

/** A new host: its volume is there, and the programs that would change it write down what they were asked. */
function boot({ blkid, begins }, secrets = "pitwall-test/tls-key") {
  const root = scratch();
  const link = join(root, "dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123");
  mkdirSync(join(root, "dev/disk/by-id"), { recursive: true });
  writeFileSync(join(root, "dev/nvme1n1"), begins.padEnd(2 ** 20, "\0"));
  symlinkSync(join(root, "dev/nvme1n1"), link);
  const quiet = Object.fromEntries(
    [
      ...["mkfs.ext4", "systemd-sysusers", "systemd-tmpfiles", "mount", "chown", "update-grub", "systemctl"],
      "amazon-cloudwatch-agent-ctl",
    ].map((name) => [name, ""]),
  );
  const host = stubs({ ...quiet, blkid, mountpoint: "exit 1" });
  const file = join(root, "host.env");
  writeFileSync(
    file,
    `PITWALL_HOST=pitwall-test\nPITWALL_DATA_VOLUME=vol-0123\nPITWALL_CORES=2-3\nPITWALL_SECRETS="${secrets}"\n`,
  );
  const env = { BIN_DIR: host.dir, PITWALL_ROOT: root, PITWALL_WAIT_S: "1" };
  const done = script(join(AWS, "first-boot"), scratch(), env, file);
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
    /isolcpus=domain,managed_irq,2 nohz_full=2 rcu_nocbs=2 /,
    "the engine's core alone: threads do not move between isolated ones",
  );
  const service = "etc/systemd/system/pitwall.service";
  assert.match(text(`${service}.d/cores.conf`), /^CPUAffinity=2-3\nAllowedCPUs=2-3$/m);
  for (const file of [service, "etc/sysusers.d/pitwall.conf", "etc/tmpfiles.d/pitwall.conf"])
    assert.ok(existsSync(join(root, file)), file);
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

test("first-boot: the service is handed the secrets that this host has, and no others", () => {
  const handed = (secrets) =>
    readFileSync(join(boot(DATA, secrets).root, "etc/systemd/system/pitwall.service.d/credentials.conf"), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("LoadCredential="));
  const tls = "LoadCredential=tls-key:/etc/pitwall/secrets/tls-key";
  // The first, empty one takes back what the unit asks for: paper has no venue's key.
  assert.deepEqual(handed("pitwall-paper/tls-key"), ["LoadCredential=", tls]);
  assert.deepEqual(handed("pitwall-prod/bybit-key pitwall-prod/bybit-key-next pitwall-prod/tls-key"), [
    "LoadCredential=",
    "LoadCredential=bybit-key:/etc/pitwall/secrets/bybit-key",
    tls,
  ]);
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
  for (const [from, name] of units.filter((unit) => /^pitwall-(backup|restore|anchors|secrets).*service$/.test(unit[1])))
    assert.match(
      readFileSync(join(from, name), "utf8"),
      /^OnFailure=pitwall-failed@%n\.service$/m,
      `nobody hears that ${name} has failed`,
    );
  assert.match(
    verify((text, name) => (name === "pitwall-backup.service" ? text.replace("backup/backup", "backup/gone") : text))
      .said,
    /gone/,
  );
});
