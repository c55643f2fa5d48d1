// What the tables of the command line say: nothing that a reader would take for something else. Some of it is asked
// of a server that answers what a test wants, for what the real one does only for a moment.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as listen } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { BIN, QUIET, Server, configWith, scratch, verb } from "./server.mjs";
import { until } from "./wait.mjs";

const WHY = ["--reason", "a test"];
const BTC = "sim:BTCUSDT";
let server, tokenFile;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  tokenFile = join(scratch(), "token");
  writeFileSync(tokenFile, "anything", { mode: 0o600 });
});
after(() => server?.stop());

const local = (...args) => verb(...args, "--data", server.dir);
const denied = { instrument: BTC, side: "buy", qty: "0.001", type: "limit", tif: "GTC", price: "1" };

/** A server that answers what `answer(path)` gives, 503 where that is nothing; its address. */
async function pretend(t, answer) {
  const listening = createServer((request, reply) => {
    const said = answer(request.url);
    const text = JSON.stringify(said ?? { code: "unavailable", title: "Not now" });
    reply.writeHead(said ? 200 : 503, { "Content-Length": Buffer.byteLength(text), Connection: "close" });
    reply.end(text);
  });
  await new Promise((done) => listening.listen(0, "127.0.0.1", done));
  t.after(() => listening.close());
  return `http://127.0.0.1:${listening.address().port}`;
}

/** A verb, while this process answers it. */
function ask(url, ...args) {
  const env = { ...process.env, LC_ALL: "C.UTF-8" };
  return new Promise((done) =>
    execFile(BIN, [...args, "--url", url, "--token-file", tokenFile], { env }, (failed, out, err) =>
      done({ code: failed?.code ?? 0, out, err }),
    ),
  );
}

/** What a verb prints on a terminal of so many columns. */
async function onTerminal(columns, ...args) {
  const line = `stty rows 40 cols ${columns}; exec ${[BIN, ...args].map((word) => `'${word}'`).join(" ")}`;
  const run = spawn("script", ["-qec", line, "/dev/null"], { env: { ...process.env, LC_ALL: "C.UTF-8", SHELL: "/bin/sh" } });
  let text = "";
  run.stdout.on("data", (bytes) => (text += bytes));
  await new Promise((done) => run.on("close", done));
  return text.replaceAll("\r", "");
}

const position = (drift, more) => ({
  instrument: BTC, qty: "0.083", avg_price: "61591.667722891", mark: "61888.15", unrealised: "-1124.595579",
  realised: "-1004.354979", day_pnl: "-1069.64862794", currency: "USDT", age_ns: "9000000", venue_lots: 83 - drift, drift, ...more,
});
const PNL = {
  total: "66.53", price: "15.57", realised: "-1.02", unrealised: "16.59", fee: "-3.03", rebate: "53.99",
  funding: "0", equity: "1000066.53", day_pnl: "66.53", drawdown_ratio: "0.00000001", currency: "USDT",
};
const INCIDENT = "K1-1790000160449033780";
const STATES = [{
  scope: "firm", state: "HALTED", effective: "HALTED", since_ns: "1790000160449033780", actor: "watchdog", incident: INCIDENT,
  cause: "the engine does not beat and has not done so for quite a while",
}];
const ORDER = {
  id: "PW3CB00001-46S", instrument: BTC, strategy: "maker", side: "sell", price: "61692.3", qty: "0.02", filled: "0",
  state: "PENDING_CANCEL", sent_ns: "1790000160449033780",
};

function latest(positions, states = []) {
  return {
    status: { mode: "sim", instance: "demo", uptime_s: 5, storage: "ok", market: { state: "playing" }, venues: [] },
    pnl: PNL, positions: { items: positions }, trading_state: { items: states },
  };
}

function desk(positions, states) {
  return (path) => {
    if (path.startsWith("/api/v1/latest")) {
      return latest(positions(), states);
    }
    return { items: path.startsWith("/api/v1/orders") ? [ORDER] : [], next: null };
  };
}

/** The cells under the titles of the table that has all of `titles`. */
function row(text, ...titles) {
  const lines = text.split("\n").map((line) => line.trim().split(/ {2,}/));
  const head = lines.findIndex((cells) => titles.every((title) => cells.includes(title)));
  assert.ok(head >= 0, `${titles} in ${text}`);
  return Object.fromEntries(lines[head].map((title, at) => [title, lines[head + 1][at]]));
}

test("watch: what the total is the sum of stands there whole", async (t) => {
  const url = await pretend(t, desk(() => [position(0)]));
  const { out } = await ask(url, "watch", "--once");
  const parts = row(out, "REALISED", "UNREALISED", "FEES", "REBATES", "FUNDING");
  const sum = Object.values(parts).reduce((all, part) => all + Number(part), 0);
  assert.equal(sum.toFixed(2), row(out, "TOTAL PNL")["TOTAL PNL"]);
});

test("watch: 80 columns hold what matters, and long lines go on below", async (t) => {
  const url = await pretend(t, desk(() => [position(0)], STATES));
  const text = await onTerminal(80, "watch", "--once", "--url", url, "--token-file", tokenFile);
  text.split("\n").forEach((line) => assert.ok(line.length <= 80, line));
  assert.ok(text.replace(/\s+/g, " ").includes(`quite a while incident ${INCIDENT}`), text);
  for (const title of ["DAY PNL", "DRIFT", "EQUITY", "DAY", "REBATES"]) {
    assert.ok(row(text, title)[title], title);
  }
  assert.equal(row(text, "FILLED", "STATE").STATE, "PENDING_CANCEL");
  const wide = await onTerminal(140, "watch", "--once", "--url", url, "--token-file", tokenFile);
  assert.equal(row(wide, "VENUE LOTS", "AVG PRICE")["VENUE LOTS"], "83");
  assert.equal(row(wide, "STRATEGY", "AGE").STRATEGY, "maker");
});

const ALERT = { state: "firing", since_ns: "1790000160449033780", acknowledged: null, labels: {} };
const notify = (at) => ({ ...ALERT, id: `AL1-${at}`, alert: "limit_use", severity: "notify", says: `notify ${at}` });
const paging = { ...ALERT, id: "AL1-1", alert: "kill_active", severity: "page", says: "the oldest pages", acknowledged: { by: "ann" } };
const alwaysThere = { ...ALERT, id: "AL1-0", alert: "watchdog", severity: "notify", says: "always" };

test("watch: what pages comes first, however old; what has no room is counted", async (t) => {
  const alerts = [...[9, 8, 7, 6, 5, 4, 3, 2].map(notify), paging, alwaysThere];
  const others = desk(() => [position(0)]);
  const url = await pretend(t, (path) => (path.startsWith("/api/v1/alerts") ? { items: alerts, next: null } : others(path)));
  const { out } = await ask(url, "watch", "--once");
  const shown = out.slice(out.indexOf("\nALERTS\n"), out.indexOf("\nOPEN ORDERS")).trim().split("\n");
  assert.match(shown[1], /^ {2}page .* AL1-1 {2}the oldest pages: ann has it$/);
  assert.equal(shown.length, 8, shown.join("\n"));
  assert.equal(shown.at(-1), "  and 3 more: pitwall alerts");
  assert.ok(!out.includes("always"), out);
});

test("watch: alerts that could not be read are unknown, not those of before and not none", async (t) => {
  let asked = 0;
  const others = desk(() => [position(0)]);
  const url = await pretend(t, (path) => {
    if (!path.startsWith("/api/v1/alerts")) {
      return others(path);
    }
    return ++asked === 1 ? { items: [paging], next: null } : undefined;
  });
  const run = spawn(BIN, ["watch", "--url", url, "--token-file", tokenFile]);
  let text = "";
  run.stdout.on("data", (bytes) => (text += bytes));
  await until("two lines", () => text.split("\n").length > 2);
  run.kill();
  const [first, second] = text.split("\n");
  assert.match(first, / {2}alerts 1 /);
  assert.match(second, / {2}alerts unknown /);
  const { out } = await ask(url, "watch", "--once");
  assert.match(out, /\nALERTS {2}unknown\n/);
});

test("a list that has no --cursor is printed whole", async (t) => {
  const page = (path) => ({ items: [{ name: path.includes("cursor=") ? "second" : "first", ...paging }], next: path.includes("cursor=") ? null : "7" });
  const url = await pretend(t, page);
  for (const words of [["token", "list"], ["user", "list"], ["alerts"], ["alerts", "--all"], ["approve", "list", "--all"]]) {
    const { code, out, err } = await ask(url, ...words);
    assert.equal(code, 0, err);
    assert.equal(out.trim().split("\n").length, 3, `${words}: ${out}`);
    assert.doesNotMatch(err, /more/);
  }
  const { items, next } = JSON.parse((await ask(url, "token", "list", "--json")).out);
  assert.deepEqual([items.map(({ name }) => name), next], [["first", "second"], null]);
  const endless = await ask(await pretend(t, () => ({ items: [paging], next: "7" })), "alerts");
  assert.equal(endless.code, 69);
  assert.match(endless.err, /no end/);
});

test("a difference of a moment is a fill on its way; one that lasts is a drift", async (t) => {
  const drifts = (list) => {
    let at = 0;
    return pretend(t, () => ({ items: [position(list[Math.min(at++, list.length - 1)])], next: null }));
  };
  const shown = async (list) => row((await ask(await drifts(list), "positions")).out, "DRIFT").DRIFT;
  assert.equal(await shown([20, 0]), "0");
  assert.equal(await shown([20, -10]), "-10 on its way");
  const began = performance.now();
  assert.equal(await shown([60]), "60", "a real one stands bare");
  assert.ok(performance.now() - began > 1900, "after two seconds");
  assert.equal(JSON.parse((await ask(await drifts([20]), "positions", "--json")).out).items[0].drift, 20);
  assert.equal(JSON.parse((await ask(await drifts([20]), "positions", "--json")).out).items[0].cli_drift, undefined);
  const halted = [{ scope: `instrument/${BTC}`, state: "HALTED", effective: "HALTED" }];
  const still = await ask(await pretend(t, desk(() => [position(60)], halted)), "watch", "--once");
  assert.equal(row(still.out, "DRIFT").DRIFT, "60", "nothing is on its way where all stands still");
});

test("users and tokens are listed with a head, and with all that matters about them", () => {
  assert.equal(local("token", "create", "--name", "robot", "--role", "trader", "--person", "risk1").code, 0);
  const taken = local("token", "create", "--name", "robot", "--role", "viewer");
  assert.match(taken.err, /there is a token robot already; `pitwall user list` and `pitwall token list` show what is taken/);
  const users = local("user", "list").out;
  assert.match(users, /^USER +ROLE +PERSON +DISABLED +SECOND FACTOR +MUST CHANGE PASSWORD\n/);
  assert.match(users, /^risk1 +risk +risk1 +no +no +no$/m);
  const tokens = local("token", "list").out;
  assert.match(tokens, /^NAME +ROLE +SCOPE +PERSON +STATE +CREATED +UNTIL\n/);
  assert.match(tokens, /^robot +trader +- +risk1 +valid +\S+ \S+ +\S+ \S+Z$/m);
});

test("the audit is told in words: what was, and what is", async () => {
  assert.equal(local("limits", "set", "--scope", "firm", "max_open_orders=49", ...WHY).code, 0);
  assert.equal(local("limits", "set", "--scope", "firm", "max_open_orders=60", ...WHY).code, 0);
  const query = (kind) => local("audit", "query", "--kind", kind).out;
  await until("the change in the audit", () => /50 -> 49/.test(query("limits")));
  assert.match(query("limits"), /^ *SEQ +AT +KIND +ACTOR +SCOPE +REASON +CHANGE\n/);
  assert.match(query("limits"), /limits +local:\d+ +firm +a test +max_open_orders 50 -> 49/);
  await until("the proposal in the audit", () => /approval/.test(query("approval")));
  assert.match(query("approval"), /max_open_orders 49 -> 60, .*state pending, expires \d{4}-\d\d-\d\d/);
});

test("a setting that was changed is told as what it was and is", async () => {
  assert.equal(local("config", "set", "audit.anchor_s=30", ...WHY).code, 0);
  const query = () => local("audit", "query", "--kind", "config").out;
  await until("the change in the audit", () => /audit\.anchor_s/.test(query()));
  assert.match(query(), /audit\.anchor_s 60 -> 30, version 1$/m);
});

test("what was set says what has changed, and that nothing has", () => {
  const scope = ["--scope", "strategy/momentum"];
  const generation = () => JSON.parse(local("limits", "get", ...scope, "--json").out).generation;
  const then = generation();
  const [name, value] = Object.entries(JSON.parse(local("limits", "get", ...scope, "--json").out).limits).find(([, is]) => is > 1);
  assert.match(local("limits", "set", ...scope, `${name}=${value}`, ...WHY).out, /^UNCHANGED strategy\/momentum, generation \d+ is in force\n/);
  assert.match(local("limits", "set", ...scope, `${name}=1`, ...WHY).out, /^CHANGED /);
  assert.match(local("limits", "set", ...scope, `${name}=0`, ...WHY).out, /^CHANGED /);
  assert.match(local("limits", "revert", ...scope, "--to", String(then), ...WHY).out, /^PROPOSED /);
  assert.match(local("kill", "--scope", "firmm", ...WHY).err, /there is no scope "firmm"; `pitwall state` lists them/);
});

test("a tightening by going back names each value that moved", () => {
  const scope = ["--scope", "instrument/sim:SOLUSDT"];
  const { generation, limits } = JSON.parse(local("limits", "get", ...scope, "--json").out);
  const [name, value] = Object.entries(limits).find(([, is]) => Number.isInteger(is) && is > 2);
  assert.match(local("limits", "set", ...scope, `${name}=${value - 2}`, ...WHY).out, /^CHANGED /);
  const low = JSON.parse(local("limits", "get", ...scope, "--json").out).generation;
  const id = /^PROPOSED (A\d+)/.exec(local("limits", "set", ...scope, `${name}=${value}`, "--expires", "600", ...WHY).out)[1];
  const passwordFile = join(scratch(), "password");
  writeFileSync(passwordFile, server.passwords().risk1, { mode: 0o600 });
  assert.equal(local("approve", id, "--user", "risk1", "--password-file", passwordFile).code, 0);
  const box = () => local("limits", "get", ...scope).out.split("\n").find((line) => line.startsWith(`${name} of `));
  assert.match(box(), new RegExp(`^${name} of instrument/sim:SOLUSDT is ${value} until .*, then ${value - 2} again \\(${id}\\)$`));
  assert.match(local("limits", "set", ...scope, `${name}=${value - 1}`, ...WHY).out, /^CHANGED /);
  assert.match(box(), new RegExp(`was raised to ${value} until .*; in force is ${value - 1}$`));
  const back = local("limits", "revert", ...scope, "--to", String(low), ...WHY).out;
  assert.match(back, new RegExp(`^REVERTED instrument/sim:SOLUSDT, .*\\n +WHAT +FROM +TO\\n +${name} +${value - 1} +-> +${value - 2}\\n$`));
  assert.ok(generation < low);
});

test("why: what no scope bounds is not said to have passed; a time of another day has its day", async (t) => {
  const check = (name, limit) => ({ name, scope: limit === null ? null : "firm", measured: null, limit, headroom: null, passed: true });
  const checks = [check("max_margin_ratio", null), check("max_open_orders", 50), check("halted", null)];
  const url = await pretend(t, (path) =>
    path.includes("/why") ? { order: "X", passed: true, generation: 1, checks, ages_ns: {} } : { items: [ORDER], next: null },
  );
  const { out } = await ask(url, "orders", "why", "X");
  assert.match(out, /^max_margin_ratio .* no limit$/m);
  assert.match(out, /^max_open_orders .* passed$/m);
  assert.match(out, /^halted .* passed$/m);
  assert.match((await ask(url, "orders")).out, /^PW3CB00001-46S +2026-09-21 14:16:00Z /m);
});

test("limits of one scope show their present use as those of all do", () => {
  const { out } = local("limits", "get", "--scope", "firm");
  assert.match(out, /^SCOPE +LIMIT +VALUE +UNIT +USED %\n/);
  assert.match(out, /^firm +max_open_orders +\d+ +orders +\d+\.\d\d$/m);
});

test("a proposal for the settings is of nothing but them; a name that is none is told by this program's words", () => {
  const set = (pair) => local("config", "set", pair, ...WHY);
  assert.match(set("engine.step_budget_ms=40").out, /^PROPOSED A\d+: config\n/);
  const wrong = set("engine.step_budgt_ms=40");
  assert.equal(wrong.code, 64);
  assert.match(wrong.err, /there is no setting engine\.step_budgt_ms; did you mean engine\.step_budget_ms\?/);
  assert.match(set("zzzzzzzzzzzz=1").err, /`pitwall config get` lists them/);
});

test("an order that the gate denied is told as one; nothing found says since when", async () => {
  const trader = await server.person("trader");
  const { status, body } = await trader.post("/orders", denied);
  assert.equal(status, 422);
  const shown = local("orders", "show", body.order);
  assert.equal(shown.code, 69);
  assert.match(shown.err, new RegExp(`the gate denied ${body.order}: \\S+; .pitwall orders why ${body.order}`));
  assert.match(local("orders", "show", "PW000").err, /no such order is kept; older ones: pitwall audit query --kind order/);
  assert.match(local("fills", "--strategy", "manual").err, /no fill fits, of those that are kept; older ones: pitwall audit query --kind fill/);
  assert.match(local("orders", "--strategy", "manual").err, /no order fits, of those that are kept; older ones: pitwall audit query --kind order/);
});

test("who does not answer is named, with how long was waited", async (t) => {
  const silent = listen(() => {});
  await new Promise((done) => silent.listen(0, "127.0.0.1", done));
  t.after(() => silent.close());
  const url = `http://127.0.0.1:${silent.address().port}`;
  const { code, err } = await ask(url, "state");
  assert.equal(code, 69);
  assert.ok(err.includes(`${url} has not answered within 10 s`), err);
});
