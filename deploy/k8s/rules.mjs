#!/usr/bin/env node
// deploy/k8s/rules.mjs   writes base/prometheusrule.yaml, the resource of the Prometheus operator, from the
// rules of deploy/prometheus/rules: one source for both. A test compares them.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
// The reader that the page of the reference is built with.
const { parse, stringify } = createRequire(at("../../web/package.json"))("yaml");
const RULES = at("../prometheus/rules/");

/** The groups of all rule files, in the order of their names. */
export function ruleGroups() {
  return readdirSync(RULES)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .flatMap((name) => parse(readFileSync(RULES + name, "utf8")).groups);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rule = {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "pitwall" },
    spec: { groups: ruleGroups() },
  };
  const head = "# Made from deploy/prometheus/rules by deploy/k8s/rules.mjs: change those, and run it.\n";
  writeFileSync(at("base/prometheusrule.yaml"), head + stringify(rule, { lineWidth: 100, indentSeq: true }));
}
