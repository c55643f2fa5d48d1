// The dashboards of deploy/grafana: of Grafana's types, every query readable, every rule of tests/grafana/lint.mjs,
// every series there in a running demo, and each check against a dashboard that breaks it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { parse as parseYaml } from "yaml";
import { configWith, ROOT, scratch, Server, TLS } from "../api/server.mjs";
import { complaints, filled, metricsOf } from "../grafana/lint.mjs";

const FOLDER = join(ROOT, "deploy/grafana");
const NAMES = readdirSync(join(FOLDER, "dashboards")).filter((name) => name.endsWith(".json"));
const read = (name) => JSON.parse(readFileSync(join(FOLDER, "dashboards", name), "utf8"));
const DASHBOARDS = NAMES.map(read);
const HEADINGS = [...readFileSync(join(ROOT, "docs/RUNBOOK.md"), "utf8").matchAll(/^#+ (.*)$/gm)].map(
  ([, text]) => text,
);

const promExprs = (dashboard) =>
  dashboard.panels.flatMap(({ targets }) =>
    targets.filter(({ datasource }) => datasource.type === "prometheus").map(({ expr }) => expr),
  );
const variableSeries = ({ templating }) =>
  templating.list.flatMap(({ query }) =>
    [...(query.query ?? "").matchAll(/label_values\(([a-z_]+)/g)].map(([, name]) => name),
  );

test("the dashboards are what the generator makes, all five", () => {
  const dir = mkdtempSync(join(tmpdir(), "pitwall-grafana-"));
  assert.equal(spawnSync(process.execPath, [join(FOLDER, "make.mjs"), dir]).status, 0);
  assert.deepEqual(readdirSync(dir), NAMES);
  for (const name of NAMES)
    assert.ok(
      readFileSync(join(dir, name)).equals(readFileSync(join(FOLDER, "dashboards", name))),
      `${name}: run node deploy/grafana/make.mjs`,
    );
  rmSync(dir, { recursive: true });
  assert.deepEqual(NAMES, ["control-plane.json", "engine-host.json", "latency.json", "trading.json", "venues.json"]);
  assert.equal(new Set(DASHBOARDS.map(({ uid }) => uid)).size, NAMES.length);
});

for (const name of NAMES)
  test(`the rules of ${name}`, () => {
    assert.deepEqual(complaints(read(name), HEADINGS), []);
  });

/** A dashboard with one thing wrong. */
function broken(change) {
  const dashboard = structuredClone(read("venues.json"));
  change(dashboard, dashboard.panels[1]);
  return complaints(dashboard, HEADINGS).join("; ");
}

test("each rule notices what it is for", () => {
  const cases = [
    [(_, panel) => delete panel.title, /no title/],
    [(_, panel) => delete panel.description, /no description/],
    [(_, panel) => delete panel.fieldConfig.defaults.unit, /no unit/],
    [(_, panel) => (panel.targets = []), /asks nothing/],
    [(_, panel) => (panel.targets[0].expr = ""), /an empty query/],
    [(_, panel) => (panel.targets[0].expr = "sum(rate(x[5m"), /cannot be read/],
    [(_, panel) => (panel.targets[0].expr = 'up{job="pitwall"}'), /not of a job and an instance/],
    [(_, panel) => (panel.targets[0].expr = 'pitwall_fills_total{job=~"$job",instance=~"$instance"}'), /is a counter/],
    [
      (_, panel) => (panel.targets[0].expr = 'rate(pitwall_fills_total{job=~"$job",instance=~"$instance"}[5m])'),
      /not over \$__rate_interval/,
    ],
    [
      (_, panel) =>
        (panel.targets[0].expr =
          'histogram_quantile(0.9, sum(rate(x_bucket{job=~"$job",instance=~"$instance"}[$__rate_interval])))'),
      /without le/,
    ],
    [
      (_, panel) => (panel.targets[0].expr = 'max(up{job=~"$job",instance=~"$instance",venue=~"$venue"})'),
      /\$venue is not a variable/,
    ],
    [(_, panel) => (panel.targets[0].datasource = { type: "prometheus", uid: "abc" }), /data source is not a variable/],
    [(_, panel) => panel.targets.push(panel.targets[0]), /two queries of one letter/],
    [(_, panel) => (panel.id = 1), /two panels of one id/],
    [(_, panel) => (panel.gridPos = { x: 20, y: 0, w: 12, h: 8 }), /not on the grid/],
    [(_, panel) => (panel.gridPos.y -= 1), /lies over/],
    [(_, panel) => (panel.description = "RUNBOOK: Dance."), /the runbook has no "Dance"/],
    [(dashboard) => dashboard.templating.list.push({ name: "idle", query: "" }), /the variable idle is not used/],
    [
      (dashboard) => (dashboard.panels.at(-1).targets[0].expr = '{job=~"$job",instance=~"$instance"} | level='),
      /cannot be read/,
    ],
    [(dashboard) => (dashboard.panels.at(-1).targets[0].expr = '{app="pitwall"}'), /not of a job and an instance/],
  ];
  for (const [change, says] of cases) assert.match(broken(change), says);
});

/** What tsc says of a dashboard as Grafana's own type; where the JSON has a string enumeration's text, its name. */
function typed(dashboard) {
  const dir = mkdtempSync(join(tmpdir(), "pitwall-grafana-"));
  const text = JSON.stringify(dashboard, null, 1)
    .replace(/"mode": "absolute"/g, '"mode": ThresholdsMode.Absolute')
    .replace(/"type": "value",\s*"options"/g, '"type": MappingType.ValueToText, "options"');
  writeFileSync(
    join(dir, "dashboard.ts"),
    `import { type Dashboard, MappingType, ThresholdsMode } from "@grafana/schema";\n` +
      `export const dashboard: Dashboard = ${text};\nvoid MappingType, ThresholdsMode;\n`,
  );
  const schema = join(ROOT, "tests/grafana/node_modules/@grafana/schema");
  writeFileSync(
    join(dir, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        module: "esnext",
        moduleResolution: "bundler",
        target: "es2022",
        types: [],
        paths: { "@grafana/schema": [schema] },
      },
      files: ["dashboard.ts"],
    }),
  );
  const done = spawnSync(join(ROOT, "tests/node_modules/.bin/tsc"), ["-p", dir], { encoding: "utf8" });
  rmSync(dir, { recursive: true });
  return done.stdout.trim();
}

test("the dashboards are of Grafana's types, and another one is noticed", () => {
  for (const dashboard of DASHBOARDS) assert.equal(typed(dashboard), "", dashboard.uid);
  const wrong = structuredClone(DASHBOARDS[0]);
  wrong.refresh = 10;
  wrong.panels[0].gridPos.w = "8";
  wrong.panels[1].fieldConfig.defaults.decimals = "two";
  const said = typed(wrong);
  assert.equal(said.match(/TS2322/g)?.length, 3, said);
});

test("promtool reads every expression", (t) => {
  if (spawnSync("promtool", ["--version"]).error) {
    t.skip("no promtool on this machine");
    return;
  }
  const check = (exprs) => {
    const dir = mkdtempSync(join(tmpdir(), "pitwall-grafana-"));
    const rules = exprs.map((expr, at) => ({ record: `panel:${at}`, expr: filled(expr) }));
    writeFileSync(join(dir, "rules.yaml"), JSON.stringify({ groups: [{ name: "panels", rules }] }));
    const done = spawnSync("promtool", ["check", "rules", join(dir, "rules.yaml")], { encoding: "utf8" });
    rmSync(dir, { recursive: true });
    return done;
  };
  const done = check(DASHBOARDS.flatMap(promExprs));
  assert.equal(done.status, 0, done.stdout + done.stderr);
  assert.notEqual(check(["rate(up)"]).status, 0, "a rate of no range is noticed");
});

test("every series that a dashboard asks for is there in a running program", async () => {
  const server = await Server.start({ config: configWith(scratch(), TLS) });
  const { status, text } = await (await server.person("admin")).call("GET", "/metrics");
  assert.equal(status, 200, text);
  assert.equal(await server.stop(), 0);
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  const isThere = (name) => {
    const [, family] = /^(.*?)(?:_bucket|_sum|_count)$/.exec(name) ?? [];
    return types.has(name) || types.get(family) === "histogram";
  };
  const asked = new Set(
    DASHBOARDS.flatMap((dashboard) => [...promExprs(dashboard).flatMap(metricsOf), ...variableSeries(dashboard)]),
  );
  assert.ok(asked.size > 50, `only ${asked.size} names were read`);
  assert.deepEqual(
    [...asked].filter((name) => !isThere(name) && !name.startsWith("node_")), // those: prometheus.test.mjs
    [],
  );
  assert.ok(!isThere("pitwall_fills"), "a name that is not there is noticed");
  // The bucket that a panel names must be one of ours.
  for (const [, bound] of DASHBOARDS.flatMap(promExprs)
    .join("\n")
    .matchAll(/le="([^"]+)"/g))
    assert.ok(text.includes(`le="${bound}"`), `no bucket of ${bound}`);
});

test("what Grafana is provisioned with names what is there", () => {
  const yaml = (name) => parseYaml(readFileSync(join(FOLDER, "provisioning", name), "utf8"));
  const { datasources } = yaml("datasources/pitwall.yaml");
  assert.deepEqual(
    datasources.map(({ type }) => type),
    ["prometheus", "loki"],
  );
  for (const source of datasources) {
    assert.match(source.url, /^\$\{[A-Z_]+\}$/, "an address of one environment");
    assert.equal(source.editable, false);
    assert.ok(source.uid);
  }
  const { providers } = yaml("dashboards/pitwall.yaml");
  assert.deepEqual(
    providers.map(({ type, allowUiUpdates }) => [type, allowUiUpdates]),
    [["file", false]],
  );
});
