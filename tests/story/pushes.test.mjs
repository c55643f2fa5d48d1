// Faults of what the venue tells by itself: orders, executions, positions, the wallet.

import { play } from "./play.mjs";

const private_ = ["order", "fill", "position", "wallet"];
const each = (kinds, line) => kinds.map((on) => ({ on, ...line }));

// Fills that are late by more than the 200 ms of the trigger's two looks count otherwise than the venue.
const may = /^instrument.*the venue counts another position/;
const rows = {
  "drop_ack": {
    lines: [...each(["order", "position"], { every: 2, do: "drop_ack" }), { on: "wallet", nth: 1, do: "drop_ack" }],
  },
  "lost_fill": { lines: [{ on: "fill", every: 1, do: "lost_fill", times: 2 }] },
  "late_fill": { lines: [{ on: "fill", every: 1, do: "late_fill", ms: 400 }] },
  "dup": { lines: each(private_, { every: 1, do: "dup", times: 6 }) },
  "delay": { lines: each(private_, { every: 2, do: "delay", ms: 300 }) },
  "reorder": { lines: each(private_, { every: 2, do: "reorder", ms: 200 }) },
  "truncate": { lines: [{ on: "order", nth: 4, do: "truncate" }, { on: "fill", nth: 2, do: "truncate" }] },
  "trickle": { lines: [{ on: "order", every: 3, do: "trickle", ms: 1 }, { on: "fill", nth: 1, do: "trickle", ms: 1 }] },
  "half_open": {
    lines: [{ on: "order", nth: 4, do: "half_open" }],
    for: 3000,
  },
  "close, rst": { lines: [{ on: "order", nth: 4, do: "close" }, { on: "fill", nth: 2, do: "rst" }] },
  "one frame that is not JSON": { lines: [{ on: "order", nth: 4, do: "corrupt_json" }] },
  "foreign_order": { lines: [{ on: "new", nth: 2, do: "foreign_order", code: 200 }] },
};

play(Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { may, ...row }])));
