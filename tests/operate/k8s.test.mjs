// deploy/k8s: each manifest fits the type of its kind, the desk's rules hold, a shard trades what its ordinal
// says and nothing of another's; and each of these checks notices what it is for.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { BIN, ROOT, scratch, Server, verb } from "../api/server.mjs";
import { until } from "../api/wait.mjs";
import { ruleGroups } from "../../deploy/k8s/rules.mjs";
import { baseManifests, imageProblems, imagesOf, K8S, kustomize, OVERLAYS, ruleProblems, typeProblems,
  whyNoKustomize } from "./k8s.mjs";
import { cases as rowsOf } from "./cases.mjs";
import { METRICS_TOKEN, secretsAsMounted } from "./secrets.mjs";
import { run, shippedRules, without } from "./tools.mjs";

const NOBODY = 'environment: custom\n    rest: "https://127.0.0.1:9"\n    stream: "wss://127.0.0.1:9"';
const skip = whyNoKustomize();
const base = baseManifests();
const find = (manifests, kind, name) =>
  manifests.find(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name).manifest;
/** A copy of all, in which one manifest was changed by `change`. */
function changed(kind, name, change) {
  const copy = structuredClone(base);
  change(find(copy, kind, name));
  return copy;
}
const typed = (manifests) => typeProblems(manifests, scratch());

test("every manifest of the base fits its type", () => {
  assert.ok(base.length >= 12, `${base.length} manifests`);
  assert.deepEqual(typed(base), []);
});

test("a wrong type, an unknown field, a missing field and a typo in a resource of others are noticed", () => {
  const one = (kind, name, change) => ({ from: "broken", manifest: find(changed(kind, name, change), kind, name) });
  const engine = (change) => one("StatefulSet", "pitwall", change);
  const cases = [
    [/StatefulSet pitwall.*to type 'number'/, engine(({ spec }) => (spec.replicas = "2"))],
    [/readOnlyRootFileSystem/, engine(({ spec }) => {
      spec.template.spec.containers[0].securityContext = { readOnlyRootFileSystem: true };
    })],
    [/StatefulSet pitwall.*"selector"' is missing/, engine(({ spec }) => delete spec.selector)],
    [/Rollout pitwall-shadow.*stepz/, one("Rollout", "pitwall-shadow", ({ spec: { strategy } }) => {
      strategy.canary.stepz = strategy.canary.steps;
    })],
    [/AnalysisTemplate pitwall-shadow.*successConditions/, one("AnalysisTemplate", "pitwall-shadow", ({ spec }) => {
      spec.metrics[0].successConditions = "true";
    })],
    [/ServiceMonitor pitwall.*intervall/, one("ServiceMonitor", "pitwall", ({ spec }) => {
      spec.endpoints[0].intervall = "5s";
    })],
    [/PrometheusRule pitwall.*exprs/, one("PrometheusRule", "pitwall", ({ spec }) => {
      spec.groups[0].rules[0].exprs = "1";
    })],
    [/ExternalSecret pitwall.*secretkey/, one("ExternalSecret", "pitwall", ({ spec }) => {
      spec.data[0].secretkey = "x";
    })],
    [/NetworkPolicy pitwall-out.*podSelectors/, one("NetworkPolicy", "pitwall-out", ({ spec }) => {
      spec.egress[0].to[0].podSelectors = {};
    })],
    [/no type for apps\/v2/, engine((manifest) => (manifest.apiVersion = "apps/v2"))],
  ];
  const problems = typed(cases.map(([, broken]) => broken));
  for (const [says] of cases) {
    assert.ok(problems.some((problem) => says.test(problem)), `${says}: ${problems.join("; ")}`);
  }
});

test("the desk's rules hold for the base, and each is noticed when it does not", () => {
  assert.deepEqual(ruleProblems(base), []);
  const engine = (change) => changed("StatefulSet", "pitwall", ({ spec }) => change(spec, spec.template.spec));
  const container = (change) => engine((_spec, pod) => change(pod.containers[0]));
  const cases = [
    [/has no limits/, container((it) => delete it.resources.limits)],
    [/other than it is limited to/, container((it) => (it.resources.limits.cpu = "8"))],
    [/not whole ones/, container((it) => (it.resources.requests.cpu = it.resources.limits.cpu = "1500m"))],
    [/may write to its root/, container((it) => (it.securityContext.readOnlyRootFilesystem = false))],
    [/may gain privileges/, container((it) => delete it.securityContext.allowPrivilegeEscalation)],
    [/keeps capabilities/, container((it) => (it.securityContext.capabilities = {}))],
    [/whether its engine beats/, container((it) => delete it.livenessProbe)],
    [/what a venue may not say/, container((it) => (it.startupProbe.httpGet.path = "/health/ready"))],
    [/is backed up by nobody/, engine((_spec, pod) => pod.containers.pop())],
    [/is backed up by nobody/, engine((_spec, pod) => (pod.containers[1].args[4] = "/var/lib/pitwall/backups"))],
    [/is backed up by nobody/, engine((_spec, pod) => (pod.containers[1].args[2] = "/var/lib/pitwall/other"))],
    [/does not choose its shard/, container((it) => (it.args = ["run", "--config=/etc/pitwall/shard-0.yaml"]))],
    [/does not run as 65532/, engine((_spec, pod) => (pod.securityContext.runAsUser = 0))],
    [/shares a name space/, engine((_spec, pod) => (pod.hostNetwork = true))],
    [/token of the API server/, engine((_spec, pod) => delete pod.automountServiceAccountToken)],
    [/nodes of its own/, engine((_spec, pod) => delete pod.tolerations)],
    [/share a node/, engine((_spec, pod) => delete pod.affinity)],
    [/not by a person/, engine((spec) => (spec.updateStrategy.type = "RollingUpdate"))],
    [/two pods have one journal/, engine(({ volumeClaimTemplates: [claim] }) => {
      claim.spec.accessModes = ["ReadWriteMany"];
    })],
    [/a drain takes it away/, changed("PodDisruptionBudget", "pitwall", ({ spec }) => (spec.maxUnavailable = 1))],
    [/no policy denies everything/, changed("NetworkPolicy", "default-deny", ({ spec }) => (spec.ingress = [{}]))],
    [/lets everybody in/, changed("NetworkPolicy", "pitwall-in", ({ spec }) => delete spec.ingress[0].from)],
    [/lets pitwall reach anything/, changed("NetworkPolicy", "pitwall-out", ({ spec }) => {
      spec.podSelector.matchLabels = { "app.kubernetes.io/part-of": "another" };
    })],
    [/is given bybit-key-0/, changed("Rollout", "pitwall-shadow", ({ spec }) => {
      spec.template.spec.volumes.find(({ name }) => name === "credentials").secret.items.push({ key: "bybit-key-0" });
    })],
  ];
  for (const [says, manifests] of cases) {
    assert.ok(ruleProblems(manifests).some((problem) => says.test(problem)), `${says} was not noticed`);
  }
});

test("a tag that moves is no version", () => {
  const bad = ["pitwall", "pitwall:latest", "registry.example:5000/pitwall", "debian@sha256:1"];
  bad.forEach((image) => assert.equal(imageProblems([image]).length, 1, image));
  assert.deepEqual(imageProblems(["registry.example:5000/pitwall:0.8.0", `a:1@sha256:${"0".repeat(64)}`]), []);
});

for (const overlay of OVERLAYS) {
  test(`kustomize renders ${overlay}, which fits types and rules and names versions`, { skip }, () => {
    const manifests = kustomize(overlay);
    assert.deepEqual(typed(manifests), []);
    assert.deepEqual(ruleProblems(manifests), []);
    assert.deepEqual(imageProblems(imagesOf(manifests)), []);
    const files = Object.keys(find(manifests, "ConfigMap", "pitwall-shards").data);
    const { replicas } = find(manifests, "StatefulSet", "pitwall").spec;
    assert.equal(files.filter((file) => file.startsWith("shard-")).length, replicas);
    for (const { manifest } of manifests.filter(({ manifest: { kind } }) => kind !== "Namespace")) {
      const clusterWide = ["PriorityClass", "StorageClass"].includes(manifest.kind);
      assert.equal(manifest.metadata.namespace, clusterWide ? undefined : "pitwall", manifest.kind);
    }
  });

  test(`${overlay}: what each shard runs is a configuration, with instruments and an account of its own`, () => {
    const folder = join(K8S, "overlays", overlay);
    const seen = new Set();
    for (const file of readdirSync(folder).filter((name) => /^sh(ard-\d+|adow)\.yaml$/.test(name))) {
      const checked = verb("check", "--config", join(folder, file));
      assert.equal(checked.code, 0, `${file}: ${checked.err}`);
      const { mode, instruments, venues } = parse(readFileSync(join(folder, file), "utf8"));
      if (file === "shadow.yaml") {
        assert.equal(mode, "paper");
        assert.ok(venues.every(({ key_file }) => key_file === undefined), "a shadow has no key");
        continue;
      }
      const keys = venues.map(({ key_file }) => key_file).filter(Boolean);
      for (const own of [...instruments.map(({ instrument }) => instrument), ...keys]) {
        assert.ok(!seen.has(own), `${own} stands in two shards`);
        seen.add(own);
      }
    }
  });
}

test("the prod overlay fetches the key of every shard", { skip }, () => {
  const manifests = kustomize("prod");
  const fetched = find(manifests, "ExternalSecret", "pitwall").spec.data.map(({ secretKey }) => secretKey);
  const { data } = find(manifests, "ConfigMap", "pitwall-shards");
  const wanted = Object.values(data).flatMap((text) => parse(text).venues.map(({ key_file }) => key_file));
  assert.deepEqual(wanted.filter((key) => key && !fetched.includes(key)), []);
  assert.equal(wanted.filter(Boolean).length, 2);
});

const noRules = !existsSync(join(ROOT, "deploy/prometheus/rules")) && "there are no rules to compare with";

/** promtool on what the cluster has, given series: which alerts of a name fire, as `labels of ALERTS` texts. */
function firing(cases) {
  const dir = scratch();
  const { manifest } = base.find(({ manifest: { kind } }) => kind === "PrometheusRule");
  writeFileSync(join(dir, "rules.json"), JSON.stringify(manifest.spec));
  const tests = (every) => cases.filter((one) => (one.every ?? 5) === every).map(({ alert, at, series, expected }) => ({
    interval: `${every}s`,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [{
      expr: `ALERTS{alertname="${alert}",alertstate="firing"}`,
      eval_time: `${at}s`,
      exp_samples: expected.map((labels) => (
        { labels: `ALERTS{alertname="${alert}",alertstate="firing",${labels}}`, value: 1 })),
    }],
  }));
  const files = [...new Set(cases.map(({ every = 5 }) => every))].map((every) => {
    const file = join(dir, `${every}.json`);
    const whole = { rule_files: ["rules.json"], evaluation_interval: `${every}s`, tests: tests(every) };
    writeFileSync(file, JSON.stringify(whole));
    return file;
  });
  return run("promtool", ["test", "rules", ...files]);
}

const noPromtool = { skip: without("promtool") };

test("what would page of a live engine is a notification of a shadow's, by every rule that pages", noPromtool, () => {
  const pages = shippedRules().filter(({ alert, labels }) => alert && labels.severity === "page");
  const cases = pages
    .filter(({ alert }) => alert !== "PitwallDown") // asks for the live job by its name
    .flatMap(({ alert }, nth) => {
      const { at, every, series, fires } = rowsOf[alert].find((one) => one.fires.length > 0 && one.fires[0] !== null);
      // The severity is one text for all: one rule shows the live one and the next.
      const jobs = [["pitwall-shadow", "notify"], ["pitwall", "page"], ["pitwall-shadow-next", "notify"]];
      return jobs.slice(0, nth === 0 ? 3 : 1).map(([job, severity]) => ({
        alert,
        at,
        every,
        series: Object.fromEntries(
          Object.entries(series).map(([name, values]) => [name.replace('job="pitwall"', `job="${job}"`), values])),
        expected: fires.map((labels) => `severity="${severity}",job="${job}",instance="a"${labels && `,${labels}`}`),
      }));
    });
  assert.ok(cases.length > 15, `${cases.length}`);
  const { code, said } = firing(cases);
  assert.equal(code, 0, said);
});

test("a shard without a target pages by its name, also where the other is well", noPromtool, () => {
  const up = (shard, values) => ({ [`up{job="pitwall",instance="pitwall-${shard}"}`]: values });
  const missing = (shard) => `severity="page",job="pitwall",instance="pitwall-${shard}"`;
  const alert = "PitwallShardMissing";
  const { code, said } = firing([
    { alert, at: 120, series: { ...up(0, "1+0x40"), ...up(1, "1+0x40") }, expected: [] },
    { alert, at: 120, series: up(0, "1+0x40"), expected: [missing(1)] },
    { alert, at: 180, series: { ...up(0, "1+0x3 stale"), ...up(1, "1+0x40") }, expected: [missing(0)] },
    { alert, at: 30, series: up(0, "1+0x40"), expected: [] },
    { alert, at: 120, series: up("9", "1+0x40"), expected: [missing(0), missing(1)] },
  ]);
  assert.equal(code, 0, said);
  const page = readFileSync(join(ROOT, "docs/RUNBOOK.md"), "utf8");
  assert.match(page, /^### alert-shard_missing$/m);
});

test("the PrometheusRule is what the rules of Prometheus say", { skip: noRules }, () => {
  const { manifest } = base.find(({ manifest: { kind } }) => kind === "PrometheusRule");
  assert.deepEqual(manifest.spec.groups, ruleGroups(), "run deploy/k8s/rules.mjs");
  assert.ok(manifest.spec.groups.length > 0);
});

/** What the analysis of the shadow asks for and a scrape does not have. */
function unheardOf(metrics) {
  const { metrics: asked } = find(base, "AnalysisTemplate", "pitwall-shadow").spec;
  const queries = asked.map(({ provider }) => provider.prometheus.query);
  const names = queries.flatMap((query) => query.match(/\bpitwall_\w+/g) ?? []);
  assert.ok(names.length >= 5, names.join());
  return names.filter((name) => !new RegExp(`^${name}[{ ]`, "m").test(metrics));
}

async function scrape(server) {
  const scraper = server.anonymous().at(server.run.metrics_url);
  scraper.token = METRICS_TOKEN;
  return (await scraper.call("GET", "/metrics")).text;
}

/** What the kubelet makes of an argument: $(NAME) is replaced by the variable. */
const expand = (args, env) => args.map((arg) => arg.replaceAll(/\$\((\w+)\)/g, (_all, name) => env[name]));

/** The second container's own arguments, on the folders of this server; until it is told to end. */
async function backsUpBeside(server, { args }) {
  const out = join(scratch(), "backups");
  const here = args.map((arg, at) => ({ "--data": server.dir, "--out": out })[args[at - 1]] ?? arg);
  const child = spawn(BIN, here, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise((done) => child.on("exit", done));
  const made = () => (existsSync(out) ? readdirSync(out).filter((name) => /^\d{8}T\d{6}Z$/.test(name)) : []);
  await until("a backup", () => made().length === 1);
  assert.equal(verb("restore", "--from", join(out, made()[0]), "--check").code, 0);
  await until("it is on record", () => existsSync(join(server.dir, "backup.made")));
  child.kill("SIGTERM");
  assert.equal(await ended, 0, "as the first process of a container it must end by itself");
}

test("pod 0 runs one shard and pod 1 another, with the secrets as a volume has them", async () => {
  const [{ args, startupProbe }, backup] = find(base, "StatefulSet", "pitwall").spec.template.spec.containers;
  const credentials = secretsAsMounted(scratch());
  const folder = scratch();
  for (const shard of ["shard-0.yaml", "shard-1.yaml"]) {
    // The same, but on free ports of loopback and with a venue that nobody is at.
    const text = readFileSync(join(K8S, "overlays/paper", shard), "utf8")
      .replaceAll(/0\.0\.0\.0:\d+/g, "127.0.0.1:0")
      .replace("environment: testnet", NOBODY)
      .replaceAll("/run/pitwall/credentials", credentials)
      .replace("tls:\n", "tls:\n  always: true\n");
    writeFileSync(join(folder, shard), text);
  }
  process.env.CREDENTIALS_DIRECTORY = credentials;
  try {
    for (const [index, only] of [["0", "bybit-linear:BTCUSDT"], ["1", "bybit-linear:ETHUSDT"]]) {
      const config = expand(args, { POD_INDEX: index })[1].replace("--config=/etc/pitwall", folder);
      const server = await Server.start({ config, tls: { ca: readFileSync(join(credentials, "ca.crt")) } });
      const viewer = await server.person("viewer");
      const { body } = await viewer.get("/instruments");
      assert.deepEqual(body.items.map(({ instrument }) => instrument), [only]);
      assert.equal(verb("health", "--data", server.dir).code, 0);
      assert.equal(verb("health", "--data", server.dir, "--ready").code, 1, "its venue is away");
      const started = await server.anonymous().at(server.killUrl).call("GET", startupProbe.httpGet.path);
      assert.equal(started.status, 200, "..and that is no reason to start it anew");
      await backsUpBeside(server, backup);
      assert.deepEqual(unheardOf(await scrape(server)), []);
      assert.equal(await server.stop(), 0);
    }
  } finally {
    delete process.env.CREDENTIALS_DIRECTORY;
  }
});
