// The compose file: brought up by docker-compose over podman, with networks, processes and mounts of its own
// (compose_up.mjs), and what Prometheus is given by promtool. Grafana, Loki and Alloy are not to be had without a registry.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { ROOT, scratch } from "../api/server.mjs";
import { IMAGE, IMAGE_DIR } from "./container.mjs";

const DOCKER = join(ROOT, "deploy/docker");
const LIMIT_MS = 300000;
const OWN = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

test("docker-compose brings up Pitwall, the venue and what watches them, as the file has them", { timeout: LIMIT_MS + 30000 }, () => {
  const folder = scratch();
  const [archive, version] = [join(IMAGE_DIR, "pitwall.tar"), IMAGE.split(":")[1]];
  // The shell is the first process of that world, and takes leave of those that nobody waits for.
  const words = ["bash", "-c", '"$@"; exit $?', "bash", process.execPath, join(ROOT, "tests/image/compose_up.mjs"), folder, archive, version];
  const { status, stdout, stderr } = spawnSync("unshare", [...OWN, ...words], { encoding: "utf8", timeout: LIMIT_MS, killSignal: "SIGKILL" });
  assert.equal(status, 0, `${stdout}${stderr}`);
});

test("what Prometheus is given by the compose file is a configuration of Prometheus", () => {
  const place = scratch();
  const folder = join(place, "prometheus");
  mkdirSync(join(place, "secrets"));
  ["ca.crt", "metrics-token"].forEach((name) => writeFileSync(join(place, "secrets", name), ""));
  cpSync(DOCKER, folder, { recursive: true });
  rmSync(join(folder, "secrets"), { recursive: true, force: true });
  const text = readFileSync(join(folder, "prometheus.yaml"), "utf8").replaceAll("/run/secrets", join(place, "secrets"));
  const check = (changed) => {
    writeFileSync(join(folder, "prometheus.yaml"), changed);
    return spawnSync("promtool", ["check", "config", join(folder, "prometheus.yaml")], { encoding: "utf8" });
  };
  const { status, stderr } = check(text);
  assert.equal(status, 0, stderr);
  assert.notEqual(check(text.replace("scheme:", "schema:")).status, 0, "a typo is noticed");
});
