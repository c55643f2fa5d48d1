// Faults of requests and their answers: whatever becomes of them, each order's fate is known in the end.

import { play } from "./play.mjs";

const asked = ["new", "cancel"];
const each = (kinds, line) => kinds.map((on) => ({ on, ...line }));

play({
  "control: nothing goes wrong": { lines: [] },
  "drop_req": { lines: [...each(asked, { every: 3, do: "drop_req" }), { on: "query", nth: 2, do: "drop_req" }] },
  "drop_ack": { lines: [...each(asked, { every: 2, do: "drop_ack" }), { on: "query", nth: 2, do: "drop_ack" }] },
  "delay": { lines: each([...asked, "query"], { every: 2, do: "delay", ms: 300 }) },
  "delay beyond our patience": { lines: each(asked, { every: 3, do: "delay", ms: 1500 }), for: 3000 },
  "dup": { lines: each(asked, { every: 2, do: "dup" }) },
  "reorder": { lines: each(asked, { every: 2, do: "reorder", ms: 200 }) },
  "corrupt_json": {
    lines: each([...asked, "query"], { every: 4, do: "corrupt_json", times: 2 }),
    may: /^venue.*the private stream is not understood/,
  },
  "truncate": { lines: [...each(asked, { nth: 4, do: "truncate" }), { on: "query", nth: 3, do: "truncate" }] },
  "trickle": { lines: each(asked, { every: 3, do: "trickle", ms: 1 }) },
  "half_open": { lines: [{ on: "new", nth: 3, do: "half_open" }], for: 5000 },
  "close, rst": { lines: [{ on: "new", nth: 3, do: "close" }, { on: "cancel", nth: 5, do: "rst" }] },
  "reject: bad request": { lines: each(asked, { every: 2, do: "reject", code: 10001 }) },
  "reject: no money": { lines: [{ on: "new", every: 2, do: "reject", code: 110007 }] },
  "reject: no such order": { lines: [{ on: "cancel", every: 2, do: "reject", code: 110001 }] },
  "reject: an error of theirs": { lines: each(asked, { every: 2, do: "reject", code: 10016 }) },
  "reject: a code of no list": { lines: each(asked, { every: 2, do: "reject", code: 987654 }) },
  "ratelimit": { lines: [{ on: "new", nth: 2, do: "ratelimit", ms: 1000 }] },
  "maintenance": { lines: [{ on: "new", nth: 2, do: "maintenance", ms: 1000 }] },
  "fill_before_ack": { lines: [{ on: "new", every: 2, do: "fill_before_ack", code: 1 }] },
  "late_fill on a cancel": { lines: [{ on: "cancel", every: 2, do: "late_fill", ms: 300, code: 1 }] },
});
