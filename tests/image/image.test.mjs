// The container image, whole: what is in it, and a life of it as it is meant to be run, read-only, without
// capabilities or new privileges, as nobody, with Debian's Prometheus and Alertmanager watching over TLS.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chownSync, chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { Caller, configWith, QUIET, scratch } from "../api/server.mjs";
import { until } from "../api/wait.mjs";
import { METRICS_TOKEN, secretsAsMounted } from "../operate/secrets.mjs";
import { freePorts, HARDENED, IMAGE, inspect, podman, podmanOrThrow } from "./container.mjs";

const ACCOUNT = 65532;
const NAME = `pitwall-test-${process.pid}`;
const DATA = "/var/lib/pitwall/data";
const CREDENTIALS = "/run/pitwall/credentials";
const place = { volume: scratch(), etc: scratch(), secrets: scratch(), watch: scratch() };
const watchers = [];
let ports, url, trusts;

after(() => {
  podman("rm", "--force", "--time", "1", NAME);
  watchers.forEach((child) => child.kill("SIGKILL"));
});

/** The demo's configuration as it would be in a container: TLS, secrets by file, a scraper's token. */
function writeConfig() {
  const [desk, kill, metrics] = ports;
  const file = configWith(place.etc, QUIET, [
    /^listen: .*\nkill_listen: .*$/m,
    `listen: 127.0.0.1:${desk}
kill_listen: 127.0.0.1:${kill}
metrics_listen: 127.0.0.1:${metrics}
metrics_token_file: metrics-token
tls: { always: true, cert_file: /run/pitwall/credentials/tls.crt, key_file: tls.key }`,
  ]);
  writeFileSync(join(place.etc, "pitwall.yaml"), readFileSync(file, "utf8"), { mode: 0o644 });
}

/** Configuration and secrets, mounted. */
const configured = () => [
  ...["--env", `CREDENTIALS_DIRECTORY=${CREDENTIALS}`, "--volume", `${place.secrets}:${CREDENTIALS}:ro`],
  ...["--volume", `${place.etc}:/etc/pitwall:ro`],
];

/** Readable by the container's account, by group only. */
function giveToGroup(folder) {
  chmodSync(folder, 0o755);
  for (const name of readdirSync(folder, { recursive: true })) {
    chownSync(join(folder, name), 0, ACCOUNT);
  }
  chmodSync(join(folder, "..2026_11_28"), 0o755);
}

before(async () => {
  ports = await freePorts(5);
  secretsAsMounted(place.secrets);
  giveToGroup(place.secrets);
  trusts = { ca: readFileSync(join(place.secrets, "ca.crt")) };
  writeConfig();
  chmodSync(place.etc, 0o755);
  chmodSync(place.volume, 0o700);
  chownSync(place.volume, ACCOUNT, ACCOUNT);
  url = `https://127.0.0.1:${ports[0]}`;
});

test("the image has the program and what it needs, and nothing that could be misused", () => {
  const { config, entries } = inspect();
  const { User: user, Entrypoint: entry, Cmd: command, Labels: labels, Healthcheck: health, Env: env } = config.config;
  assert.equal(user, "65532:65532");
  assert.deepEqual(entry, ["/opt/pitwall/pitwall"]);
  assert.equal(command[0], "run");
  assert.deepEqual(health.Test, ["CMD", "/opt/pitwall/pitwall", "health", "--data", DATA]);
  assert.equal(labels["org.opencontainers.image.title"], "pitwall");
  assert.equal(labels["org.opencontainers.image.version"], IMAGE.split(":")[1]);
  assert.ok((env ?? []).every((row) => row.startsWith("PATH=")), `${env}`);
  const names = entries.map(({ name }) => name.replace(/^\.?\//, ""));
  const has = (name) => names.some((entryName) => entryName === name);
  const wanted = ["opt/pitwall/pitwall", "opt/pitwall/web/index.html", "etc/ssl/certs/ca-certificates.crt"];
  [...wanted, "usr/share/pitwall/sbom.cdx.json"].forEach((name) => assert.ok(has(name), name));
  const shells = names.filter((it) => /(^|\/)(sh|bash|dash|busybox|perl|python3?|apt|dpkg|su|mount)$/.test(it));
  assert.deepEqual(shells, []);
  const isLoose = ({ mode }) => /s/i.test(mode.slice(1)) || (mode[8] === "w" && mode[0] !== "l");
  const loose = entries.filter(isLoose).map(({ name }) => name);
  assert.deepEqual(loose, ["tmp/"], "set-user bits, or writable by all");
  const own = entries.filter(({ owner }) => owner !== "0/0").map(({ mode, owner, name }) => `${mode} ${owner} ${name}`);
  assert.deepEqual(own, ["drwx------ 65532/65532 var/lib/pitwall/"], "all else is root's");
  const bytes = entries.reduce((sum, { size, mode }) => sum + (mode[0] === "-" ? size : 0), 0);
  console.log(`image: ${Math.round(bytes / 1e5) / 10} MB in ${entries.length} entries`);
  assert.ok(bytes <= 60e6, `${bytes} bytes`);
});

test("without a volume, or without a configuration, it does not start", () => {
  const bare = podman("run", "--rm", ...HARDENED, IMAGE);
  assert.equal(bare.code, 78, bare.err);
  const noVolume = podman("run", "--rm", ...HARDENED, ...configured(), IMAGE);
  assert.notEqual(noVolume.code, 0);
  assert.match(noVolume.err, /Read-only file system/);
});

test("it runs read-only, as 65532, without capabilities; its health check says so", async () => {
  podmanOrThrow("run", "--detach", "--name", NAME, ...HARDENED, "--tmpfs", "/tmp:size=16m",
    ...["--volume", `${place.volume}:/var/lib/pitwall`, ...configured()],
    ...[IMAGE, "run", "--demo", "--config", "/etc/pitwall/pitwall.yaml", "--data", DATA]);
  await until("healthy", () => podman("healthcheck", "run", NAME).code === 0, 60000);
  const pid = podmanOrThrow("inspect", "--format", "{{.State.Pid}}", NAME);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)[1];
  assert.equal(field("Uid"), Array(4).fill(ACCOUNT).join("\t"));
  assert.equal(field("Gid"), Array(4).fill(ACCOUNT).join("\t"));
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
    assert.equal(field(set), "0000000000000000", set);
  }
  assert.equal(field("NoNewPrivs"), "1");
  const root = readFileSync(`/proc/${pid}/mountinfo`, "utf8").split("\n").find((line) => line.split(" ")[4] === "/");
  assert.match(root.split(" ")[5], /^ro\b/);
  assert.notEqual(podman("exec", NAME, "sh", "-c", "true").code, 0, "there is no shell");
});

test("page, reference and metrics are served over TLS; metrics to who has the token", async () => {
  const anybody = new Caller(url, trusts);
  for (const [path, says] of [["/", /<title>/], ["/docs", /operation/i]]) {
    const { status, text } = await anybody.call("GET", path);
    assert.equal(status, 200, path);
    assert.match(text, says);
  }
  const script = /src="(\/static\/[^"]+)"/.exec((await anybody.call("GET", "/")).text)[1];
  assert.equal((await anybody.call("GET", script)).status, 200, script);
  const scraper = new Caller(`https://127.0.0.1:${ports[2]}`, trusts);
  assert.equal((await scraper.call("GET", "/metrics")).status, 401);
  scraper.token = METRICS_TOKEN;
  const { status, text } = await scraper.call("GET", "/metrics");
  assert.equal(status, 200);
  assert.match(text, /^pitwall_kill_switch_active\S* 0$/m);
});

/** Starts a program of Debian's, output kept; ended with the test. */
function watch(program, ...args) {
  const child = spawn(program, args, { cwd: place.watch, stdio: ["ignore", "pipe", "pipe"] });
  child.said = "";
  [child.stdout, child.stderr].forEach((stream) => stream.on("data", (text) => (child.said += text)));
  watchers.push(child);
  return child;
}

/** One rule of the test's own, so that it asks about the way of an alert and not about a threshold. */
function writeWatch() {
  const rule = { alert: "Killed", expr: "max(pitwall_kill_switch_active) == 1", labels: { severity: "page" } };
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [join(place.watch, "rules.yaml")],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${ports[4]}`] }] }] },
    scrape_configs: [
      {
        job_name: "pitwall",
        scheme: "https",
        tls_config: { ca_file: join(place.secrets, "ca.crt") },
        authorization: { credentials_file: join(place.secrets, "metrics-token") },
        static_configs: [{ targets: [`127.0.0.1:${ports[2]}`] }],
      },
    ],
  };
  writeFileSync(join(place.watch, "rules.yaml"), JSON.stringify({ groups: [{ name: "test", rules: [rule] }] }));
  writeFileSync(join(place.watch, "prometheus.yaml"), JSON.stringify(config));
  const nobody = { route: { receiver: "nobody", group_wait: "0s" }, receivers: [{ name: "nobody" }] };
  writeFileSync(join(place.watch, "alertmanager.yaml"), JSON.stringify(nobody));
}

/** The answer's body; nothing while nobody answers. */
async function asked(port, path) {
  const answer = await new Caller(`http://127.0.0.1:${port}`).call("GET", path).catch((error) => {
    assert.equal(error.code, "ECONNREFUSED");
    return {};
  });
  return answer.body;
}

test("Prometheus scrapes it over TLS with the token; a kill reaches Alertmanager as an alert", async () => {
  mkdirSync(join(place.watch, "data"));
  writeWatch();
  const [, kill, , prometheus, alertmanager] = ports;
  const manager = watch("prometheus-alertmanager", `--web.listen-address=127.0.0.1:${alertmanager}`,
    ...["--cluster.listen-address=", `--storage.path=${place.watch}`],
    `--config.file=${join(place.watch, "alertmanager.yaml")}`);
  const server = watch("prometheus", `--web.listen-address=127.0.0.1:${prometheus}`,
    `--config.file=${join(place.watch, "prometheus.yaml")}`, `--storage.tsdb.path=${join(place.watch, "data")}`);
  const target = await until("a target that is up", async () => {
    const { data } = (await asked(prometheus, "/api/v1/targets")) ?? {};
    return data?.activeTargets.find(({ health }) => health === "up");
  }, 30000).catch((error) => assert.fail(`${error.message}: ${server.said}`));
  assert.equal(target.lastError, "");
  const create = ["token", "create", "--data", DATA, "--name", "killer", "--scope", "kill"];
  const token = podmanOrThrow("exec", NAME, "/opt/pitwall/pitwall", ...create);
  const killer = Object.assign(new Caller(`https://127.0.0.1:${kill}`, trusts), { token });
  const receipt = await killer.call("POST", "/api/v1/kill", { scope: "firm", reason: "drill" });
  assert.equal(receipt.status, 200);
  // What rests is cancelled behind the answer; it is complete once the venue has said so.
  const { incident } = receipt.body;
  await until("a complete receipt", async () => (await killer.call("GET", `/api/v1/kill/${incident}`)).body.complete);
  const alerts = await until("the alert", async () => {
    const found = (await asked(alertmanager, "/api/v2/alerts")) ?? [];
    return found.length > 0 && found;
  }, 30000).catch((error) => assert.fail(`${error.message}: ${manager.said}`));
  assert.equal(alerts[0].labels.alertname, "Killed");
  assert.equal(podman("healthcheck", "run", NAME).code, 0, "killed is healthy");
});

test("SIGTERM ends it in order within 5 s, and its data are its own", () => {
  const start = performance.now();
  podmanOrThrow("stop", "--time", "30", NAME);
  const took = performance.now() - start;
  assert.equal(podmanOrThrow("inspect", "--format", "{{.State.ExitCode}}", NAME), "0");
  assert.ok(took < 7000, `${took} ms, podman's own included`);
  assert.ok(readdirSync(join(place.volume, "data")).includes("audit.db"));
});
