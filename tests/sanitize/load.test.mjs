// The whole program under everything at once, built with sanitizers: a report of theirs, an answer 5xx that no
// honest server gives, or an end that is not clean is a failure. LOAD_SECONDS (60) says how long; what the
// sanitizers say they write to REPORTS/, where mk/test has told them to.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { Authority, install } from "../api/authority.mjs";
import { Caller, configWith, scratch, Server } from "../api/server.mjs";
import { pause } from "../api/wait.mjs";
import { Socket } from "../api/ws.mjs";
import { Desk, READS } from "./desk.mjs";

const SECONDS = Number(process.env.LOAD_SECONDS ?? 60);
const REPORTS = process.env.REPORTS;
const STREAMS = 120;
const SLOW = 30;

/** Sanitizers slow it down tenfold, and there is much to do. */
Server.readyMs = 300000;
Caller.patienceMs = 120000;
Socket.patienceMs = 120000;

/**
 * A connection kept open may end just when it is used again, and a slow machine makes that likely: then the request goes
 * out again on a new one. Each is counted.
 */
let renewed = 0;
const callOnce = Caller.prototype.call;
Caller.prototype.call = async function call(...request) {
  for (let tries = 0; ; tries++) {
    try {
      return await callOnce.apply(this, request);
    } catch (error) {
      if (error.code !== "ECONNRESET" || tries === 2) {
        throw error;
      }
      renewed++;
    }
  }
};

/** Each must have come of the load at least once, or it was none. */
const ACHIEVED = [
  ...["limits 200", "limits 202", "approve 200", "reject 200", "revert 202", "what-if 200"],
  ...["config 200", "strategy 200", "kill 200", "receipt 200", "resume 202", "resume approve 200"],
  ...["order 201", "order again 201", "cancel 202", "cancel all 202", "note 201", "user 201", "user off 200", "user gone 204"],
  ...["token 201", "scrape by token 200", "token off 204", "log-in 200", "log-out 204", "stranger 401"],
  ...["scrape 200", "export 200", "verify 200", "stream 101", "slow heads 0", "certificate 200"],
];

async function open() {
  const dir = scratch();
  const authority = new Authority(dir);
  const files = { certFile: join(dir, "served.pem"), keyFile: join(dir, "served.key") };
  const pairs = [authority.issue("one"), authority.issue("two")];
  install(pairs[0], files);
  const tls = `tls: { always: true, cert_file: "${files.certFile}", key_file: "${files.keyFile}" }`;
  const patient = "engine:\n  silent_ms: 60000\n  step_budget_ms: 5000\n  stuck_ms: 60000"; // for an engine that sanitizers slow down
  const config = configWith(dir, [/^seed:/m, `${tls}\nseed:`], [/^engine:/m, patient]);
  const server = await Server.start({ config, tls: { ca: authority.ca } });
  return { server, files, pairs };
}

/** A certificate comes and goes while connections are made by it. */
async function certificates({ server, files, pairs }, desk) {
  for (let at = 1; !desk.over(); at++) {
    install(pairs[at % 2], files);
    server.process.kill("SIGHUP");
    await pause(700);
    desk.deed("certificate", await server.anonymous().call("GET", "/health"));
  }
}

async function everybody(server) {
  const who = { script: server.program("load", ["--scope", "kill"]), metrics: server.program("scraper", ["--scope", "metrics"]) };
  const users = ["viewer", "trader", "risk1", "risk2", "admin"];
  const passwords = server.passwords();
  for (const user of users) {
    who[user] = await server.person(user, passwords[user]);
  }
  return { who, passwords };
}

/** Who is there logs in first, so that all of the time is load. */
async function load(opened) {
  const { server } = opened;
  const { who, passwords } = await everybody(server);
  const end = Date.now() + SECONDS * 1000;
  const desk = new Desk(server, () => Date.now() > end || server.code !== null);
  await Promise.all([
    desk.reads(who.risk1, 0),
    desk.reads(who.admin, READS.length >> 1),
    desk.limits(who.risk1, who.risk2),
    desk.settings(who.risk2, who.risk1),
    desk.kills(who.script, who.risk1, who.risk2),
    desk.orders(who.trader),
    desk.people(who.admin),
    desk.logIns("viewer", passwords.viewer),
    desk.scrapes(who.metrics),
    desk.exports(who.risk1),
    desk.crowd(who.risk2, STREAMS),
    desk.slowHeads(SLOW),
    certificates(opened, desk),
  ]);
  return desk;
}

function reports() {
  return readdirSync(REPORTS).map((name) => readFileSync(join(REPORTS, name), "utf8"));
}

test("everything at once, and a clean end", { timeout: (SECONDS + 700) * 1000 }, async () => {
  const opened = await open();
  const { server } = opened;
  const desk = await load(opened).catch((error) => {
    throw new Error(`${error.message}; exit ${server.code}: ${server.err.slice(-2000)}`, { cause: error });
  });
  console.log(JSON.stringify(desk.deeds));
  assert.equal(server.code, null, `it ended by itself: ${server.err.slice(-2000)}`);
  const code = await server.stop();
  assert.deepEqual(reports(), []);
  assert.equal(code, 0, server.err.slice(-2000));
  assert.deepEqual(desk.wrong, []);
  const deeds = Object.values(desk.deeds).reduce((sum, count) => sum + count, 0);
  assert.ok(renewed * 20 < deeds, `${renewed} connections broke in ${deeds} requests`);
  assert.deepEqual(ACHIEVED.filter((deed) => !desk.deeds[deed]), []);
  assert.deepEqual(READS.filter((path) => !Object.keys(desk.deeds).some((deed) => deed.startsWith(`GET ${path} `))), []);
});
