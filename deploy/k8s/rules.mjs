#!/usr/bin/env node
// deploy/k8s/rules.mjs   writes base/prometheusrule.yaml, the resource of the Prometheus operator, from the
// rules of deploy/prometheus/rules: one source for both. A test compares them. What differs in a cluster:
// a shadow's pages are notifications, because nothing that it does is anybody's money; and a shard that is not there
// has no target that could be down, so each is missed by its name.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
// The reader that the page of the reference is built with.
const { parse, stringify } = createRequire(at("../../web/package.json"))("yaml");
const RULES = at("../prometheus/rules/");

/** The job is the name of the service: pitwall, pitwall-shadow, pitwall-shadow-next. */
const PAGE = '{{ if match "^pitwall-shadow" $labels.job }}notify{{ else }}page{{ end }}';

function inCluster(rule) {
  return rule.labels?.severity === "page" ? { ...rule, labels: { ...rule.labels, severity: PAGE } } : rule;
}

function shardGroup() {
  const { replicas } = parse(readFileSync(at("base/statefulset.yaml"), "utf8")).spec;
  const missing = Array.from({ length: replicas }, (_, shard) => `absent(up{job="pitwall",instance="pitwall-${shard}"})`);
  return {
    name: "pitwall-shards",
    rules: [
      {
        alert: "PitwallShardMissing",
        expr: missing.join(" or "),
        for: "1m",
        labels: { severity: "page" },
        annotations: {
          summary: "Shard {{ $labels.instance }} is not there",
          description: "No pod of it can be scraped: deleted, pending, or never started. Its orders are at the venue.",
          runbook_url: "docs/RUNBOOK.md#alert-shard_missing",
        },
      },
    ],
  };
}

/** The groups of all rule files, in the order of their names, and what only a cluster has. */
export function ruleGroups() {
  const files = readdirSync(RULES).filter((name) => name.endsWith(".yaml"));
  const groups = files.sort().flatMap((name) => parse(readFileSync(RULES + name, "utf8")).groups);
  return [...groups.map((group) => ({ ...group, rules: group.rules.map(inCluster) })), shardGroup()];
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
