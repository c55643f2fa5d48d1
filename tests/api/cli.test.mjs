// The verbs that speak to a server, over the Unix socket and over HTTP with a token: what they print, what
// they answer with --json, and how they end.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFile } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { BIN, QUIET, Server, configWith, scratch, verb } from "./server.mjs";
import { APPROVAL, FILL, LIMITS, ORDER, POSITION, STATE, STRATEGY, differences, list } from "./shape.mjs";
import { until } from "./wait.mjs";

const BTC = "sim:BTCUSDT";
let server, ways, trader;

/** A file that only we can read. */
function secret(name, text, mode = 0o600) {
  const file = join(server.dir, "..", name);
  writeFileSync(file, `${text}\n`);
  chmodSync(file, mode);
  return file;
}

function token(name, how) {
  const made = verb("token", "create", "--data", server.dir, "--name", name, ...how);
  assert.equal(made.code, 0, made.err);
  return secret(`token-${name}`, made.out.trim());
}

const password = (user) => secret(`password-${user}`, server.passwords()[user]);
const local = (...args) => verb(...args, "--data", server.dir);

/** The JSON that a verb prints. */
function json(...args) {
  const done = verb(...args, "--json");
  assert.equal(done.code, 0, `${args.join(" ")}: ${done.err}`);
  return JSON.parse(done.out);
}

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  ways = {
    socket: ["--data", server.dir],
    token: ["--url", server.url, "--token-file", token("risk", ["--role", "risk"])],
  };
  trader = await server.person("trader");
  const order = { instrument: BTC, side: "buy", qty: "0.001", type: "market", tif: "IOC" };
  await until("an order that is let through", async () => (await trader.post("/orders", order)).status === 201, 120000);
  await until("a fill", async () => (await trader.get("/fills?limit=1")).body.items.length === 1, 60000);
});
after(() => server?.stop());

for (const way of ["socket", "token"]) {
  test(`what reads answers as the API does, by ${way}`, () => {
    const read = (...args) => json(...args, ...ways[way]);
    const shapes = [
      [["state"], list(STATE)],
      [["positions"], list(POSITION)],
      [["orders", "--limit", "3"], list(ORDER)],
      [["orders", "--open", "--strategy", "maker", "--instrument", BTC], list(ORDER)],
      [["fills", "--limit", "2"], list(FILL)],
      [["limits", "get"], list(LIMITS)],
      [["limits", "get", "--scope", `instrument/${BTC}`], LIMITS],
      [["strategies"], list(STRATEGY)],
      [["audit", "query", "--limit", "2"], { items: [{ seq: "count", kind: "text" }], next: "null|text" }],
      [["approve", "list"], { items: [], next: "null|text" }],
      [["watch", "--once"], { at_ns: "ns", answered: "bool", latest: { positions: list(POSITION) }, orders: list(ORDER) }],
    ];
    for (const [args, shape] of shapes) {
      assert.deepEqual(differences(read(...args), shape), [], args.join(" "));
    }
    const [order] = read("orders", "--limit", "1").items;
    assert.deepEqual(differences(read("orders", "show", order.id), ORDER), []);
    assert.equal(read("orders", "why", order.id).passed, true);
  });

  test(`tables have their numbers to the right and nothing unknown as 0, by ${way}`, () => {
    const { out, code } = verb("positions", ...ways[way]);
    assert.equal(code, 0);
    const [head, ...rows] = out.trimEnd().split("\n");
    assert.match(head, /^INSTRUMENT +QTY +AVG PRICE +MARK +UNREALISED +REALISED +DAY PNL +CCY +AGE +VENUE LOTS +DRIFT$/);
    assert.deepEqual(rows.map((row) => row.split(/ +/)[0]).sort(), [BTC, "sim:ETHUSDT", "sim:SOLUSDT"]);
    rows.forEach((row) => assert.equal(row.length, head.length));
  });
}

test("an option given twice does nothing: a kill of two scopes would leave one trading", () => {
  const twice = verb("kill", "--scope", "strategy/maker", "--reason", "panic", "--scope", "strategy/momentum", "--data", server.dir);
  assert.equal(twice.code, 64);
  assert.match(twice.err, /--scope is given twice: only one can hold, so nothing was done/);
  const states = JSON.parse(verb("state", "--json", "--data", server.dir).out);
  assert.ok(!JSON.stringify(states).includes("HALTED"), "nothing was killed");
});

test("why an order passed or not is told check by check", () => {
  const [{ id }] = json("orders", "--limit", "1", ...ways.socket).items;
  const { out } = local("orders", "why", id);
  assert.match(out, /^PW\S+ passed the gate, by the limits of generation \d+$/m);
  assert.match(out, /^max_order_lots +instrument\/sim:BTCUSDT +\d+ +\d+ +\d+ +passed$|^max_order_lots +\S+ +\d+ +\d+ +\d+ +passed$/m);
  assert.match(out, /^ages: book \S+, venue \S+, rate \S+$/m);
  assert.equal(local("orders", "show", "PW000").code, 69);
});

test("limits: tighter at once, looser by another person, and never over what somebody else has set", () => {
  const get = () => json("limits", "get", "--scope", "firm", ...ways.socket);
  const { generation } = get();
  const tighter = verb("limits", "set", "--scope", "firm", "max_open_orders=49", "--reason", "calmer", ...ways.token);
  assert.equal(tighter.code, 0, tighter.err);
  assert.match(tighter.out, new RegExp(`^CHANGED firm, generation ${generation + 1} is in force\n.*\n +max_open_orders +50 +-> +49$`, "m"));
  const moved = local("limits", "set", "--scope", "firm", "max_open_orders=48", "--reason", "x", "--if-generation", String(generation));
  assert.equal(moved.code, 69);
  assert.match(moved.err, /generation \d+ of firm is in force[^]*max_open_orders +49 +-> +48/);
  const looser = verb("limits", "set", "--scope", "firm", "max_open_orders=60", "--reason", "busy day", ...ways.token);
  assert.equal(looser.code, 0, looser.err);
  const id = /^PROPOSED (A\d+): limits of firm$/m.exec(looser.out)[1];
  assert.match(looser.out, /A person of role risk, other than risk, must approve it: pitwall approve A\d+/);
  assert.equal(get().limits.max_open_orders, 49);

  assert.match(local("approve", "list").out, new RegExp(`^${id} +pending +limits +firm +risk +\\S+ \\S+ +busy day$`, "m"));
  const [open] = json("approve", "list", ...ways.token).items;
  assert.deepEqual(differences(open, APPROVAL), []);
  const approve = (...args) => verb("approve", id, ...args);
  const nobody = approve("--data", server.dir, "--password-file", password("risk2"));
  assert.equal(nobody.code, 77);
  assert.match(nobody.err, /needs a person: the owner of the Unix socket is none, and neither is a token/);
  const wrong = approve("--data", server.dir, "--user", "risk2", "--password-file", password("trader"));
  assert.equal(wrong.code, 77, wrong.err);
  const lower = approve("--url", server.url, "--user", "trader", "--password-file", password("trader"));
  assert.equal(lower.code, 77, lower.err);
  assert.equal(get().limits.max_open_orders, 49);

  const done = approve("--url", server.url, "--user", "risk2", "--password-file", password("risk2"));
  assert.equal(done.code, 0, done.err);
  assert.match(done.out, new RegExp(`^applied ${id}: limits of firm, by risk2$`, "m"));
  assert.equal(get().limits.max_open_orders, 60);
  assert.equal(approve("--data", server.dir, "--user", "risk1", "--password-file", password("risk1")).code, 69);
  assert.match(local("approve", "list", "--all").out, new RegExp(`^${id} +applied `, "m"));
});

test("a person acknowledges an alert, with a note", async () => {
  const [alert] = json("alerts", ...ways.token).items;
  const ack = (...args) => verb("alerts", "ack", alert.id, "--data", server.dir, ...args);
  assert.equal(ack("--user", "trader", "--password-file", password("trader")).code, 64, "no note");
  const low = ack("--user", "viewer", "--password-file", password("viewer"), "--note", "I look");
  assert.equal(low.code, 77, low.err);
  const done = ack("--user", "trader", "--password-file", password("trader"), "--note", "I have it");
  assert.equal(done.code, 0, done.err);
  assert.equal(done.out, `acknowledged ${alert.id}, by trader: ${alert.says}\n`);
  assert.match(local("alerts").out, new RegExp(`^${alert.id} .* trader +`, "m"));
});

test("who proposed does not approve, and a rejection is one", async () => {
  const risk1 = await server.person("risk1");
  const { body } = await risk1.get("/limits/firm");
  const proposed = await risk1.put("/limits/firm", { limits: { max_open_orders: 70 }, reason: "more" }, body.generation);
  const me = ["--user", "risk1", "--password-file", password("risk1")];
  const self = local("approve", proposed.body.id, ...me);
  assert.equal(self.code, 77);
  const other = ["--user", "risk2", "--password-file", password("risk2"), "--reason", "not today"];
  const refused = local("approve", "reject", proposed.body.id, ...other, "--json");
  assert.equal(refused.code, 0, refused.err);
  assert.equal(JSON.parse(refused.out).state, "rejected");
  const sessions = (await risk1.get("/audit?kind=login&limit=1000")).body.items;
  assert.ok(sessions.some((row) => row.actor === "risk2"), "the log-in is audited");
});

test("a kill, and the way back", async () => {
  const killed = verb("kill", "--scope", "strategy/momentum", "--reason", "drill", ...ways.token);
  assert.equal(killed.code, 0, killed.err);
  const [, incident] = /^KILLED strategy\/momentum, incident (\S+)$/m.exec(killed.out);
  const state = local("state");
  assert.match(state.out, new RegExp(`^strategy/momentum +HALTED +HALTED .* incident ${incident}$`, "m"));
  const resumed = local("resume", "--scope", "strategy/momentum", "--incident", incident, "--reason", "over");
  assert.equal(resumed.code, 0, resumed.err);
  const id = /^PROPOSED (A\d+)/m.exec(resumed.out)[1];
  const done = local("approve", id, "--user", "risk1", "--password-file", password("risk1"));
  assert.equal(done.code, 0, done.err);
  assert.match(local("state").out, /^strategy\/momentum +ACTIVE/m);
});

test("orders are cancelled, one and all", async () => {
  const book = await until("a book", async () => {
    const { body } = await trader.get(`/books/${BTC}`);
    return body.bids?.length > 0 && !body.stale && body;
  }, 60000);
  const price = (Math.floor(Number(book.bids[0][0]) * 0.995 * 10) / 10).toFixed(1);
  const order = { instrument: BTC, side: "buy", qty: "0.001", price, type: "limit", tif: "GTC" };
  const place = (more) => until("an order that is let through", async () => {
    const reply = await trader.post("/orders", { ...order, ...more });
    return reply.status === 201 && reply;
  }, 60000);
  const at = ["--data", server.dir];
  const open = () => json("orders", "--open", ...at).items.length;
  const placed = await place({});
  await until("it works", () => open() === 1, 20000);
  const one = verb("orders", "cancel", placed.body.id, ...at);
  assert.equal(one.code, 0, one.err);
  assert.match(one.out, /^cancelling PW\S+: /);
  await until("it is gone", () => open() === 0, 20000);
  await place({ qty: "0.002" });
  await until("another works", () => open() === 1, 20000);
  const all = verb("cancel-all", "--scope", `instrument/${BTC}`, "--reason", "enough", ...at);
  assert.equal(all.code, 0, all.err);
  assert.match(all.out, /^cancelling 1 orders of instrument\/sim:BTCUSDT;/);
  await until("that is gone too", () => open() === 0, 20000);
});

test("how a verb ends says what was wrong", () => {
  const token_file = ways.token[3];
  const ends = (code, says, ...args) => {
    const done = verb(...args);
    assert.equal(done.code, code, `${args.join(" ")}: ${done.err}`);
    assert.match(done.err, says, args.join(" "));
    assert.equal(done.out, "");
  };
  ends(69, /no server runs in/, "positions", "--data", scratch());
  ends(69, /No such file/, "state", "--data", "/nowhere");
  ends(69, /nobody answers at .*refused/, "orders", "--url", "http://127.0.0.1:1", "--token-file", token_file);
  ends(77, /./, "positions", "--url", server.url, "--token-file", secret("bad", "not-a-token"));
  ends(77, /needs role risk/, "limits", "set", "--scope", "firm", "max_open_orders=1", "--reason", "x",
    "--url", server.url, "--token-file", token("looker", ["--role", "viewer"]));
  ends(78, /can be read by others: chmod 600/, "positions", "--url", server.url, "--token-file", secret("open", "x", 0o640));
  ends(64, /--token-file/, "positions", "--url", server.url);
  ends(64, /must be like http:/, "positions", "--url", "ftp://x", "--token-file", token_file);
  ends(64, /--data DIR, or --url URL/, "positions");
  ends(64, /did you mean --scope\?/, "kill", "--data", server.dir, "--scop", "firm");
  ends(64, /--reason is missing/, "kill", "--data", server.dir, "--scope", "firm");
  ends(64, /did you mean positions\?/, "postions");
  ends(64, /did you mean history\? it has get, set, history, diff, revert or what-if/, "limits", "histroy", "--data", server.dir);
  ends(64, /say what: create or list/, "token");
  ends(64, /ID is missing/, "orders", "why", "--data", server.dir);
  ends(64, /unknown argument b/, "orders", "why", "a", "b", "--data", server.dir);
  ends(64, /--limit needs a value/, "orders", "--data", server.dir, "--limit");
  ends(64, /did you mean max_open_orders\?/, "limits", "set", "--data", server.dir, "--scope", "firm", "max_opn_orders=1", "--reason", "x");
  ends(64, /wanted NAME=VALUE/, "limits", "set", "--data", server.dir, "--scope", "firm", "max_open_orders", "--reason", "x");
  ends(64, /there is no scope/, "limits", "get", "--data", server.dir, "--scope", "venue/nope");
});

test("a kill does not fail over the mode of its token's file; all else does", () => {
  const open = secret("token-open", readFileSync(token("killer", ["--scope", "kill"]), "utf8").trim(), 0o644);
  const done = verb("kill", "--url", server.killUrl, "--token-file", open, "--scope", "strategy/manual", "--reason", "now");
  assert.equal(done.code, 0, done.err);
  assert.match(done.err, /can be read by others: chmod 600/);
});

/** Whoever answers there says what a hostile server would; ends with the test. */
async function liar(t, status, body) {
  const listening = createServer((request, reply) => {
    reply.writeHead(status, { "Content-Length": Buffer.byteLength(body), Connection: "close" });
    reply.end(body);
  });
  t.after(() => listening.close());
  await new Promise((done) => listening.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${listening.address().port}`;
  return (...args) =>
    new Promise((done) => {
      const how = { env: { ...process.env, LC_ALL: "C.UTF-8" } };
      execFile(BIN, [...args, "--url", url, "--token-file", ways.token[3]], how, (failed, out, err) =>
        done({ code: failed?.code ?? 0, text: out + err }));
    });
}

test("control characters of what a server says do nothing to the terminal", async (t) => {
  const nasty = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202ekcab\r\nHALTED";
  const item = { scope: nasty, state: "pending", effective: nasty, cause: nasty, instrument: nasty, [nasty]: nasty };
  const ask = await liar(t, 200, JSON.stringify({ items: [item], next: nasty }));
  const whole = await liar(t, 200, JSON.stringify({ items: [item], next: null }));
  const verbs = [["state"], ["positions"], ["orders"], ["fills"], ["strategies"], ["audit", "query"], ["state", "--json"]];
  const lists = [["approve", "list"], ["alerts"], ["user", "list"], ["token", "list"]];
  for (const args of [...verbs, ...lists]) {
    const { code, text } = await (lists.includes(args) ? whole : ask)(...args);
    assert.equal(code, 0, text);
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/, args.join(" "));
  }
  assert.match((await ask("state")).text, /\\x1b\]0;owned\\x07/);
  const refuses = await liar(t, 409, JSON.stringify({ code: "conflict", title: nasty, detail: nasty }));
  const { code, text } = await refuses("positions");
  assert.equal(code, 69);
  assert.match(text, /^pitwall positions: \\x1b\]0;owned/);
  assert.ok(!text.includes("\u001b"));
});

test("what answers there may be no Pitwall at all", async (t) => {
  const answers = [[200, "<html>", 69], [200, '{"items":[', 69], [500, "oops", 69], [401, "", 77], [403, "{}", 77]];
  for (const [status, body, code] of answers) {
    const ask = await liar(t, status, body);
    assert.equal((await ask("positions")).code, code, `${status} ${body}`);
  }
});

test("what is made is told as JSON, and limits are what limits alone shows", () => {
  const made = JSON.parse(verb("token", "create", "--data", server.dir, "--name", "as-json", "--role", "viewer", "--json").out);
  assert.deepEqual(Object.keys(made), ["name", "token"]);
  assert.equal(made.name, "as-json");
  const file = secret("token-as-json-made", made.token);
  const by = ["--url", server.url, "--token-file", file];
  assert.deepEqual(verb("limits", ...by, "--scope", "firm", "--json"), verb("limits", "get", ...by, "--scope", "firm", "--json"));
  assert.equal(verb("limits", ...by).code, 0);
  const word = secret("password-of-bob", "a long enough password");
  const bob = ["user", "create", "--data", server.dir, "--name", "bob", "--role", "viewer", "--password-file", word, "--json"];
  assert.deepEqual(JSON.parse(verb(...bob).out), { user: "bob", role: "viewer" });
  assert.match(JSON.parse(verb("version", "--json").out).version, /\S/);
});

test("a list of a directory that is not there says so, and makes none", () => {
  const dir = join(scratch(), "slip");
  for (const kind of ["user", "token"]) {
    const { code, err } = verb(kind, "list", "--data", dir);
    assert.equal(code, 69, err);
    assert.match(err, /slip: there is no such data directory/);
  }
  assert.equal(existsSync(dir), false);
});
