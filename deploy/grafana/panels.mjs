// The kinds of panel that our dashboards are made of, and their place on the grid. Every query names the data source,
// the job and the instance by a variable, so that one set of dashboards serves every environment.

const GRID = 24;
const PROMETHEUS = { type: "prometheus", uid: "${datasource}" };
const LOKI = { type: "loki", uid: "${logs}" };

/** What every selector begins with. */
export const OURS = 'job=~"$job",instance=~"$instance"';
/** The log of the same. */
export const LOG = '{job=~"$job",instance=~"$instance"}';
/** Nothing is well, one is not. */
export const NONE_IS_WELL = [
  [null, "green"],
  [1, "red"],
];
/** The same for the host's own exporter, which has another job. */
export const HOSTS = 'job=~"$host_job",instance=~"$host"';

/** p of a histogram over the rate interval, by what stands in `by`. */
export function quantile(p, name, by = []) {
  const labels = ["le", ...by].join(", ");
  return `histogram_quantile(${p}, sum by (${labels}) (rate(${name}_bucket{${OURS}}[$__rate_interval])))`;
}

/** Half, 95 and 99 of 100 are faster than this. */
export function three(name, by = [], legend = "") {
  return [0.5, 0.95, 0.99].map((p) => [quantile(p, name, by), `p${p * 100}${legend}`]);
}

/** One of two counters by the other, as long as the other moves at all. */
export function share(part, whole) {
  return `${part} / (${whole} > 0)`;
}

/** How often a second, of a counter, by what stands in `by`; `more` is added to the selector. */
export function perSecond(name, by, more = "") {
  const rate = `rate(${name}{${OURS}${more}}[$__rate_interval])`;
  return by ? `sum by (${by}) (${rate})` : `sum(${rate})`;
}

const STEPS = (steps) => ({
  mode: "absolute",
  steps: steps.map(([value, color]) => ({ value, color })),
});

function base(type, title, description, unit, { width = 8, height = 8, decimals, min, max, steps, mappings } = {}) {
  const defaults = { unit, thresholds: STEPS(steps ?? [[null, "green"]]), mappings: mappings ?? [] };
  for (const [name, value] of Object.entries({ decimals, min, max })) if (value !== undefined) defaults[name] = value;
  return { type, title, description, width, height, datasource: PROMETHEUS, fieldConfig: { defaults, overrides: [] } };
}

/** [[expression, legend]..] as Prometheus is asked. */
function queries(list, more = {}) {
  return list.map(([expr, legendFormat], at) => ({
    refId: String.fromCharCode(65 + at),
    datasource: PROMETHEUS,
    expr,
    legendFormat,
    ...more,
  }));
}

export function lines(title, description, unit, list, how = {}) {
  const panel = base("timeseries", title, description, unit, how);
  const stacking = { mode: how.stacked ? "normal" : "none", group: "A" };
  panel.fieldConfig.defaults.custom = {
    fillOpacity: how.stacked ? 30 : 5,
    lineWidth: 1,
    showPoints: "never",
    stacking,
  };
  panel.options = {
    legend: { displayMode: "table", placement: "bottom", calcs: ["lastNotNull", "max"], showLegend: true },
    tooltip: { mode: "multi", sort: "desc" },
  };
  panel.targets = queries(list);
  return panel;
}

export function figure(title, description, unit, expr, how = {}) {
  const panel = base("stat", title, description, unit, { width: 4, height: 4, ...how });
  panel.options = {
    reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    colorMode: "background",
    graphMode: how.graph === false ? "none" : "area",
    textMode: "auto",
  };
  panel.targets = queries([[expr, how.legend ?? ""]]);
  return panel;
}

export function bars(title, description, unit, list, how = {}) {
  const panel = base("bargauge", title, description, unit, { width: 12, ...how });
  panel.options = {
    reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    orientation: "horizontal",
    displayMode: "basic",
  };
  panel.targets = queries(list, { instant: true });
  return panel;
}

export function states(title, description, list, mappings, how = {}) {
  const panel = base("state-timeline", title, description, "none", { width: 24, ...how, mappings });
  panel.options = { mergeValues: true, showValue: "auto", alignValue: "left", rowHeight: 0.9 };
  panel.targets = queries(list);
  return panel;
}

export function table(title, description, unit, expr, how = {}) {
  const panel = base("table", title, description, unit, { width: 12, ...how });
  panel.options = { showHeader: true, cellHeight: "sm" };
  panel.targets = queries([[expr, ""]], { instant: true, format: "table" });
  panel.transformations = [{ id: "organize", options: { excludeByName: { Time: true, __name__: true } } }];
  return panel;
}

export function heat(title, description, name, how = {}) {
  const panel = base("heatmap", title, description, "s", { width: 12, ...how });
  const expr = `sum by (le) (increase(${name}_bucket{${OURS}}[$__rate_interval]))`;
  panel.options = { calculate: false, yAxis: { unit: "s" }, color: { mode: "scheme", scheme: "Oranges", steps: 64 } };
  panel.targets = queries([[expr, "{{le}}"]], { format: "heatmap" });
  return panel;
}

/** Lines of the log, newest first. */
export function logs(title, description, expr, how = {}) {
  const panel = { ...base("logs", title, description, "none", { width: 24, ...how }), datasource: LOKI };
  panel.options = { showTime: true, wrapLogMessage: true, sortOrder: "Descending", enableLogDetails: true };
  panel.targets = [{ refId: "A", datasource: LOKI, expr }];
  return panel;
}

/** What the log counts, over time. */
export function counted(title, description, unit, expr, legendFormat, how = {}) {
  const panel = { ...lines(title, description, unit, [], { width: 12, ...how }), datasource: LOKI };
  panel.targets = [{ refId: "A", datasource: LOKI, expr, legendFormat }];
  return panel;
}

export function map(values) {
  const options = Object.entries(values).map(([value, [text, color]], index) => [value, { text, color, index }]);
  return [{ type: "value", options: Object.fromEntries(options) }];
}

/** Left to right, then down: no panel lies over another. */
function place(panels) {
  const placed = [];
  let x = 0;
  let y = 0;
  let tallest = 0;
  for (const { width, height, ...panel } of panels) {
    if (x + width > GRID) {
      x = 0;
      y += tallest;
      tallest = 0;
    }
    placed.push({ id: placed.length + 1, ...panel, gridPos: { x, y, w: width, h: height } });
    x += width;
    tallest = Math.max(tallest, height);
  }
  return placed;
}

function source(name, label, query) {
  return {
    name,
    label,
    type: "datasource",
    query,
    hide: 0,
    refresh: 1,
    regex: "",
    multi: false,
    includeAll: false,
    options: [],
  };
}

function variable(name, text, query) {
  return {
    name,
    label: text,
    type: "query",
    datasource: PROMETHEUS,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    hide: 0,
    multi: true,
    includeAll: true,
    current: { text: ["All"], value: ["$__all"] },
    options: [],
    regex: "",
  };
}

/** A whole dashboard. `host`: it asks the host's exporter, too; `logs`: it shows lines of the log. */
export function dashboard({ uid, title, description, panels, host = false, withLogs = false }) {
  const variables = [
    source("datasource", "Prometheus", "prometheus"),
    ...(withLogs ? [source("logs", "Loki", "loki")] : []),
    variable("job", "Job", "label_values(pitwall_build_info, job)"),
    variable("instance", "Instance", 'label_values(pitwall_build_info{job=~"$job"}, instance)'),
    ...(host ? [variable("host_job", "Host's job", "label_values(node_uname_info, job)")] : []),
    ...(host ? [variable("host", "Host", 'label_values(node_uname_info{job=~"$host_job"}, instance)')] : []),
  ];
  return {
    uid: `pitwall-${uid}`,
    title: `Pitwall: ${title}`,
    description,
    tags: ["pitwall"],
    timezone: "utc",
    editable: false,
    graphTooltip: 1,
    refresh: "10s",
    schemaVersion: 39,
    time: { from: "now-1h", to: "now" },
    templating: { list: variables },
    annotations: { list: [] },
    links: [
      {
        title: "Pitwall",
        type: "dashboards",
        tags: ["pitwall"],
        icon: "",
        tooltip: "",
        url: "",
        asDropdown: true,
        targetBlank: false,
        includeVars: true,
        keepTime: true,
      },
    ],
    panels: place(panels),
  };
}
