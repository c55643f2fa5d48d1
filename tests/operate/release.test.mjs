// deploy/release.sh over a tree of its own: releases side by side, one link, one way back; run twice, or cut off, it
// comes to the same.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync,
  statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ROOT, scratch } from "../api/server.mjs";

const SCRIPT = join(ROOT, "deploy/release.sh");

function write(path, text, mode = 0o644) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

/** What a build makes, as far as a release is concerned. */
function built(version, folder = scratch(), mark = version) {
  write(join(folder, "pitwall"), `#!/bin/sh\necho "pitwall ${version}"\n`, 0o755);
  write(join(folder, "web/index.html"), mark);
  write(join(folder, "docs/RUNBOOK.md"), mark);
  write(join(folder, "deploy/systemd/pitwall.service"), `# unit of ${version}\n`);
  write(join(folder, "deploy/systemd/pitwall.tmpfiles"), `# tmpfiles of ${version}\n`);
  write(join(folder, "deploy/backup/pitwall-backup.timer"), `# timer of ${version}\n`);
  write(join(folder, "deploy/backup/pitwall-failed@.service"), `# new in ${version}\n`);
  write(join(folder, "deploy/aws/pitwall-host.service"), `# host of ${version}\n`);
  return folder;
}

/** A host: its tree, and a service manager that is a few lines of shell. */
function host() {
  const root = scratch();
  const bin = scratch();
  mkdirSync(join(root, "opt"));
  write(join(bin, "systemctl"), `#!/bin/sh\necho "$*" >> ${root}/calls\n[ "$1" != is-active ] || [ -e ${root}/runs ]\n`, 0o755);
  const release = (...args) => {
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    const done = spawnSync(SCRIPT, [...args, "--root", root], { encoding: "utf8", env });
    return { code: done.status, out: done.stdout, err: done.stderr };
  };
  const well = (...args) => {
    const { code, out, err } = release(...args);
    assert.equal(code, 0, err);
    return out;
  };
  const read = (path) => readFileSync(join(root, path), "utf8");
  const version = () => spawnSync(join(root, "opt/pitwall/pitwall"), [], { encoding: "utf8" }).stdout.trim();
  return { root, release, well, read, version };
}

/** Every folder and file below the releases: what must not grow by repetition. */
const inventory = (root) => readdirSync(join(root, "opt"), { recursive: true }).sort().join("\n");

test("upgrades go into folders of their own, and back is the one before, whole with its unit", () => {
  const { root, well, read, version } = host();
  for (const name of ["1.0", "1.1", "1.2"]) {
    well("install", built(name));
    well("use", name);
    assert.equal(version(), `pitwall ${name}`);
    assert.equal(read("opt/pitwall/web/index.html"), name);
  }
  assert.deepEqual(readdirSync(join(root, "opt")).sort(), ["pitwall", "pitwall-releases"]);
  assert.equal(readlinkSync(join(root, "opt/pitwall")), "pitwall-releases/1.2");
  assert.equal(well("list"), "  1.0\n- 1.1\n* 1.2\n");
  well("back");
  assert.equal(version(), "pitwall 1.1");
  assert.equal(read("opt/pitwall/docs/RUNBOOK.md"), "1.1");
  assert.equal(read("etc/systemd/system/pitwall.service"), "# unit of 1.1\n");
  assert.equal(read("etc/tmpfiles.d/pitwall.conf"), "# tmpfiles of 1.1\n");
  assert.equal(read("calls").trim().split("\n").at(-1), "daemon-reload");
});

test("each mode run again changes nothing: no tree in a tree, and no way back that leads forward", () => {
  const { root, release, well, version } = host();
  const [first, second] = [built("1.0"), built("1.1")];
  well("install", first);
  well("use", "1.0");
  for (let round = 0; round < 3; round++) {
    well("install", second);
    well("use", "1.1");
  }
  const before = inventory(root);
  well("install", second);
  well("use", "1.1");
  assert.equal(inventory(root), before);
  assert.equal(well("list"), "- 1.0\n* 1.1\n", "a second `use` does not make the new one the one before");
  well("back");
  const again = release("back");
  assert.equal(again.code, 69);
  assert.match(again.err, /no release before 1\.0 is on record/);
  assert.equal(version(), "pitwall 1.0");
});

test("a plain folder, as an image has it, becomes the release that it is, and one can go back to it", () => {
  const { root, well, version } = host();
  built("0.9", join(root, "opt/pitwall"));
  well("install", built("1.0"));
  well("use", "1.0");
  assert.equal(version(), "pitwall 1.0");
  well("back");
  assert.equal(version(), "pitwall 0.9");
  assert.ok(lstatSync(join(root, "opt/pitwall")).isSymbolicLink());
});

test("a release is readable by all, and no secret of the folder that it comes from is in it", () => {
  const { root, well } = host();
  const folder = built("1.0");
  write(join(folder, "deploy/docker/secrets/tls.key"), "hidden", 0o600);
  write(join(folder, "web/app.js"), "1", 0o600);
  well("install", folder);
  const release = join(root, "opt/pitwall-releases/1.0");
  assert.ok(!existsSync(join(release, "deploy/docker/secrets")));
  assert.equal(statSync(join(release, "web/app.js")).mode & 0o777, 0o644);
  well("install", folder);
});

test("while the service runs nothing is changed, and an install may be made", () => {
  const { root, release, well, version } = host();
  well("install", built("1.0"));
  well("use", "1.0");
  writeFileSync(join(root, "runs"), "");
  well("install", built("1.1"));
  for (const args of [["use", "1.1"], ["back"]]) {
    const { code, err } = release(...args);
    assert.equal(code, 75, args.join(" "));
    assert.match(err, /systemctl stop pitwall first/);
  }
  assert.equal(version(), "pitwall 1.0");
});

test("another build under a name that is taken, a version that is none, and one that is not here are refused", () => {
  const { root, release, well, version } = host();
  well("install", built("1.0"));
  well("use", "1.0");
  assert.equal(release("install", built("1.0", scratch(), "other")).code, 73);
  assert.equal(release("install", built("../../etc")).code, 65);
  assert.equal(release("install", scratch()).code, 66);
  assert.equal(release("use", "2.0").code, 66);
  assert.equal(well("list"), "* 1.0\n", "what is refused leaves no way back either");
  assert.equal(version(), "pitwall 1.0");
  for (const args of [[], ["use"], ["back", "1.0"], ["forward"], ["use", "1.0", "1.1"]])
    assert.equal(release(...args).code, 64, args.join(" "));
  assert.ok(!existsSync(join(root, "etc/systemd/system/pitwall-backup.timer")), "a unit that this host does not use");
});

test("an install and a use that were cut off are ended by the next", () => {
  const { root, well, version } = host();
  mkdirSync(join(root, "opt/pitwall-releases/.new.1.1/web"), { recursive: true });
  well("install", built("1.0"));
  well("use", "1.0");
  write(join(root, "etc/systemd/system/pitwall-backup.timer"), "# timer of 1.0\n");
  well("install", built("1.1"));
  // Cut off between the record and the link.
  rmSync(join(root, "opt/pitwall-releases/before"), { force: true });
  spawnSync("ln", ["-s", "1.0", join(root, "opt/pitwall-releases/before")]);
  spawnSync("ln", ["-s", "nowhere", join(root, "opt/pitwall.new")]);
  well("use", "1.1");
  assert.equal(version(), "pitwall 1.1");
  assert.equal(well("list"), "- 1.0\n* 1.1\n");
  const units = join(root, "etc/systemd/system");
  assert.equal(readFileSync(join(units, "pitwall-backup.timer"), "utf8"), "# timer of 1.1\n");
  assert.deepEqual(readdirSync(units).sort(), ["pitwall-backup.timer", "pitwall-failed@.service", "pitwall.service"],
    "what those name that were there is there too, and nothing of a cloud that this host is not in");
  assert.deepEqual(readdirSync(join(root, "opt/pitwall-releases")).sort(), ["1.0", "1.1", "before"]);
});
