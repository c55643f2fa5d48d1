// Certificates are verified by the clients as they are: with the venue's authority all is well (every other
// test here), without it, or with a certificate of somebody else, nothing is.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import test from "node:test";
import { promisify } from "node:util";
import { until } from "../venue/venue.mjs";
import { Desk, PEOPLE } from "./desk.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const run = promisify(execFile);

/** What each client says to the venue in a process whose node knows no authority of ours. */
const STRANGER = `
import { RestClientV5 } from "bybit-api";
import ccxt from "ccxt";
const [url, key, secret] = process.argv.slice(1);
const exchange = new ccxt.bybit({ apiKey: key, secret });
exchange.urls.api.private = exchange.urls.api.public = url;
const said = await Promise.allSettled([
  new RestClientV5({ baseUrl: url, key, secret }).getAccountInfo(),
  exchange.fetchTime(),
]);
console.log(JSON.stringify(said.map(({ status, reason }) => [status, reason?.code ?? reason?.name])));
`;

test("certificates", async (t) => {
  const desk = await Desk.start(t, { tls: true });

  await t.test("who does not know the authority does not trade", async () => {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: "" };
    const { key, secret } = PEOPLE.alice;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", STRANGER, desk.url, key, secret], { cwd: HERE, env });
    const said = JSON.parse(stdout.trim().split("\n").at(-1));
    assert.deepEqual(said, [
      ["rejected", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
      ["rejected", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ]);
    assert.deepEqual(desk.ledger({ account: PEOPLE.alice.uid }), []);
  });

  await t.test("an expired certificate of somebody else is refused, and the right one taken again", async () => {
    const exchange = await desk.pro("alice");
    await desk.sim("fault", { on: "connect", nth: 1, do: "tls_bad_cert", ms: 1500 });
    await fetch(desk.url, { headers: { Connection: "close" } }).catch(() => {}); // draws the fault
    await assert.rejects(exchange.fetchTime());
    await assert.rejects(desk.rest("alice").getServerTime(), { code: /CERT|SIGNATURE|SELF_SIGNED/ });
    await until("the right certificate", () => exchange.fetchTime().catch(() => false));
    assert.equal((await desk.rest("alice").getAccountInfo()).retCode, 0);
    await exchange.close();
  });
});
