// A strategy that never returns, in the running program: the watchdog notices, the gateway cancels at the
// venue all that rests, and the program leaves with 70, to come up HALTED. The program is one whose strategies are
// built to hang at an update of the synthetic market; what was cancelled is read in the venue's ledger.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test, { after, before } from "node:test";
import { BIN, configWith, ROOT, scratch, Server } from "./server.mjs";
import { until } from "./wait.mjs";

const BROKEN = "strategy_hangs";
const HANGS_WITHIN_MS = 120_000;
const build = dirname(BIN);
const folder = scratch();
const ledger = join(folder, "ledger.jsonl");
const config = configWith(folder, [/^market:$/m, `market:\n  ledger: ${JSON.stringify(ledger)}`]);
const dir = join(folder, "data");
let server;
let again;

before(() => {
  const made = spawnSync("make", ["-s", "-C", ROOT, "MODE=debug", `BREAK=${BROKEN}`, `BUILD=${build}`, "-j2", "build"],
    { encoding: "utf8", timeout: 600_000, env: { ...process.env, MAKEFLAGS: "", MFLAGS: "", MAKELEVEL: "" } });
  assert.equal(made.status, 0, made.stderr);
});

after(async () => {
  await server?.stop("SIGKILL");
  await again?.stop("SIGKILL");
});

/** What rests by the ledger: our orders that came in and have neither ended nor been filled whole. */
function resting(lines) {
  const live = new Map();
  for (const { dir: way, kind, order_link_id: id, qty, status } of lines) {
    if (way === "in" && kind === "new") {
      live.set(id, Number(qty));
    } else if (kind === "fill" && status !== "repeated" && live.has(id)) {
      live.set(id, live.get(id) - Number(qty));
    } else if (["cancelled", "expired", "rejected"].includes(kind)) {
      live.delete(id);
    }
    if (live.get(id) < 1e-9) {
      live.delete(id);
    }
  }
  return live;
}

/** The exit code, or a failure after that time. */
function exitWithin(ms) {
  server.process.ref();
  return until("the program to leave", () => server.code, ms);
}

test("a strategy that hangs: swept at the venue, exit 70", { timeout: HANGS_WITHIN_MS + 60_000 }, async () => {
  server = await Server.start({ bin: join(build, `debug-break-${BROKEN}`, "pitwall"), dir, config });
  const trader = await server.person("trader");
  const book = await until("a market", async () => {
    const { body } = await trader.get("/books/sim:BTCUSDT?depth=1");
    return body.bids.length > 0 && body;
  }, 15_000);
  // Far from the market: it rests until somebody cancels it.
  const price = (Math.floor(Number(book.bids[0][0]) * 0.99 * 10) / 10).toFixed(1);
  const placed = await trader.post("/orders",
    { instrument: "sim:BTCUSDT", side: "buy", qty: "0.010", price, type: "limit", tif: "GTC" });
  assert.equal(placed.status, 201, placed.text);

  assert.equal(await exitWithin(HANGS_WITHIN_MS), 70, server.err);
  assert.match(server.err, /a strategy is stuck/);

  const lines = readFileSync(ledger, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  // The newest message to the venue that was not a cancel: what came behind it is the sweep.
  const swept = lines.findLastIndex((line) => line.dir === "in" && line.kind !== "cancel") + 1;
  const cancelled = new Set(lines.filter((line) => line.dir === "in" && line.kind === "cancel")
    .map((line) => line.order_link_id));
  const left = [...resting(lines.slice(0, swept)).keys()];
  assert.ok(left.includes(placed.body.id), "the person's order rested when the strategy hung");
  assert.deepEqual(left.filter((id) => !cancelled.has(id)), [], "resting, and not cancelled");
});

test("and the next start is HALTED", { timeout: 60_000 }, async () => {
  assert.equal(server.code, 70);
  again = await Server.start({ dir, config });
  const viewer = await again.person("viewer");
  const { items } = (await viewer.get("/trading-state")).body;
  assert.equal(items.find((item) => item.scope === "firm").state, "HALTED");
  assert.equal(await again.stop(), 0);
});
