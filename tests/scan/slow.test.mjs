// slowhttptest holds hundreds of connections that ask or read as slowly as they can, plain and over TLS, on
// either listener. Meanwhile its own probe must find the service there in every second, others must be
// answered, and each listener must kill. Judged by its CSV: one row a second.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before, describe } from "node:test";
import { configWith, QUIET, scratch, Server, TLS } from "../api/server.mjs";
import { pause } from "../api/wait.mjs";
import { kill, scan } from "./scanner.mjs";

const CONNECTIONS = 300;
const SECONDS = 12;
const KILL_MS = 50;
const PROBE_S = 3;

/** What, where on the main listener, slowhttptest's arguments. */
const ATTACKS = [
  ["headers that never end", "/health/live", ["-H", "-i", "1"]],
  ["bodies that never end", "/api/v1/session", ["-B", "-i", "1", "-s", "4000", "-f", "application/json"]],
  ["answers that are not read", "/docs", ["-X", "-w", "10", "-y", "20", "-n", "1", "-z", "10", "-k", "3"]],
  ["thousands of ranges", "/docs", ["-R", "-t", "GET", "-a", "10", "-b", "3000"]],
];

/** Rows of {Seconds, Closed, Pending, Connected, available}. */
function readCsv(file) {
  const [head, ...lines] = readFileSync(file, "utf8").trim().split("\n");
  assert.equal(head, "Seconds,Closed,Pending,Connected,Service Available");
  return lines.map((line) => {
    const [second, closed, pending, connected, available] = line.split(",").map(Number);
    return { second, closed, pending, connected, available: available > 0 };
  });
}

for (const [way, replacements] of [
  ["plain", [QUIET]],
  ["TLS", [QUIET, TLS]],
]) {
  describe(way, () => suite(way, replacements));
}

function suite(way, replacements) {
  let server;
  let token;
  let viewer;

  before(async () => {
    server = await Server.start({ config: configWith(scratch(), ...replacements) });
    ({ token } = server.program("button", ["--role", "trader"]));
    viewer = await server.person("viewer");
  });

  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  for (const target of ["main", "kill"]) {
    for (const [what, path, args] of ATTACKS) {
      const where = target === "main" ? path : "/health/live";
      test(`${way}, ${target} listener, ${what}`, { timeout: 120000 }, async (context) => {
        const url = target === "main" ? server.url : server.killUrl;
        const prefix = join(scratch(), "slow");
        let over = false;
        const scanned = scan(
          "slowhttptest",
          [
            ...[...args, "-g", "-o", prefix, "-u", url + where],
            ...["-c", `${CONNECTIONS}`, "-r", "200", "-l", `${SECONDS}`, "-p", `${PROBE_S}`],
          ],
          { seconds: SECONDS * 3 },
        ).finally(() => (over = true));
        // Both to their end, whatever becomes of one: an attack that goes on would be the next test's as well.
        const [{ value: ended, reason }, kills] = await Promise.allSettled([scanned, killEachSecond(() => over)]);
        assert.equal(ended?.code, 0, reason ?? ended.said);
        assert.equal(kills.status, "fulfilled", kills.reason);
        const took = kills.value;

        const rows = readCsv(`${prefix}.csv`);
        const reached = Math.max(...rows.map((row) => row.connected + row.closed));
        context.diagnostic(
          `${way} ${target} ${what}: ${rows.length} s, ${reached} connections, ${rows.at(-1).closed} closed, ` +
            `killed ${took.length} times, at most ${Math.max(...took).toFixed(1)} ms`,
        );
        assert.ok(reached >= CONNECTIONS * 0.9, `the attack had ${reached} connections`);
        rows.forEach((row) => assert.ok(row.available, `not available in second ${row.second}`));
        took.forEach((ms) => assert.ok(ms <= KILL_MS, `a kill took ${ms} ms`));
        assert.equal((await viewer.get("/status")).status, 200);
      });
    }
  }

  /** Kills on both listeners and reads, until the attack is over; what each kill took. */
  async function killEachSecond(isOver) {
    const took = [];
    while (!isOver()) {
      for (const url of [server.url, server.killUrl]) {
        const receipt = await kill(url, server.tls, token, "strategy/maker");
        assert.equal(receipt.status, 200, receipt.text);
        assert.equal(JSON.parse(receipt.text).engine, "blocked", receipt.text);
        took.push(receipt.ms);
      }
      assert.equal((await viewer.get("/positions")).status, 200);
      await pause(500);
    }
    return took;
  }
}
