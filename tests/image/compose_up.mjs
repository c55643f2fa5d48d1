// compose_up.mjs DIR IMAGE_TAR VERSION   brings the compose file up by docker-compose over podman's Docker API, and looks at
// it as docs/deploy.md says; exit code 0 when all was as it should be. Only for `unshare` (compose.test.mjs), as root:
// networks, mounts and processes are its own, and all of it ends with it.
//
// As the file has them: services, networks, names, published ports, secrets, health of ours, order of the start. Other
// than in the file: Debian's Prometheus, Alertmanager and node exporter stand in for images that only a registry has, the
// log goes to files since no journal is here, and docker-compose 1.29 is told the project's name instead of reading it.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Caller, ROOT } from "../api/server.mjs";
import { pause, until } from "../api/wait.mjs";

const [, , place, ARCHIVE, VERSION] = process.argv;
const NOBODY = 65534;
const SERVICES = ["venue", "pitwall", "prometheus", "alertmanager", "node-exporter"];
const STAND_INS = {
  "prom/prometheus": { program: "prometheus", folder: "prometheus" },
  "prom/alertmanager": { program: "prometheus-alertmanager", folder: "alertmanager", reads: "/usr/share/prometheus/alertmanager" },
  "prom/node-exporter": { program: "prometheus-node-exporter" },
};
const docker = join(place, "deploy/docker");
const secrets = join(docker, "secrets");
const socket = join(place, "podman.sock");
const STORE = ["--root", join(place, "storage"), "--runroot", join(place, "run"), "--storage-driver", "vfs"];
const HOW = ["--network-config-dir", join(place, "networks"), "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "none"];
const run = (program, ...args) => execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
const podman = (...args) => run("podman", ...STORE, ...HOW, ...args);
const COMPOSE = ["-p", "pitwall", "-f", join(docker, "compose.yaml"), "-f", join(docker, "here.yaml")];
const ENV = { ...process.env, DOCKER_HOST: `unix://${socket}`, PITWALL_VERSION: VERSION };
const compose = (...args) => execFileSync("docker-compose", [...COMPOSE, ...args], { encoding: "utf8", env: ENV, stdio: ["ignore", "pipe", "pipe"] });
const inside = (service, ...words) => compose("exec", "-T", service, "/opt/pitwall/pitwall", ...words);

/** A copy of deploy/, since secrets are made beside the file, and what is other here. */
function layOut() {
  cpSync(join(ROOT, "deploy"), join(place, "deploy"), { recursive: true });
  chmodSync(place, 0o711);
  const text = readFileSync(join(docker, "compose.yaml"), "utf8");
  const nameless = text.replace(/^name: pitwall\n/m, "");
  assert.notEqual(nameless, text, "the file names its project");
  writeFileSync(join(docker, "compose.yaml"), nameless);
  const bounded = { soft: 4096, hard: 4096 }; // more than a sandbox may give away otherwise
  const here = { logging: { driver: "json-file" }, ulimits: { nofile: bounded, nproc: bounded } };
  writeFileSync(join(docker, "here.yaml"), JSON.stringify({ services: Object.fromEntries(SERVICES.map((it) => [it, here])) }));
  run(join(docker, "make-secrets"), secrets);
}

/** The image of a program of Debian's by the name that the compose file has, with its version. */
function standIn(image, { program, folder, reads }) {
  const root = join(place, program);
  const path = run("which", program);
  const libraries = run("ldd", path).split("\n").flatMap((line) => /\s(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  for (const file of [path, ...libraries]) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    cpSync(file, join(root, file), { dereference: true });
  }
  if (reads) {
    cpSync(reads, join(root, reads), { recursive: true });
  }
  if (folder) {
    mkdirSync(join(root, folder));
    chownSync(join(root, folder), NOBODY, NOBODY);
  }
  run("tar", "-C", root, "-cf", `${root}.tar`, ".");
  const reference = new RegExp(`^    image: (docker\\.io/${image}:\\S+)$`, "m").exec(readFileSync(join(docker, "compose.yaml"), "utf8"))[1];
  podman("import", "--quiet", "--change", `ENTRYPOINT ["${path}"]`, "--change", `USER ${NOBODY}`, `${root}.tar`, reference);
}

/** The API that docker-compose speaks to. */
async function serve() {
  const service = spawn("podman", [...STORE, ...HOW, "system", "service", "--time", "0", `unix://${socket}`], { stdio: "ignore" });
  process.on("exit", () => service.kill("SIGKILL"));
  await until("podman's socket", () => existsSync(socket));
}

/** Health checks are the clock's under systemd; here they are asked for, until compose is through. */
async function up() {
  const child = spawn("docker-compose", [...COMPOSE, "up", "-d", ...SERVICES], { env: ENV, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  [child.stdout, child.stderr].forEach((stream) => stream.on("data", (text) => (said += text)));
  let code = null;
  child.once("exit", (its) => (code = its));
  const check = (name) => spawnSync("podman", [...STORE, ...HOW, "healthcheck", "run", `pitwall_${name}_1`], { stdio: "ignore" });
  const done = async () => {
    ["venue", "pitwall"].forEach(check);
    await pause(1000);
    return code !== null;
  };
  await until("docker-compose up", done, 180000).catch((error) => assert.fail(`${error.message}: ${said}`));
  assert.equal(code, 0, said);
}

/** The answer's body; nothing while nobody listens there yet, or nobody behind the published port. */
async function asked(port, path) {
  const answer = await new Caller(`http://127.0.0.1:${port}`).call("GET", path).catch(notYet);
  return answer.body;
}

function notYet(error) {
  assert.match(error.code, /^ECONN(REFUSED|RESET)$/, error.message);
  return {};
}

async function lookAtIt() {
  const trusts = { ca: readFileSync(join(secrets, "ca.crt")) };
  const desk = new Caller("https://127.0.0.1:8443", trusts);
  await until("a ready program at the published port", async () => (await desk.call("GET", "/health/ready").catch(notYet)).status === 200, 60000);
  const { items } = JSON.parse(inside("pitwall", "state", "--json", "--data", "/var/lib/pitwall/data"));
  assert.equal(items.find(({ scope }) => scope === "firm").state, "HALTED", "mode live comes up HALTED");
  const file = join(place, "first-login");
  run("podman", ...STORE, ...HOW, "cp", "pitwall_pitwall_1:/var/lib/pitwall/data/first-login", file);
  assert.equal(JSON.parse(readFileSync(file, "utf8")).users[0].user, "admin");
  const jobs = await until("every target up", async () => {
    await pause(500);
    const { data } = (await asked(9090, "/api/v1/targets")) ?? {};
    return data && data.activeTargets.every(({ health }) => health === "up") && data.activeTargets.map(({ labels }) => labels.job);
  }, 60000).catch(async (error) => {
    throw new Error(`${error.message}: ${JSON.stringify((await asked(9090, "/api/v1/targets")).data.activeTargets)}`);
  });
  assert.deepEqual(jobs.sort(), ["alertmanager", "host", "pitwall", "prometheus"]);
  const made = inside("pitwall", "token", "create", "--data", "/var/lib/pitwall/data", "--name", "killer", "--scope", "kill");
  const killer = Object.assign(new Caller("https://127.0.0.1:8444", trusts), { token: made.trim() });
  assert.equal((await killer.call("POST", "/api/v1/kill", { scope: "firm", reason: "drill" })).status, 200);
  const alert = await until("the kill's page at Alertmanager", async () =>
    (await asked(9093, "/api/v2/alerts"))?.find(({ labels }) => labels.alertname === "PitwallKillActive"), 60000);
  assert.equal(alert.labels.severity, "page");
  const { data } = await asked(9090, "/api/v1/rules");
  const rules = data.groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 50 && rules.every(({ health, lastError }) => health !== "err" && !lastError), "every rule can be judged");
}

run("ip", "link", "set", "lo", "up");
run("mount", "-t", "tmpfs", "tmpfs", "/run"); // where names and addresses of networks are kept
layOut();
await serve();
podman("load", "--quiet", "--input", ARCHIVE);
Object.entries(STAND_INS).forEach(([image, how]) => standIn(image, how));
await up();
await lookAtIt();
compose("stop");
["venue", "pitwall"].forEach((name) => assert.equal(podman("inspect", "--format", "{{.State.ExitCode}}", `pitwall_${name}_1`), "0", name));
process.exit(0);
