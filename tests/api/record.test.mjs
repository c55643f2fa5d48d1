// What is on record, whatever others do meanwhile: floods that need no account, or a small one, keep neither kills nor
// refusals of others out of the audit, nor fill it.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import { pause, until } from "./wait.mjs";

const BTC = "/limits/instrument/sim:BTCUSDT";
const FLOODERS = 8;
let server;
let risk1;
let risk2;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  risk1 = await server.person("risk1");
  risk2 = await server.person("risk2");
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

const audit = async (query) => (await risk2.get(`/audit?limit=200&${query}`)).body.items;

/** Runs `step` over and over by several at once while `work` runs; how often. */
async function through(step, work) {
  let over = false;
  let steps = 0;
  const one = async () => {
    for (; !over; steps++) {
      await step();
    }
  };
  const floods = Array.from({ length: FLOODERS }, one);
  await pause(1200); // one whole second of it
  await work();
  over = true;
  await Promise.all(floods);
  return steps;
}

test("tokens that are none do not keep an insider's refusals out of the audit", async () => {
  const { generation } = (await risk1.get(BTC)).body;
  const { body } = await risk1.put(BTC, { limits: { max_order_lots: 900 }, reason: "mine" }, generation);
  const stranger = server.anonymous();
  stranger.token = "junk";
  const codes = [];
  const steps = await through(() => stranger.get("/me"), async () => {
    for (let i = 0; i < 5; i++) {
      codes.push((await risk1.post(`/approvals/${body.id}/approve`, {})).body.code);
    }
  });
  assert.deepEqual(codes, Array.from({ length: 5 }, () => "self_approval"));
  assert.ok(steps > 50, `${steps} in all`);
  await until("each of the five", async () => (await audit("kind=refused&actor=risk1")).length === 5);
});

test("log-ins that meet the throttle do not fill the audit", async () => {
  const stranger = server.anonymous();
  const steps = await through(() => stranger.post("/session", { user: "bob", password: "a guess" }), () => pause(2000));
  assert.ok(steps > 100, `${steps} in all`);
  await pause(500);
  const rows = await audit("kind=login_failed");
  assert.ok(rows.length > 0 && rows.length < 60, `${rows.length} rows of ${steps} tries`);
  assert.ok(rows.some(({ reason }) => /after too many tries/.test(reason)), "those that were not looked at are said too");
});

test("a kill that closes positions is on record however many others join that incident", async () => {
  const scope = "instrument/sim:ETHUSDT";
  const noise = server.program("noise", ["--scope", "kill"], server.killUrl);
  const boss = server.program("boss", ["--scope", "kill"], server.killUrl);
  assert.equal((await noise.post("/kill", { scope, reason: "first" })).status, 200);
  let i = 0;
  await through(() => noise.post("/kill", { scope, reason: `noise ${i++}` }), async () => {
    assert.equal((await boss.post("/kill", { scope, reason: "out of it", flatten: true })).body.joined, true);
  });
  const [row] = await until("the row", async () => {
    const rows = await audit("kind=kill&actor=boss");
    return rows.length > 0 && rows;
  });
  assert.equal(row.reason, "out of it");
  assert.equal(row.new.flatten, true);
  assert.ok((await audit("kind=kill&actor=noise")).length <= 200);
});
