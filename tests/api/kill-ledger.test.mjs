// A kill against the venue's own ledger: nothing leaves after it, and this would be noticed. The short
// form of tests/bench/kill.mjs, without its speed: a program whose gateway ignores the kill page is
// built and must fail.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { killRounds } from "../bench/kill.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const bin = process.env.PITWALL_BIN ?? join(root, "build/pitwall");
const BROKEN = "gateway_ignores_kill";

test("no order leaves after a kill, by the ledger", { timeout: 300_000 }, async () => {
  const outcome = await killRounds({ bin, dataDir: "", rounds: 30 });
  assert.equal(outcome.nsToBlock.length, 30);
  assert.ok(outcome.orders >= 30 * 20, `${outcome.orders} orders flowed between the kills`);
  assert.equal(outcome.afterBlock, 0, "orders stamped after the engine's block");
  assert.equal(outcome.afterAck, 0, "orders stamped after the acknowledgement");
});

test("a gateway that ignores the kill page is found out", { timeout: 600_000 }, async () => {
  const build = dirname(bin);
  const made = spawnSync("make", ["-s", "-C", root, "MODE=debug", `BREAK=${BROKEN}`, `BUILD=${build}`, "-j2", "build"],
    { encoding: "utf8", env: { ...process.env, MAKEFLAGS: "", MFLAGS: "", MAKELEVEL: "" } });
  assert.equal(made.status, 0, made.stderr);
  const broken = join(build, `debug-break-${BROKEN}`, "pitwall");
  const outcome = await killRounds({ bin: broken, dataDir: "", rounds: 400, stopAtLeak: true });
  assert.ok(outcome.afterBlock > 0, `${outcome.nsToBlock.length} kills and not one leak`);
});
