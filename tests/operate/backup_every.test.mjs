// `pitwall backup --every`, as a container runs it that has no timer: copies one after the other beside a server.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BIN, scratch, Server, verb } from "../api/server.mjs";
import { until } from "../api/wait.mjs";

let server;
before(async () => (server = await Server.start({ demo: false })));
after(async () => assert.equal(await server.stop(), 0));

const STAMP = /^\d{8}T\d{6}Z$/;
const made = (out) => (existsSync(out) ? readdirSync(out).filter((name) => STAMP.test(name)).sort() : []);

function rounds(data, out, keep = "2") {
  const child = spawn(BIN, ["backup", "--data", data, "--out", out, "--every", "1", "--keep", keep]);
  const self = { child, said: "", ended: new Promise((done) => child.on("exit", (code, signal) => done(signal ?? code))) };
  child.stdout.on("data", (text) => (self.said += text));
  child.stderr.on("data", (text) => (self.said += text));
  process.on("exit", () => child.kill("SIGKILL"));
  self.stop = () => child.kill("SIGTERM") && self.ended;
  return self;
}

test("a whole copy each turn, the newest kept, halves of an earlier run gone; SIGTERM is its end", async () => {
  const out = join(scratch(), "backups");
  mkdirSync(join(out, "20261128T000000Z.partial/journal"), { recursive: true });
  writeFileSync(join(out, "20261128T000000Z.partial/journal/half"), "x");
  mkdirSync(join(out, "of-somebody-else"));
  const self = rounds(server.dir, out);
  await until("three turns", () => (self.said.match(/copied and checked/g) ?? []).length >= 3);
  assert.equal(await self.stop(), 0);
  const names = made(out);
  assert.ok(names.length >= 2 && names.length <= 3, names.join());
  assert.match(self.said, /^removed /m);
  assert.ok(!existsSync(join(out, "20261128T000000Z.partial")));
  assert.ok(existsSync(join(out, "of-somebody-else")), "a name that is no time stamp is not touched");
  for (const name of names.slice(0, 2)) {
    assert.ok(existsSync(join(out, name, "VERIFIED")), name);
    assert.equal(verb("restore", "--from", join(out, name), "--check").code, 0);
  }
  assert.match(readFileSync(join(server.dir, "backup.made"), "utf8").trim(), STAMP);
});

test("one that fails is said and tried again, and leaves no half; the folder is one process's", async () => {
  const out = join(scratch(), "backups");
  const data = join(scratch(), "later");
  const self = rounds(data, out);
  await until("it has failed twice", () => (self.said.match(/pitwall backup: .*audit\.db/g) ?? []).length >= 2);
  assert.deepEqual(readdirSync(out), [".lock"]);
  const other = rounds(server.dir, out);
  assert.equal(await other.ended, 75);
  assert.match(other.said, /another one makes backups there/);
  assert.equal(await self.stop(), 0);
});

test("what is no number of seconds or copies is refused", () => {
  for (const more of [["--every", "0"], ["--every", "x"], ["--every", "60", "--keep", "0"]])
    assert.equal(verb("backup", "--data", server.dir, "--out", join(scratch(), "x"), ...more).code, 64, more.join(" "));
});
