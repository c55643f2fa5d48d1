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
const ROUNDS_MAX = 5;

/** What, where on the main listener, slowhttptest's arguments. */
const ATTACKS = [
  ["headers that never end", "/health/live", ["-H", "-i", "1"]],
  ["bodies that never end", "/api/v1/session", ["-B", "-i", "1", "-s", "4000", "-f", "application/json"]],
  ["answers that are not read", "/docs", ["-X", "-w", "10", "-y", "20", "-n", "1", "-z", "10", "-k", "3"]],
  ["thousands of ranges", "/docs", ["-R", "-t", "GET", "-a", "10", "-b", "3000"]],
];

/**
 * Attacks until so many connections were had: {rows, reached, closed}. slowhttptest ends when none is left open,
 * which is soon where each is answered at once and closed; then it begins again.
 */
async function attack(url, args) {
  const all = { rows: [], reached: 0, closed: 0 };
  for (let round = 1; all.reached < CONNECTIONS * 0.9; round++) {
    assert.ok(round <= ROUNDS_MAX, `the attack had ${all.reached} connections after ${ROUNDS_MAX} rounds`);
    const prefix = join(scratch(), "slow");
    const ended = await scan(
      "slowhttptest",
      [
        ...[...args, "-g", "-o", prefix, "-u", url],
        ...["-c", `${CONNECTIONS}`, "-r", "200", "-l", `${SECONDS}`, "-p", `${PROBE_S}`],
      ],
      { seconds: SECONDS * 3 },
    );
    assert.equal(ended.code, 0, ended.said);
    const rows = readCsv(`${prefix}.csv`);
    all.rows.push(...rows);
    all.reached += Math.max(...rows.map((row) => row.connected + row.closed));
    all.closed += rows.at(-1).closed;
  }
  return all;
}

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
        let over = false;
        const attacked = attack(url + where, args).finally(() => (over = true));
        // Both to their end, whatever becomes of one: an attack that goes on would be the next test's as well.
        const [attacks, kills] = await Promise.allSettled([attacked, killEachSecond(() => over)]);
        assert.equal(attacks.status, "fulfilled", attacks.reason);
        assert.equal(kills.status, "fulfilled", kills.reason);
        const { rows, reached, closed } = attacks.value;
        const took = kills.value;
        context.diagnostic(
          `${way} ${target} ${what}: ${rows.length} s, ${reached} connections, ${closed} closed, ` +
            `killed ${took.length} times, at most ${Math.max(...took.map(({ ms }) => ms)).toFixed(1)} ms`,
        );
        rows.forEach((row) => assert.ok(row.available, `not available in second ${row.second}`));
        took.forEach(({ ms, stood_ms }) =>
          assert.ok(ms - stood_ms <= KILL_MS, `a kill took ${ms} ms, of which ${stood_ms} ms this process stood still`),
        );
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
        took.push(receipt);
      }
      assert.equal((await viewer.get("/positions")).status, 200);
      await pause(500);
    }
    return took;
  }
}
