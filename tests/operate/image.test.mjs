// deploy/docker as it is written: Dockerfile, compose file and what that mounts. The image itself is built and run
// by `make image-test`.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { ROOT, scratch, verb } from "../api/server.mjs";
import { composeProblems, dockerfileProblems } from "./docker.mjs";

const DOCKER = join(ROOT, "deploy/docker");
const dockerfile = readFileSync(join(DOCKER, "Dockerfile"), "utf8");
const readCompose = () => parse(readFileSync(join(DOCKER, "compose.yaml"), "utf8"), { merge: true });

/** What dockerfilelint finds in a text. It reads no hyphen, and takes --start-period for an unknown option. */
function lint(text) {
  const file = join(scratch(), "Dockerfile");
  writeFileSync(file, text.replace(" --start-period=60s", ""));
  const bin = join(ROOT, "tests/deploy/node_modules/.bin/dockerfilelint");
  const done = spawnSync(bin, ["--output", "json", file], { encoding: "utf8" });
  return JSON.parse(done.stdout).files[0].issues.map(({ title }) => title);
}

test("the Dockerfile satisfies its linter, which notices a tag that moves", () => {
  assert.deepEqual(lint(dockerfile), []);
  assert.notDeepEqual(lint(dockerfile.replace("debian:12.12-slim", "debian:latest")), []);
  assert.notDeepEqual(lint(dockerfile.replace("--no-install-recommends ", "")), []);
});

test("the Dockerfile keeps the desk's rules, and each is noticed when it does not", () => {
  assert.deepEqual(dockerfileProblems(dockerfile), []);
  const breaks = [
    ["FROM scratch", "FROM debian:12.12-slim", /FROM scratch/],
    ["debian:12.12-slim", "debian:latest", /Debian 12/],
    ["USER 65532:65532", "USER root", /65532/],
    ['CMD ["/opt/pitwall/pitwall", "health", "--data", "/var/lib/pitwall/data"]', "CMD curl -f localhost", /health/],
    ['ENTRYPOINT ["/opt/pitwall/pitwall"]', "ENTRYPOINT /opt/pitwall/pitwall", /shell/],
    ["STOPSIGNAL SIGTERM", "VOLUME /var/lib/pitwall", /nameless/],
    ["STOPSIGNAL SIGTERM", "RUN true", /no shell/],
    ["STOPSIGNAL SIGTERM", "ENV BYBIT_SECRET=x", /environment/],
    ["COPY . .", "ADD https://example.com/x .", /elsewhere/],
  ];
  for (const [from, to, says] of breaks) {
    const broken = dockerfile.replace(from, to);
    assert.notEqual(broken, dockerfile, from);
    assert.ok(dockerfileProblems(broken).some((problem) => says.test(problem)), `${to} was not noticed`);
  }
});

test("every service of the compose file keeps the desk's rules, and each is noticed when one does not", () => {
  assert.deepEqual(composeProblems(readCompose()), []);
  assert.deepEqual(Object.keys(readCompose().services).sort(),
    ["alertmanager", "alloy", "grafana", "loki", "node-exporter", "pitwall", "prometheus", "venue"]);
  const breaks = [
    [(it) => (it.image = "docker.io/prom/prometheus:latest"), /names no version/],
    [(it) => (it.image = "docker.io/prom/prometheus"), /names no version/],
    [(it) => delete it.mem_limit, /no limits/],
    [(it) => delete it.cpus, /no limits/],
    [(it) => (it.privileged = true), /privileged/],
    [(it) => (it.read_only = false), /write to its root/],
    [(it) => delete it.cap_drop, /capabilities/],
    [(it) => (it.security_opt = []), /gain privileges/],
    [(it) => delete it.healthcheck, /health check/],
    [(it) => (it.ports = ["9090:9090"]), /off loopback/],
    [(it) => (it.environment = { ADMIN_PASSWORD: "x" }), /in its environment/],
    [(it) => (it.secrets = ["unheard-of"]), /no file/],
    [(it) => (it.volumes = ["/var/run/docker.sock:/var/run/docker.sock"]), /socket/],
    [(it) => (it.mem_limits = "1g"), /mem_limits/],
    [(it) => (it.networks = ["elsewhere"]), /no network/],
  ];
  for (const [change, says] of breaks) {
    const broken = structuredClone(readCompose());
    change(broken.services.prometheus);
    assert.ok(composeProblems(broken).some((problem) => says.test(problem)), `${change} was not noticed`);
  }
});

/** The files and folders of the repository that the compose file mounts and that are not there. */
function missing() {
  const volumes = Object.values(readCompose().services).flatMap((service) => service.volumes ?? []);
  const mounted = volumes.map((volume) => volume.split(":")[0]);
  const ours = [...new Set(mounted.filter((path) => path.startsWith(".")))];
  assert.ok(ours.length >= 8, ours.join());
  return ours.filter((path) => !existsSync(resolve(DOCKER, path)));
}

test("what the compose file mounts of its own folder is there", () => {
  assert.deepEqual(missing().filter((path) => path.startsWith("./")), []);
  Object.values(readCompose().secrets).forEach(({ file }) => assert.equal(dirname(file), "./secrets"));
});

test("what it mounts of Prometheus, Alertmanager, Grafana and Alloy is there", (context) => {
  if (missing().length > 0) {
    context.skip(`${missing().join(", ")} of deploy/docker/compose.yaml`);
  }
});

test("every address that a service asks is a service's, or a name that it is given", () => {
  const { services } = readCompose();
  const known = (name, own) => ["127.0.0.1", "localhost"].includes(name) || name in services || own.includes(name);
  const read = (file) => parse(readFileSync(join(DOCKER, file), "utf8"));
  const scraped = read("prometheus.yaml").scrape_configs.flatMap(({ static_configs: [{ targets }] }) => targets);
  assert.deepEqual(scraped.filter((target) => !known(target.split(":")[0], [])), []);
  const { receivers } = read("../alertmanager/alertmanager.yml");
  const told = receivers.flatMap(({ webhook_configs: ways }) => ways.map(({ url }) => new URL(url).hostname));
  const names = services.alertmanager.extra_hosts.map((line) => line.split(":")[0]);
  // Its own loopback is the container's, where nothing listens.
  assert.deepEqual(told.filter((name) => !names.includes(name) && !(name in services)), []);
});

test("the log of a program has the label of its figures, and who draws them knows how often they come", () => {
  const text = (file) => readFileSync(join(ROOT, "deploy", file), "utf8");
  const labelOf = (file) =>
    parse(text(file)).scrape_configs.find(({ job_name: job }) => job === "pitwall").static_configs[0].labels.instance;
  const logged = (file) => new Set([...text(file).matchAll(/^ +instance = "(.*)",/gm)].map(([, name]) => name));
  const places = [
    ["config/prod.yaml", "prometheus/prometheus.yml", "alloy/config.alloy"],
    ["docker/pitwall.yaml", "docker/prometheus.yaml", "docker/containers.alloy"],
  ];
  for (const [config, scrape, log] of places) {
    const { instance } = parse(text(config));
    assert.equal(labelOf(scrape), instance, scrape);
    assert.deepEqual(logged(log), new Set([instance]), log);
    const [{ jsonData: source }] = parse(text("grafana/provisioning/datasources/pitwall.yaml")).datasources;
    assert.equal(source.timeInterval, parse(text(scrape)).global.scrape_interval, scrape);
  }
});

test("make-secrets makes each secret that the compose file names, once, and for nobody else", () => {
  const folder = join(scratch(), "secrets");
  const make = () => execFileSync(join(DOCKER, "make-secrets"), [folder], { stdio: "pipe" });
  make();
  const before = readFileSync(join(folder, "metrics-token"), "utf8");
  make();
  assert.equal(readFileSync(join(folder, "metrics-token"), "utf8"), before, "a second call keeps what is there");
  for (const { file } of Object.values(readCompose().secrets)) {
    const { mode, gid } = statSync(join(folder, file.replace("./secrets/", "")));
    assert.deepEqual([mode & 0o777, gid], [0o440, 65532], file);
  }
  assert.equal(statSync(join(folder, "ca.key")).mode & 0o777, 0o400);
  const named = execFileSync("openssl", ["verify", "-CAfile", "ca.crt", "-verify_hostname", "venue", "venue.crt"],
    { cwd: folder, encoding: "utf8" });
  assert.match(named, /OK/);
});

test("make-secrets that is ended anywhere leaves nothing half, and the next call makes the rest", () => {
  const folder = join(scratch(), "secrets");
  const bin = scratch();
  const openssl = execFileSync("sh", ["-c", "command -v openssl"], { encoding: "utf8" }).trim();
  const call = (at) => {
    writeFileSync(join(bin, "n"), "1");
    writeFileSync(
      join(bin, "openssl"),
      `#!/bin/sh
n=$(cat '${bin}/n'); echo $((n + 1)) > '${bin}/n'
[ "$n" = ${at} ] || exec ${openssl} "$@"
# The call of that number writes half of what it should, and the disk is full then.
for word in "$@"; do case $last in -out | -keyout) printf half > "$word" ;; esac; last=$word; done
printf half; exit 1
`,
      { mode: 0o755 },
    );
    return spawnSync(join(DOCKER, "make-secrets"), [folder], { env: { PATH: `${bin}:${process.env.PATH}` } }).status;
  };
  let at = 1;
  for (; call(at) !== 0; at++) {
    const left = readdirSync(folder);
    assert.deepEqual(left.filter((name) => name.startsWith(".new")), [], `ended at call ${at}`);
    for (const name of left) {
      const { mode, size } = statSync(join(folder, name));
      assert.ok(size > 40 && [0o440, 0o400].includes(mode & 0o777), `${name}, ended at call ${at}: ${size}`);
    }
    if (at % 2) rmSync(folder, { recursive: true }); // from the beginning, and from where it had come to
  }
  assert.ok(at > 6, `only ${at} calls`);
  const names = Object.values(readCompose().secrets).map(({ file }) => file.replace("./secrets/", ""));
  assert.deepEqual(names.filter((name) => !existsSync(join(folder, name))), []);
  const { status } = spawnSync("openssl", ["verify", "-CAfile", "ca.crt", "pitwall.crt", "venue.crt"], { cwd: folder });
  assert.equal(status, 0);
});

test("the configuration that the compose file mounts is one", () => {
  const { code, err } = verb("check", "--config", join(DOCKER, "pitwall.yaml"));
  assert.equal(code, 0, err);
});

test("the root folder of the image has the program, its page and what it is linked with, and no shell", () => {
  const build = dirname(process.env.PITWALL_BIN ?? join(ROOT, "build/pitwall"));
  const out = join(scratch(), "image");
  const root = join(out, "tree");
  execFileSync(join(DOCKER, "rootfs"), [build, out], { stdio: "pipe" });
  const files = readdirSync(root, { recursive: true });
  const found = files.filter((file) => /(^|\/)(sh|bash|dash|busybox|perl|python3?|apt|dpkg|su|mount)$/.test(file));
  assert.deepEqual(found, []);
  const args = ["--userspec=65532:65532", root, "/opt/pitwall/pitwall", "version"];
  const ran = spawnSync("chroot", args, { encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^pitwall \S/);
  assert.ok(existsSync(join(root, "opt/pitwall/web/index.html")));
  assert.notEqual(spawnSync(join(DOCKER, "rootfs"), [build, out]).status, 0, "what is there is not built over");
});
