// Venue setting `record`, in modes paper and live: what the program saw of the market is on the disk, and
// plays without a gap; also after a SIGKILL.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { Server, verb } from "../api/server.mjs";
import { scratch, sleep } from "../venue/venue.mjs";
import { BTC, Exchange, LINEAR, liveConfig, until } from "./story.mjs";

const PAPER = [["mode: live", "mode: paper"], ["initial_state: HALTED", "initial_state: ACTIVE"]];
const RECORDED_MS = 3000;
let venue;

before(async () => {
  venue = await Exchange.open();
});

after(() => venue?.stop());

/** A folder, and the configuration that records into it. */
function plan(changes, out) {
  const dir = scratch();
  const more = `    record: "${out ?? join(dir, "frames")}"\n`;
  return { dir, out: join(dir, "frames"), config: liveConfig(dir, [{ name: LINEAR, url: venue.url, more }], ...changes) };
}

/** Runs a while with a market, then ends as is said. */
async function run({ dir, config }, end) {
  const server = await Server.start({ config, dir: join(dir, "data") });
  const viewer = await server.person("viewer");
  await until("a market", async () => (await viewer.get(`/books/${BTC}`)).body.stale === false, 20000);
  await sleep(RECORDED_MS);
  await end(server);
  return server;
}

const stop = async (server) => assert.equal(await server.stop(), 0);

function replayed(out, code = 0) {
  const played = verb("replay", "--venue", "bybit", out, "--json");
  assert.equal(played.code, code, played.err);
  const rows = Object.entries(JSON.parse(played.out).instruments);
  assert.deepEqual(rows.map(([name]) => name.split(":")[1]).sort(), ["BTCUSDT", "ETHUSDT"]);
  rows.forEach(([name, row]) => {
    assert.ok(row.applied >= 20, `${name}: ${JSON.stringify(row)}`);
    assert.equal(row.sequence_gaps, 0, name);
  });
  return rows.map(([, row]) => row);
}

for (const [mode, changes] of [["paper", PAPER], ["live", []]]) {
  test(`${mode}: what is recorded plays whole, and each start has files of its own`, async () => {
    const here = plan(changes);
    await run(here, stop);
    const first = readdirSync(here.out);
    assert.equal(first.length, 2);
    replayed(here.out).forEach((row) => assert.equal(row.damaged, 0));
    await run(here, stop);
    const both = readdirSync(here.out);
    assert.equal(both.length, 4);
    first.forEach((name) => assert.ok(both.includes(name)));
    replayed(here.out).forEach((row) => assert.equal(row.damaged, 0));
  });
}

test("after a SIGKILL all that was flushed plays; the cut ends are counted", async () => {
  const here = plan(PAPER);
  await run(here, (server) => server.stop("SIGKILL"));
  replayed(here.out, 65).forEach((row) => assert.equal(row.damaged, 1));
});

test("a folder that cannot be written ends the start, and the line says which", () => {
  const { dir, config } = plan(PAPER, "/dev/null/frames");
  const done = verb("run", "--config", config, "--data", join(dir, "data"));
  assert.equal(done.code, 78, done.err);
  assert.match(done.err, /bybit-linear: record: \/dev\/null\/frames: cannot be written: Not a directory/);
  assert.ok(!existsSync(join(dir, "frames")));
});
