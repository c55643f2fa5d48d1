// A what-if reads the journal and tells the engine nothing, however often it is asked while the desk trades.
//
// Everything that reaches the engine is a record of its lane, and everything that people do one of the other lane. So
// what-ifs that left a trace would show there; and if one changed the engine past its lane, the replay of the lane
// would come to another state. PITWALL_FLOW_MS asks for a longer flow of orders.

import assert from "node:assert/strict";
import test from "node:test";
import { configWith, scratch, Server, verb } from "./server.mjs";
import { until } from "./wait.mjs";

const FLOW_MS = Number(process.env.PITWALL_FLOW_MS ?? 5000);
const ASKED_LEAST = 20;
const OWN = ["beat", "stop"]; // the program's own
const PROPOSAL = {
  limits: { firm: { max_open_orders: 1, max_net_notional: "1" }, "strategy/maker": { max_order_lots: 1, max_open_orders: 0 } },
  minutes: 1440,
};

function records(dir, lane, ...more) {
  const { code, out, err } = verb("journal", "dump", "--data", dir, "--lane", lane, "--json", "--limit", "1000000", ...more);
  assert.equal(code, 0, err);
  return out.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line).fields);
}

test("what-ifs during minutes of orders leave the engine as it would be without", async () => {
  const config = configWith(scratch(), [/^engine:$/m, "engine:\n  silent_ms: 30000"]);
  const begun = Date.now();
  const server = await Server.start({ config });
  const risk = server.program("officer", ["--role", "risk"]);
  const before = (await risk.get("/limits")).body.items.map(({ scope, generation, limits }) => ({ scope, generation, limits }));
  const deadline = Date.now() + FLOW_MS;
  let asked = 0;
  let judged = 0;
  await until("enough of them", async () => {
    const reply = await risk.post("/limits/what-if", PROPOSAL);
    assert.equal(reply.status, 200, reply.text);
    assert.ok(reply.body.judged >= judged, "the flow goes on");
    assert.equal(reply.body.minutes_asked, PROPOSAL.minutes);
    assert.ok(reply.body.minutes <= Math.ceil((Date.now() - begun) / 60000), "the minutes that there were");
    judged = reply.body.judged;
    asked++;
    return asked >= ASKED_LEAST && judged >= ASKED_LEAST && Date.now() > deadline;
  }, FLOW_MS + 60000);
  const after = (await risk.get("/limits")).body.items.map(({ scope, generation, limits }) => ({ scope, generation, limits }));
  assert.deepEqual(after, before);
  assert.equal(await server.stop(), 0);

  const commands = records(server.dir, "engine", "--kind", "command").map(({ command }) => command);
  assert.ok(commands.length > 0);
  assert.deepEqual(commands.filter((name) => !OWN.includes(name)), []);
  const people = records(server.dir, "control").filter(({ person }) => person !== "pitwall");
  assert.deepEqual(people.map(({ kind }) => kind).filter((kind) => !["start", "stop", "token"].includes(kind)), []);

  const { code, out, err } = verb("replay", "--data", server.dir, "--json");
  assert.equal(code, 0, out + err);
  const told = records(server.dir, "engine", "--kind", "state_hash").at(-1);
  assert.equal(JSON.parse(out).state_hash, told.hash);
});
