// Says where a JSON value differs from the shape that DESIGN section 5 fixes.
//
// A shape is a word or several joined by "|" (see WORDS), an object of shapes, an array of one shape, or
// {map: shape} for an object with free names. Members beyond the shape are fine: fields may be added.

const WORDS = {
  null: (value) => value === null,
  text: (value) => typeof value === "string" && value !== "",
  any: () => true,
  bool: (value) => typeof value === "boolean",
  int: (value) => Number.isSafeInteger(value),
  count: (value) => Number.isSafeInteger(value) && value >= 0,
  decimal: (value) => typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value),
  ns: (value) => typeof value === "string" && /^\d{1,19}$/.test(value),
  side: (value) => value === "buy" || value === "sell",
  state: (value) => ["ACTIVE", "REDUCING", "HALTED"].includes(value),
  instrument: (value) => /^[a-z0-9-]+:[A-Z0-9_]+$/.test(value),
  hash: (value) => /^[0-9a-f]{64}$/.test(value),
};

export function differences(value, shape, at = "$") {
  if (typeof shape === "string") {
    const fits = shape.split("|").some((word) => WORDS[word](value));
    return fits ? [] : [`${at}: ${JSON.stringify(value)} is not ${shape}`];
  }
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) {
      return [`${at}: not a list`];
    }
    const each = (item, i) => differences(item, shape.length > 1 ? shape[i] : shape[0], `${at}[${i}]`);
    return value.flatMap(each);
  }
  if (value === null || typeof value !== "object") {
    return [`${at}: not an object`];
  }
  if (shape.map) {
    return Object.entries(value).flatMap(([name, item]) => differences(item, shape.map, `${at}.${name}`));
  }
  return Object.entries(shape).flatMap(([name, inner]) =>
    name in value ? differences(value[name], inner, `${at}.${name}`) : [`${at}.${name}: missing`],
  );
}

export const list = (item) => ({ items: [item], next: "null|text" });

export const ORDER = {
  id: "text",
  simulated: "bool",
  seq: "count",
  instrument: "instrument",
  strategy: "null|text",
  actor: "null|text",
  side: "side",
  type: "text",
  tif: "text",
  price: "null|decimal",
  qty: "decimal",
  filled: "decimal",
  leaves: "decimal",
  avg_price: "null|decimal",
  state: "text",
  sent_ns: "null|ns",
  acked_ns: "null|ns",
  reason: "null|text",
};
export const VENUE_ACCOUNT = {
  venue: "text",
  simulated: "bool",
  balance: "null",
  instruments: [
    {
      instrument: "instrument",
      currency: "text",
      since_ns: "ns",
      fills: "int",
      fee: "decimal",
      fills_since_told: "int",
      venue_fills: "int",
      venue_fee: "decimal",
      told_ns: "ns",
      age_ns: "ns",
    },
  ],
};
const TERMS = { side: "side", qty: "decimal", price: "decimal", fee: "decimal" };
/** Of a venue that has told its list, where both sides agree. */
export const FILL_PAIRS = {
  instrument: "instrument",
  currency: "text",
  since_ns: "ns",
  told_ns: "ns",
  age_ns: "ns",
  counts: { both: "int", differs: "int", ours_only: "int", venue_only: "int", unknown: "int" },
  items: [{ id: "text", state: "text", why: "null", order: "text", at_ns: "ns", ours: TERMS, venue: TERMS }],
  next: "null|text",
};
export const TRADE = {
  seq: "int",
  id: "text",
  instrument: "instrument",
  side: "side",
  qty: "decimal",
  price: "decimal",
  at_ns: "ns",
  venue_ns: "null|ns",
  age_ns: "ns",
};
export const FILL = {
  id: "text",
  simulated: "bool",
  order: "text",
  instrument: "instrument",
  side: "side",
  qty: "decimal",
  price: "decimal",
  fee: "decimal",
  fee_currency: "text",
  maker: "bool",
  at_ns: "ns",
  seq: "count",
};
export const POSITION = {
  instrument: "instrument",
  lots: "null|int",
  qty: "null|decimal",
  avg_price: "null|decimal",
  mark: "null|decimal",
  unrealised: "null|decimal",
  realised: "null|decimal",
  currency: "text",
  age_ns: "null|ns",
  fee: "decimal",
  rebate: "decimal",
  funding: "decimal",
  funding_due: "null|decimal",
  funding_due_ns: "null|ns",
  day_pnl: "null|decimal",
  mark_source: "null|text",
  mark_age_ns: "null|ns",
  margin: "null|decimal",
  margin_ratio: "null|decimal",
  liquidation_price: "null|decimal",
  liquidation_distance_ratio: "null|decimal",
  venue_lots: "null|int",
  venue_age_ns: "null|ns",
  drift: "null|int",
};
const decimals = (names) =>
  Object.fromEntries(names.split(" ").map((name) => [name, "null|decimal"]));
const PNL_PARTS = decimals("total price fee funding rebate realised unrealised day_pnl");
export const PNL = {
  currency: "text",
  ...PNL_PARTS,
  ...decimals("equity peak drawdown_ratio capital margin margin_ratio"),
  by_instrument: [{ instrument: "instrument", ...PNL_PARTS }],
  by_strategy: [{ strategy: "text", ...PNL_PARTS }],
  by_venue: [{ venue: "text", ...PNL_PARTS }],
};
export const BOOK = {
  instrument: "instrument",
  bids: [["decimal", "decimal"]],
  asks: [["decimal", "decimal"]],
  stale: "bool",
  age_ns: "null|ns",
  update_id: "null|text",
};
export const STATE = {
  scope: "text",
  state: "state",
  effective: "state",
  version: "count",
  incident: "null|text",
  cause: "null|text",
  actor: "null|text",
  since_ns: "null|ns",
};
export const APPROVAL = {
  id: "text",
  kind: "text",
  scope: "text",
  diff: [{ name: "text", old: "any", new: "any" }],
  base: "count",
  reason: "text",
  proposer: "text",
  person: "text",
  by: "text",
  state: "text",
  expires_ns: "ns",
};
export const LIMITS = {
  scope: "text",
  generation: "count",
  limits: { map: "null|count|decimal" },
  pending: "any",
  timeboxes: [{ name: "text", value: "null|count|decimal", back_to: "null|count|decimal", until_ns: "ns", approval: "text" }],
  requested: "any",
  first_day: "any",
};
export const STRATEGY = {
  strategy: "text",
  kind: "text",
  says: "text",
  enabled: "bool",
  version: "count",
  state: "text",
  scope: "text",
  open_orders: "count",
  pnl: "null|decimal",
  actor: "null|text",
  reason: "null|text",
  since_ns: "null|ns",
  instruments: ["text"],
  parameters: { map: { map: "null|count|decimal|text" } },
  schema: [
    {
      name: "text",
      unit: "text",
      type: "text",
      min: "null|count|decimal",
      max: "null|count|decimal",
      default: "null|count|decimal",
      looser: "text",
      says: "text",
    },
  ],
  pending: "any",
  armed: "any",
};
export const RECEIPT = {
  incident: "text",
  scope: "text",
  actor: "text",
  reason: "text",
  at_ns: "ns",
  ns_to_block: "null|ns|count",
  last_order_seq: "null|count",
  unsent: "null|count",
  resting: "null|count",
  cancels: { sent: "null|count", confirmed: "null|count", refused: "null|count", unknown: "null|count" },
  flatten: "any",
  durable: "bool",
  complete: "bool",
};
export const VENUE = {
  venue: "text",
  state: "text",
  age_ns: "null|ns",
  since_ns: "null|ns",
  clock_offset_ns: "null|decimal",
  reconnects: "count",
  gaps: "count",
  banned_until_ns: "null|ns",
};
export const STATUS = {
  kill_url: "text",
  mode: "text",
  instance: "text",
  version: "text",
  config_hash: "hash",
  uptime_s: "count",
  journal_seq: "count",
  durable_seq: "count",
  audit_seq: "count",
  audit_behind: "count",
  storage: "text",
  storage_free_bytes: "null|count",
  market: { state: "text" },
  threads: [{ name: "text", core: "null|count", idle: "text" }],
  venues: [VENUE],
  rings: { market: "count", executions: "count", orders: "count", commands: "count" },
  clock_offset_ns: "null|decimal",
};
export const AUDIT = {
  seq: "count",
  at_ns: "ns",
  actor: "null|text",
  person: "null|text",
  role: "null|text",
  kind: "text",
  scope: "null|text",
  old: "any",
  new: "any",
  reason: "null|text",
  request_id: "null|text",
  hash: "hash",
};
export const ALERT = {
  id: "text",
  alert: "text",
  severity: "text",
  state: "text",
  labels: { map: "text" },
  value: "null|decimal",
  threshold: "null|decimal",
  says: "text",
  runbook: "text",
  since_ns: "ns",
  resolved_ns: "null|ns",
  acknowledged: "any",
};
export const VERIFY = { ok: "bool", rows: "count", head_seq: "count", head_hash: "hash", first_bad_seq: "null|count" };
export const STAGE = { count: "count", p50_ns: "null|ns", p99_ns: "null|ns", p999_ns: "null|ns", max_ns: "null|ns" };
export const LATENCY = { stages: { map: STAGE } };
export const PROBLEM = { type: "text", title: "text", status: "count", code: "text", detail: "any", request_id: "text" };
