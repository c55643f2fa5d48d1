// A kill against the venue's own ledger: nothing leaves after it. The short form of tests/bench/kill.mjs,
// without its speed; that it would be noticed shows kill-notices.mjs.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { killRounds } from "../bench/kill.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const bin = process.env.PITWALL_BIN ?? join(root, "build/pitwall");

test("no order leaves after a kill, by the ledger", { timeout: 300_000 }, async () => {
  const outcome = await killRounds({ bin, dataDir: "", rounds: 30 });
  assert.equal(outcome.nsToBlock.length, 30);
  assert.ok(outcome.orders >= 30 * 20, `${outcome.orders} orders flowed between the kills`);
  assert.equal(outcome.afterBlock, 0, "orders stamped after the engine's block");
  assert.equal(outcome.afterAck, 0, "orders stamped after the acknowledgement");
});
