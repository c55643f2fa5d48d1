// What kill-ledger.test.mjs counts it must notice: a program whose gateway ignores the kill page is built
// and must fail.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { killRounds } from "../bench/kill.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const bin = process.env.PITWALL_BIN ?? join(root, "build/pitwall");
const BROKEN = "gateway_ignores_kill";

test("a gateway that ignores the kill page is found out", { timeout: 600_000 }, async () => {
  const build = dirname(bin);
  const made = spawnSync("make", ["-s", "-C", root, "MODE=debug", `BREAK=${BROKEN}`, `BUILD=${build}`, "-j2", "build"],
    { encoding: "utf8", env: { ...process.env, MAKEFLAGS: "", MFLAGS: "", MAKELEVEL: "" } });
  assert.equal(made.status, 0, made.stderr);
  const broken = join(build, `debug-break-${BROKEN}`, "pitwall");
  const outcome = await killRounds({ bin: broken, dataDir: "", rounds: 400, stopAtLeak: true });
  assert.ok(outcome.afterBlock > 0, `${outcome.nsToBlock.length} kills and not one leak`);
});
