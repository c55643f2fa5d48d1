// The market and the desk of the crash loop: a recorded market played fast, and makers that requote at
// every tick, so that the venue's ledger grows by more than ten thousand lines a second.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { verb } from "../api/server.mjs";

export const INSTRUMENTS = ["binance-usdm:BTCUSDT", "binance-usdm:ETHUSDT", "binance-usdm:SOLUSDT"];
const MAKERS = 15;
export const STRATEGIES = Array.from({ length: MAKERS }, (_, at) => `m${at}`);
export const SPEED = process.env.CRASH_SPEED ?? "x20";

/** The folder of the recordings. */
export function record(dir) {
  const out = join(dir, "market");
  const made = verb("record", "--seed", "1", "--seconds", "30", "--out", out);
  if (made.code !== 0) {
    throw new Error(`record: ${made.code} ${made.err}`);
  }
  return out;
}

// Quotes at different distances, so that some trade and most are cancelled and sent anew.
function maker(name, at, enabled) {
  return `  - {strategy: ${name}, kind: maker, enabled: ${enabled}, instruments: all, order_lots: ${at + 1},
     max_position_lots: 100000, half_spread_ticks: ${1 + (at % 5)}, requote_ticks: 1, min_quote_life_ms: 0,
     risk_aversion: "0"}`;
}

/** Small files and frequent snapshots: kills shall meet the journal while it begins a file or writes one. */
export function configFile(dir, name, { ledger, enabled }) {
  const file = join(dir, `${name}.yaml`);
  writeFileSync(file, `mode: sim
instance: crash
seed: 7
engine: {query_every_ms: 100, void_after_ms: 1000, ack_timeout_ms: 2000, stuck_ms: 10000, silent_ms: 30000,
  step_budget_ms: 5000}
market: {at_end: loop, order_latency_ms: 0.2, ack_latency_ms: 0.2, jitter_ms: 0.1, position_interval_ms: 100,
  ledger: "${ledger}"}
journal: {hot_bytes: 8 MiB, file_bytes: 2 MiB, snapshot_records: 5000, low_water: 64 MiB}
venues: [{venue: sim}]
instruments:
  - {instrument: "sim:BTCUSDT", tick: "0.1", lot: "0.001", currency: USDT}
strategies:
${STRATEGIES.map((strategy, at) => maker(strategy, at, enabled)).join("\n")}
limits:
  firm: {max_order_lots: 100000, max_order_notional: "1000000000", max_position_lots: 1000000000,
    max_open_orders: 2000, max_messages_per_s: 1000000, price_collar_ratio: "0.5", max_data_age_ms: 60000,
    max_daily_loss: "1000000000", max_drawdown_ratio: "1", max_gross_notional: "10000000000",
    max_net_notional: "10000000000", max_orders_per_day: 1000000000, max_repeated_executions: 1000000000,
    duplicate_window_ms: 0, max_margin_ratio: "1", min_liquidation_distance_ratio: "0"}
recorded:
  "*": {maker_fee: "-0.0001", taker_fee: "0.0003"}
`);
  return file;
}
