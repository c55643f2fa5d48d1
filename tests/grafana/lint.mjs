// What a dashboard must be, beside being of Grafana's types: complaints, `PANEL: what`. PromQL and LogQL are read by
// Grafana's and Prometheus's own grammars.

import { parser as logql } from "@grafana/lezer-logql";
import { parser as promql } from "@prometheus-io/lezer-promql";

const FULL_WIDTH = 24;
const RATES = /^(rate|irate|increase)$/;
const OVER_COUNTERS = /^(rate|irate|increase|resets|changes)$/;

/** Grafana's variables as what they stand for: a duration, or text within a string. */
export function filled(expr) {
  return expr
    .replaceAll("$__rate_interval", "5m")
    .replaceAll("$__auto", "5m")
    .replace(/\$\{?(\w+)\}?/g, "x");
}

function nodes(parser, expr) {
  const found = [];
  parser.parse(expr).iterate({ enter: (ref) => void found.push(ref.node) });
  return found;
}

const textOf = (expr, node) => expr.slice(node.from, node.to);

/** Why a query cannot be read; null: it can. */
export function unreadable(parser, expr) {
  const wrong = nodes(parser, expr).find((node) => node.type.isError);
  return wrong ? `cannot be read at ${wrong.from}: ${expr.slice(wrong.from, wrong.from + 30)}` : null;
}

/** The function that a selector is an argument of; "": none. */
function functionOver(expr, node) {
  for (let up = node.parent; up; up = up.parent)
    if (up.name === "FunctionCall") return textOf(expr, up.getChild("FunctionIdentifier") ?? up.firstChild).trim();
  return "";
}

/** Names of series that an expression of PromQL asks for. */
export function metricsOf(expr) {
  const text = filled(expr);
  return nodes(promql, text)
    .filter(({ name }) => name === "VectorSelector")
    .map((node) => /^[a-zA-Z_:][\w:]*/.exec(textOf(text, node))?.[0] ?? "?");
}

function promComplaints(expr) {
  const bad = [];
  const text = filled(expr);
  const wrong = unreadable(promql, text);
  if (wrong) return [wrong];
  // Positions are those of the text with values in: the raw text of a selector is looked up by its name.
  for (const node of nodes(promql, text)) {
    if (node.name === "VectorSelector") {
      const selector = textOf(text, node);
      if (!/job=~"x"/.test(selector) || !/instance=~"x"/.test(selector))
        bad.push(`${selector} is not of a job and an instance`);
      const over = functionOver(text, node);
      if (/^[a-z_:]+_total\b/.test(selector) && !OVER_COUNTERS.test(over))
        bad.push(`${selector} is a counter, shown as it is`);
    }
    if (node.name === "MatrixSelector" && RATES.test(functionOver(text, node)) && !/\[5m\]$/.test(textOf(text, node)))
      bad.push(`${textOf(text, node)} has a range of its own`);
  }
  const ranges = expr.match(/\b(?:rate|irate|increase)\([^[]*\[[^\]]*\]/g) ?? [];
  ranges
    .filter((range) => !range.endsWith("[$__rate_interval]"))
    .forEach((range) => bad.push(`${range} is not over $__rate_interval`));
  if (/histogram_quantile/.test(expr) && !/\ble\b/.test(expr)) bad.push("a quantile without le");
  return bad;
}

function logComplaints(expr) {
  const text = filled(expr);
  const wrong = unreadable(logql, text);
  if (wrong) return [wrong];
  return nodes(logql, text)
    .filter(({ name }) => name === "Selector")
    .map((node) => textOf(text, node))
    .filter((selector) => !/job=~"x"/.test(selector) || !/instance=~"x"/.test(selector))
    .map((selector) => `${selector} is not of a job and an instance`);
}

function targetComplaints(panel, target) {
  const bad = [];
  const logs = target.datasource?.type === "loki";
  if (target.datasource?.uid !== (logs ? "${logs}" : "${datasource}")) bad.push("its data source is not a variable");
  if (panel.datasource?.uid !== target.datasource?.uid) bad.push("panel and query have two data sources");
  if (!target.expr) return [...bad, "an empty query"];
  return [...bad, ...(logs ? logComplaints(target.expr) : promComplaints(target.expr))];
}

function panelComplaints(panel) {
  const bad = [];
  const { unit } = panel.fieldConfig?.defaults ?? {};
  if (!panel.title) bad.push("no title");
  if (!panel.description) bad.push("no description");
  if (!unit) bad.push("no unit");
  if (!panel.targets?.length) bad.push("asks nothing");
  const refs = new Set(panel.targets?.map(({ refId }) => refId));
  if (refs.size !== (panel.targets?.length ?? 0)) bad.push("two queries of one letter");
  const { x, w, h } = panel.gridPos;
  if (x < 0 || x + w > FULL_WIDTH || w < 1 || h < 1) bad.push("is not on the grid");
  return [...bad, ...(panel.targets ?? []).flatMap((target) => targetComplaints(panel, target))];
}

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

function variableComplaints(dashboard) {
  const names = dashboard.templating.list.map(({ name }) => name);
  const asked = JSON.stringify([dashboard.panels, dashboard.templating.list.map(({ query }) => query)]);
  const used = new Set(
    [...asked.matchAll(/\$\{?(\w+)\}?/g)].map(([, name]) => name).filter((name) => !name.startsWith("__")),
  );
  // Variables of labels ask the data source, by its own variable.
  const bad = [...used].filter((name) => !names.includes(name)).map((name) => `$${name} is not a variable`);
  names.filter((name) => !used.has(name)).forEach((name) => bad.push(`the variable ${name} is not used`));
  for (const name of ["datasource", "job", "instance"]) if (!names.includes(name)) bad.push(`no variable ${name}`);
  return bad;
}

/** Complaints about one dashboard; `headings` are those of the runbook, which descriptions point to. */
export function complaints(dashboard, headings) {
  const bad = variableComplaints(dashboard);
  const { panels } = dashboard;
  const ids = new Set(panels.map(({ id }) => id));
  const titles = new Set(panels.map(({ title }) => title));
  if (ids.size !== panels.length) bad.push("two panels of one id");
  if (titles.size !== panels.length) bad.push("two panels of one title");
  if (!dashboard.uid || !dashboard.title || !dashboard.description) bad.push("no uid, title or description");
  for (const panel of panels) panelComplaints(panel).forEach((text) => bad.push(`${panel.title}: ${text}`));
  panels.forEach((a, at) =>
    panels
      .slice(at + 1)
      .filter((b) => overlap(a.gridPos, b.gridPos))
      .forEach((b) => bad.push(`${a.title} lies over ${b.title}`)),
  );
  for (const { title, description } of panels)
    for (const [, place] of (description ?? "").matchAll(/RUNBOOK: ([^.;]+)/g))
      if (!headings.some((heading) => heading.startsWith(place))) bad.push(`${title}: the runbook has no "${place}"`);
  return bad;
}
