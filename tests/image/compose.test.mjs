// Two services of the compose file as it says, by podman: Pitwall live on the venue simulator, over TLS, with the
// secrets that make-secrets makes. The others' images are not to be had without a registry; what Prometheus is
// given is checked by promtool.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after } from "node:test";
import { parse } from "yaml";
import { ROOT, scratch } from "../api/server.mjs";
import { until } from "../api/wait.mjs";
import { freePorts, HARDENED, IMAGE, podman, podmanOrThrow } from "./container.mjs";

const DOCKER = join(ROOT, "deploy/docker");
const { services } = parse(readFileSync(join(DOCKER, "compose.yaml"), "utf8"), { merge: true });
const place = scratch();
const started = [];

after(() => started.forEach((name) => podman("rm", "--force", "--time", "1", name)));

/** The network is the machine's here, so the ports are others than in the file; nothing else is changed. */
function onPorts(text, ports) {
  return Object.entries(ports).reduce((changed, [from, to]) => changed.replaceAll(`:${from}`, `:${to}`), text);
}

/** What compose would make of a service, in podman's words. */
function start(name, ports) {
  const { command, environment = {}, secrets, tmpfs } = services[name];
  const data = join(place, `${name}-data`);
  mkdirSync(data, { mode: 0o700 });
  chownSync(data, 65532, 65532);
  const mounts = [
    ...secrets.map((secret) => `${join(place, "secrets", secret)}:/run/secrets/${secret}:ro`),
    `${join(place, "pitwall.yaml")}:/etc/pitwall/pitwall.yaml:ro`,
    `${data}:/var/lib/pitwall`,
  ];
  const container = `pitwall-compose-${name}-${process.pid}`;
  started.push(container);
  podmanOrThrow("run", "--detach", "--name", container, ...HARDENED, "--add-host", "venue:127.0.0.1",
    ...Object.entries(environment).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    ...mounts.flatMap((mount) => ["--volume", mount]),
    ...tmpfs.flatMap((mount) => ["--tmpfs", mount]),
    ...[IMAGE, ...command.map((word) => onPorts(word, ports))]);
  return container;
}

/** Waits for the service's own health check, run in its container. */
async function healthy(name, container) {
  const [, ...words] = services[name].healthcheck.test;
  let said;
  const ask = () => (said = podman("exec", container, ...words)).code === 0;
  await until(`a healthy ${name}`, ask, 30000).catch((error) => {
    throw new Error(`${error.message}: ${said.out}${said.err}${podman("logs", container).err}`);
  });
}

test("Pitwall trades on the venue beside it, as the compose file has both", async () => {
  const [desk, kill, metrics, venue] = await freePorts(4);
  const ports = { 8443: desk, 8444: kill, 9464: metrics, 9700: venue };
  execFileSync(join(DOCKER, "make-secrets"), [join(place, "secrets")], { stdio: "pipe" });
  chmodSync(place, 0o711);
  writeFileSync(join(place, "pitwall.yaml"), onPorts(readFileSync(join(DOCKER, "pitwall.yaml"), "utf8"), ports));
  const market = start("venue", ports);
  await healthy("venue", market);
  const program = start("pitwall", ports);
  await healthy("pitwall", program);
  const data = ["--data", "/var/lib/pitwall/data"];
  const ask = (...words) => podmanOrThrow("exec", program, "/opt/pitwall/pitwall", ...words, ...data);
  await until("a ready one", () => /ready yes/.test(ask("health")), 60000);
  const { items } = JSON.parse(ask("state", "--json"));
  assert.equal(items.find(({ scope }) => scope === "firm").state, "HALTED", "mode live comes up HALTED");
  podmanOrThrow("stop", "--time", "30", program);
  podmanOrThrow("stop", "--time", "10", market);
  assert.equal(podmanOrThrow("inspect", "--format", "{{.State.ExitCode}}", program), "0");
  assert.equal(podmanOrThrow("inspect", "--format", "{{.State.ExitCode}}", market), "0");
});

test("what Prometheus is given by the compose file is a configuration of Prometheus", () => {
  const folder = join(place, "prometheus");
  cpSync(DOCKER, folder, { recursive: true });
  const text = readFileSync(join(folder, "prometheus.yaml"), "utf8").replaceAll("/run/secrets", join(place, "secrets"));
  const check = (changed) => {
    writeFileSync(join(folder, "prometheus.yaml"), changed);
    return spawnSync("promtool", ["check", "config", join(folder, "prometheus.yaml")], { encoding: "utf8" });
  };
  const { status, stderr } = check(text);
  assert.equal(status, 0, stderr);
  assert.notEqual(check(text.replace("scheme:", "schema:")).status, 0, "a typo is noticed");
});
