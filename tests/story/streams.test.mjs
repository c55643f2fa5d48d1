// Faults of connections and of the market's streams: a book that cannot be trusted is not traded on.

import { play } from "./play.mjs";

const each = (kinds, line) => kinds.map((on) => ({ on, ...line }));

play({
  "stale_book": { lines: [{ on: "book", nth: 3, do: "stale_book", ms: 1500, symbol: "BTCUSDT" }], for: 2000 },
  "seq_gap": { lines: [{ on: "book", every: 5, do: "seq_gap", symbol: "BTCUSDT" }] },
  "seq_reset": { lines: [{ on: "book", every: 5, do: "seq_reset" }] },
  "crossed_book": { lines: [{ on: "book", every: 5, do: "crossed_book", ms: 300 }] },
  "drop_ack, dup, delay, reorder of the market": {
    lines: [
      { on: "book", every: 7, do: "drop_ack" },
      { on: "book", every: 11, do: "dup" },
      { on: "trade", every: 2, do: "reorder", ms: 100 },
      { on: "ticker", every: 2, do: "delay", ms: 100 },
    ],
  },
  "corrupt_json, truncate, trickle of the market": {
    lines: [
      { on: "book", nth: 5, do: "corrupt_json" },
      { on: "trade", nth: 2, do: "truncate" },
      { on: "ticker", nth: 5, do: "trickle", ms: 1 },
    ],
  },
  "half_open of the market": { lines: [{ on: "book", nth: 5, do: "half_open" }], for: 3000 },
  "close, rst of the market": { lines: [{ on: "book", nth: 5, do: "close" }, { on: "ticker", nth: 5, do: "rst" }] },
  "refuse": { lines: [{ on: "new", nth: 1, do: "refuse", ms: 1000 }, { on: "order", nth: 3, do: "close" }] },
  "stall_pong": { lines: [{ on: "ping", nth: 1, do: "stall_pong", ms: 4000 }], for: 5000 },
  "auth, subscribe: refused": {
    lines: [...each(["auth", "subscribe"], { nth: 1, do: "reject", code: 10016 }), { on: "order", nth: 3, do: "close" }],
  },
  "auth, subscribe: not answered": {
    lines: [...each(["auth", "subscribe"], { nth: 1, do: "drop_ack" }), { on: "order", nth: 3, do: "close" }], for: 4000,
  },
}, { more: "    heartbeat_ms: 1000\n" });
