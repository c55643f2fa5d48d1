// What tells CloudWatch how a host on AWS is, and with it people: the program's own alerts go this way. The cloud is a
// script that writes down what it was asked; that an alarm waits for each figure is read in Terraform's files.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { parse } from "yaml";
import { configWith, ROOT, scratch, Server, verb } from "../api/server.mjs";
import { until } from "../api/wait.mjs";
import { readTree } from "../terraform/policies.mjs";
import { AWS, stubs } from "./scripts.mjs";

const PAGES = [...verb("spec", "alerts").out.matchAll(/^\| `(\w+)` \| `\w+` \| page \|/gm)].map(([, name]) => name);
const { metrics_listen: listens } = parse(readFileSync(join(ROOT, "deploy/config/prod.yaml"), "utf8"));
let server;
let cloud; // a folder of programs in front of the real ones, and what aws was told last
let state;

before(async () => {
  // As prod.yaml has it, on a port of this test.
  const metrics = [/^seed:/m, `metrics_listen: ${listens.replace(/:\d+$/, ":0")}\nseed:`];
  server = await Server.start({ config: configWith(scratch(), metrics) });
  state = scratch();
  cloud = stubs({
    aws: `here=$(dirname "$0"); [ ! -e "$here/away" ] && printf '%s\\n' "$@" > "$here/said"`,
    chronyc: "echo A9FEA97B,169.254.169.123,4,1700000000.1,-0.000012,0,0,0,0,0,0,0,0,Normal",
  }).dir;
});
after(async () => assert.equal(await server.stop(), 0));

/** Runs the script; {code, told: {name or name/alert: value}}, told null when the cloud heard nothing. */
function figures(env = {}) {
  rmSync(join(cloud, "said"), { force: true });
  const done = spawnSync(join(AWS, "pitwall-figures"), [], {
    encoding: "utf8",
    env: {
      ...{ PATH: `${cloud}:${process.env.PATH}`, PITWALL_HOST: "pitwall-test", PITWALL_REGION: "ap-southeast-1" },
      ...{ PITWALL_DATA: server.dir, RUNTIME_DIRECTORY: state, ...env },
    },
  });
  assert.equal(done.stderr, "");
  let said;
  try {
    said = readFileSync(join(cloud, "said"), "utf8").trim().split("\n");
  } catch {
    return { code: done.status, told: null }; // it was away
  }
  assert.deepEqual(said.slice(0, 6), ["cloudwatch", "put-metric-data", "--region", "ap-southeast-1", "--namespace", "Pitwall"]);
  const told = {};
  for (const { MetricName: name, Dimensions: dimensions, Value: value } of JSON.parse(said[7])) {
    const { Host: host, Alert: alert } = Object.fromEntries(dimensions.map((one) => [one.Name, one.Value]));
    assert.equal(host, "pitwall-test");
    told[alert ? `${name}/${alert}` : name] = value;
  }
  return { code: done.status, told };
}

const firing = (told) => PAGES.filter((alert) => told[`firing/${alert}`] > 0);

test("what is measured is put, what is not is left out, a dead program is 0", async () => {
  for (const name of ["backup.made", "backup.sent", "backup.tested"]) writeFileSync(join(server.dir, name), "x");
  const past = Date.now() / 1000 - 7000;
  utimesSync(join(server.dir, "backup.sent"), past, past);
  await until("a first look at the alerts", () => "alerts-age" in figures().told);
  const { code, told } = figures();
  assert.equal(code, 0);
  assert.equal(told.live, 1);
  assert.equal(told["clock-offset"], 0.000012);
  assert.ok(told["disk-used"] >= 0 && told["disk-used"] <= 1, told["disk-used"]);
  assert.ok(told["backup-age"] < 60 && told["restore-test-age"] < 60);
  assert.ok(told["backup-sent-age"] >= 7000 && told["backup-sent-age"] < 7060, told["backup-sent-age"]);
  assert.ok(told["alerts-age"] < 30, told["alerts-age"]);
  const dead = figures({ PITWALL_DATA: scratch() }).told;
  assert.deepEqual(Object.keys(dead).sort(), ["clock-offset", "disk-used", "live"]);
  assert.equal(dead.live, 0);
});

test("each alert of the program's that pages is a figure, and a kill shows in its own", async () => {
  assert.ok(PAGES.length > 12, PAGES.join());
  const { told } = figures();
  assert.deepEqual(
    Object.keys(told).filter((name) => name.startsWith("firing/")).sort(),
    PAGES.map((name) => `firing/${name}`).sort(),
  );
  assert.ok(!firing(told).includes("kill_active"));
  const killed = verb("kill", "--data", server.dir, "--scope", "strategy/maker", "--reason", "drill");
  assert.equal(killed.code, 0, killed.err);
  await until("the page", () => firing(figures().told).includes("kill_active"));
});

test("what fired and was over between two minutes is told, once, and not lost while the cloud is away", () => {
  const { told } = figures();
  const quiet = PAGES.find((alert) => told[`firing/${alert}`] === 0 && alert !== "kill_active");
  const kept = readFileSync(join(state, "fired"), "utf8");
  writeFileSync(join(state, "fired"), kept.replace(new RegExp(`^${quiet} \\d+$`, "m"), `${quiet} -1`));
  writeFileSync(join(cloud, "away"), "");
  assert.deepEqual(figures(), { code: 1, told: null });
  rmSync(join(cloud, "away"));
  assert.equal(figures().told[`firing/${quiet}`], 1);
  assert.equal(figures().told[`firing/${quiet}`], 0);
});

test("an alarm waits for each figure, each is put, and silence of any kind pages", async () => {
  const { files, resources } = await readTree(join(ROOT, "terraform"));
  const { hcl } = files.find(({ name }) => name === "modules/trading-host/alarms.tf");
  const [{ figures: rows, pages }] = hcl.locals.filter((one) => one.figures);
  assert.deepEqual([...pages].sort(), [...PAGES].sort());
  const { told } = figures();
  const names = Object.keys(told).filter((name) => !name.startsWith("firing/"));
  assert.deepEqual(names.filter((name) => !(name in rows) && name !== "notices"), []);
  const script = readFileSync(join(AWS, "pitwall-figures"), "utf8");
  for (const name of Object.keys(rows)) assert.match(script, new RegExp(`(put |")${name} `), `nothing puts ${name}`);
  const alarms = Object.fromEntries(
    resources.filter(({ type }) => type === "aws_cloudwatch_metric_alarm").map(({ id, body }) => [id, body]),
  );
  assert.equal(alarms.figure.treat_missing_data, "breaching");
  assert.equal(alarms.page.metric_name, "firing");
  assert.deepEqual(alarms.page.alarm_actions, ["${var.alarm_topic_arn}"]);
  assert.deepEqual(alarms.notices.alarm_actions, ["${var.notice_topic_arn}"]);
});

test("the log of every unit that a host has is collected, into the group that Terraform makes", async () => {
  const { logs } = JSON.parse(readFileSync(join(AWS, "cloudwatch-agent.json"), "utf8"));
  const [{ log_group_name: group, units }] = logs.logs_collected.journald.collect_list;
  const { resources } = await readTree(join(ROOT, "terraform"));
  const made = resources.find(({ type, id }) => type === "aws_cloudwatch_log_group" && id === "host").body.name;
  assert.equal(group.replace("PITWALL_HOST", "x"), made.replace("${var.name}", "x"));
  const services = ["aws", "backup", "systemd"].flatMap((folder) =>
    readdirSync(join(ROOT, "deploy", folder))
      .filter((name) => name.endsWith(".service") && !name.endsWith("@.service"))
      .flatMap((name) => {
        // One that has failed is told by another, and the alarm of errors waits for that one's line.
        const told = /^OnFailure=(\S+)$/m.exec(readFileSync(join(ROOT, "deploy", folder, name), "utf8"))?.[1];
        return told ? [name, told.replace("%n", name)] : [name];
      }),
  );
  assert.deepEqual([...units].sort(), services.sort());
});
