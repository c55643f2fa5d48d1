// What the loop is for it must notice: after some kills somebody tampers with what is on disk.

import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { scratch } from "../api/server.mjs";
import { Crash } from "./loop.mjs";

const KILLS = 3;

function newest(crash, lane) {
  const folder = join(crash.data, "journal");
  const names = readdirSync(folder).filter((name) => name.startsWith(`${lane}-`));
  return join(folder, names.sort().at(-1));
}

/** Nobody has the last bytes any more: neither the disk nor what the program wrote in memory. */
function forget(crash, lane, bytes) {
  const file = newest(crash, lane);
  truncateSync(file, Math.max(64, statSync(file).size - bytes));
  rmSync(join(crash.data, `hot-${lane}.lane`));
}

function forge(crash, kind, more) {
  truncateSync(crash.ledger.file, statSync(crash.ledger.file).size - crash.ledger.unread);
  appendFileSync(crash.ledger.file, `{"seq":1,"at_ns":"${Date.now()}000000","conn":1,"dir":"${kind === "new" ? "in" : "out"}",` +
    `"kind":"${kind}","account":null,"order_link_id":"PW000000FF-1K","order_id":null,"symbol":"BTCUSDT","side":"buy",` +
    `"qty":"0.007","price":"60000.0","status":null,${more}}\n`);
}

const TAMPERED = {
  "an order that only the ledger has": ["orders", (crash) => forge(crash, "new", '"exec_id":null,"body":null')],
  "a fill that only the ledger has": ["fills", (crash) => forge(crash, "fill", '"exec_id":"12345","body":{"fee":"0.1"}')],
  "a position that nobody's fills come to": ["positions", (crash) => forge(crash, "fill", '"exec_id":"12345","body":{"fee":"0.1"}')],
  "a fill that the ledger has lost": ["fills", (crash) => crash.ledger.fills.delete([...crash.ledger.fills.keys()][0])],
  "records of the engine that are gone": ["orders", (crash) => forget(crash, "engine", 64 << 10)],
  "records that a reader saw and that are gone": ["seen", (crash) => forget(crash, "engine", 256 << 10)],
  "an answer to a person that is gone": ["acknowledged", (crash) => forget(crash, "control", 1 << 20)],
  "a byte of the journal": ["journal", (crash) => {
    const file = newest(crash, "engine");
    const bytes = readFileSync(file);
    bytes[bytes.length >> 2] ^= 1;
    writeFileSync(file, bytes);
  }],
};

for (const [what, [check, tamper]] of Object.entries(TAMPERED)) {
  test(`noticed: ${what}`, async () => {
    const crash = new Crash(scratch(), 4711);
    crash.tamper = () => crash.kills === KILLS - 2 && tamper(crash);
    const said = await crash.run(KILLS).then(() => null, (error) => error);
    crash.done();
    assert.ok(said || crash.wrong[check].length > 0, JSON.stringify(crash.wrong));
    console.log(`${what}: ${String(said?.message ?? crash.wrong[check][0]).slice(0, 200)}`);
  });
}
