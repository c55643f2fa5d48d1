// Every command of docs/RUNBOOK.md is run against a demo as it stands there, its placeholders filled as this file says.
// A command that nobody has said how to run fails; so does one that answers otherwise than a desk would expect.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { BIN, bybitInstead, configWith, DEMO_CONFIG, ROOT, scratch, Server, verb } from "../api/server.mjs";
import { pause, until } from "../api/wait.mjs";
import { Venue } from "../gateway/desk.mjs";
import { readRunbook } from "./runbook.mjs";

const PAGE = readFileSync(join(ROOT, "docs/RUNBOOK.md"), "utf8");
const BOOK = readRunbook(PAGE);
const SCENE = {};
const PANIC = join(scratch(), "panic");
const DEMO_KEY = JSON.stringify({ key: "demo-key-one", secret: "demo-secret-one" }); // that the venue has

/** Runs a line of a shell to its end: {code, out}. */
function shell(line, env = {}) {
  const set = {
    PATH: `${SCENE.bin}:${process.env.PATH}`,
    PITWALL_BIN: BIN,
    PITWALL_DATA: SCENE.server.dir,
    PITWALL_BACKUPS: SCENE.backups,
    ...env,
  };
  const program = spawn("bash", ["-ec", line], { cwd: ROOT, env: set, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  program.stdout.on("data", (text) => (out += text));
  program.stderr.on("data", (text) => (out += text));
  const late = setTimeout(() => program.kill("SIGKILL"), 60000);
  return new Promise((done) => program.on("close", (code) => done(clearTimeout(late) ?? { code, out })));
}

const token = (name, ...how) => SCENE.server.program(`${name}-${(SCENE.made = (SCENE.made ?? 0) + 1)}`, how).token;
/** What `curl -H @FILE` reads. */
const header = (text) => `@${secretFile(`Authorization: Bearer ${text}\n`)}`;
const fresh = () => join(scratch(), "new");

/** Kills a scope and answers the incident; lifted by two people when it was killed before. */
async function killed(scope) {
  const risk1 = await SCENE.server.person("risk1");
  const { items } = (await risk1.get("/trading-state")).body;
  const now = items.find((item) => item.scope === scope);
  if (now.incident) return now.incident;
  return (await risk1.post("/kill", { scope, reason: "so that there is something to lift" })).body.incident;
}

async function lifted() {
  const [risk1, risk2] = [await SCENE.server.person("risk1"), await SCENE.server.person("risk2")];
  for (const { scope, state, version } of (await risk1.get("/trading-state")).body.items.filter(
    (item) => item.state !== "ACTIVE",
  )) {
    const asked = await risk1.put(`/trading-state/${scope}`, { state: "ACTIVE", reason: "the next command" }, version);
    assert.equal(asked.status, 202, `${state}: ${asked.text}`);
    assert.equal((await risk2.post(`/approvals/${asked.body.id}/approve`, {})).status, 200);
  }
}

/** A proposal of risk1 that is open. */
async function proposal() {
  const risk1 = await SCENE.server.person("risk1");
  const { body, headers } = await risk1.get("/limits/strategy/maker");
  const asked = await risk1.put(
    "/limits/strategy/maker",
    { limits: { max_open_orders: body.limits.max_open_orders + 1 }, reason: "x" },
    undefined,
    { "If-Match": headers.etag },
  );
  assert.equal(asked.status, 202, asked.text);
  return asked.body.id;
}

function secretFile(text) {
  const file = join(scratch(), "file");
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** The generation of a scope's limits, tightened once more so that there is one to go back to. */
async function tightened() {
  const risk1 = await SCENE.server.person("risk1");
  const { body, headers } = await risk1.get("/limits/strategy/maker");
  const done = await risk1.put(
    "/limits/strategy/maker",
    { limits: { max_open_orders: body.limits.max_open_orders - 1 }, reason: "x" },
    undefined,
    { "If-Match": headers.etag },
  );
  assert.equal(done.status, 200, done.text);
  return done.body.generation;
}

/** Another program on a copy of the data, which a signal may end. */
async function victim() {
  const server = await Server.start();
  await until("it answers", async () => (await (await server.person("viewer")).get("/status")).status === 200);
  return server;
}

async function afterSignal(server, says, code) {
  await until("it has heard", () => says.test(server.err) || server.code !== null);
  server.process.ref();
  if (code !== undefined) assert.equal(await server.exited, code);
  else assert.equal(await server.stop(), 0);
}

const is2xx = /"|\{|\[/;
/**
 * How each command is run: `before` makes what it is about, `fill` puts what is real in place of what the page has,
 * `complete` adds what a terminal would ask for; `code` is what it must end with, `says` what it must print.
 */
const HOW = [
  { is: /^pitwall state( --data DIR)?$/, says: /^SCOPE +STATE/m },
  { is: /^pitwall alerts --data DIR( --all)?$/ },
  { is: /^pitwall positions --data DIR$/, says: /sim:BTCUSDT/ },
  { is: /^pitwall orders --data DIR --open$/ },
  { is: /^pitwall fills --data DIR --limit 20$/, says: /sim:/ },
  { is: /^pitwall limits get --data DIR --scope firm$/, says: /max_daily_loss/ },
  { is: /^pitwall strategies --data DIR$/, says: /maker/ },
  { is: /^pitwall spec alerts$/, says: /kill_active/ },
  { is: /^pitwall version$/, says: /\S/ },
  { is: /^pitwall latency-audit$/, code: [0, 1], says: /^VERDICT +CHECK/m }, // by the machine
  { is: /^pitwall audit query --data DIR( --kind (kill|state|denial))?( --limit \d+)?$/ },
  {
    is: /^pitwall audit verify --data (DIR|NEWDIR)/,
    fill: [
      ["/mnt/elsewhere/anchors.ndjson", () => SCENE.anchors],
      ["/mnt/elsewhere/audit.pub", () => join(SCENE.server.dir, "audit.pub")],
      ["NEWDIR", () => SCENE.restored],
    ],
    says: /well|/,
    code: [0, 1],
  },
  { is: /^pitwall audit rebuild/, fill: [["/tmp/again.db", fresh]] },
  {
    is: /^pitwall audit report/,
    fill: [
      ["2026-11-26", () => new Date().toISOString().slice(0, 10)],
      ["FILE", () => SCENE.ledger],
    ],
    code: [0, 1],
    says: /fill/,
  },
  {
    is: /^pitwall audit export/,
    fill: [
      ["EXPORT_FILE", fresh],
      ["2026-11-26", () => "2026-01-01"],
    ],
  },
  { is: /^pitwall journal verify/, says: /engine +well/ },
  { is: /^pitwall journal dump/, says: /\S/ },
  { is: /^pitwall journal follow/ },
  { is: /^pitwall backup/, fill: [["NEWDIR", fresh]], says: /copied and checked/ },
  { is: /^pitwall restore --from BACKUP --check/, says: /would take them/ },
  {
    is: /^pitwall restore --from BACKUP --data NEWDIR/,
    fill: [["NEWDIR", () => (SCENE.restored = fresh())]],
    says: /comes up HALTED/,
  },
  { is: /^pitwall replay --data BACKUP/, says: /same|identical|equal|record/ },
  { is: /^pitwall cancel-all/ },
  {
    // Ours alone, and curl takes it: an incident that there is not is not found, which nobody else is told.
    is: /^\(umask 077 && printf 'Authorization.* > HEADER\)$/,
    fill: [["> HEADER)", `> '${PANIC}'; stat -c %a '${PANIC}'; curl -s KILL/api/v1/kill/K1-99 -H '@${PANIC}')`]],
    says: /^600\n.*"status":404/,
  },
  {
    is: /^pitwall kill --data DIR( --scope \S+ --reason ".*")?$/,
    says: /KILLED/,
    before: lifted,
    complete: ' --scope strategy/momentum --reason "x"',
  },
  {
    is: /^pitwall kill --url KILL/,
    fill: [["FILE", () => secretFile(token("panic", "--scope", "kill"))]],
    says: /KILLED/,
    before: lifted,
  },
  { is: /^pitwall resume --data/, fill: [["K1-1", () => killed("strategy/momentum")]], says: /^PROPOSED/ },
  {
    is: /^pitwall approve/,
    fill: [["A1000001", proposal]],
    complete: () => ` --user risk2 --password-file ${secretFile(SCENE.server.passwords().risk2)} --reason x`,
    says: /./,
  },
  {
    is: /^pitwall strategies set/,
    before: () =>
      verb(
        "strategies",
        "set",
        "--data",
        SCENE.server.dir,
        "--strategy",
        "maker",
        "--enabled",
        "false",
        "--reason",
        "x",
      ),
    says: /^PROPOSED/,
  },
  { is: /^pitwall limits set/, before: tightened, says: /PROPOSED/ },
  {
    is: /^pitwall user create --data DIR \.\.\.$/,
    fill: [["...", () => `--name someone --role viewer --password-file ${secretFile("correct horse battery staple")}`]],
  },
  { is: /^(build\/|NEW\/)?pitwall check --config FILE --data DIR$/, fill: [["NEW/", ""]] },
  {
    is: /^build\/pitwall check --config FILE --data DIR --forget/,
    before: overridden,
    fill: [["DIR", () => SCENE.stopped]],
  },
  {
    is: /^deploy\/ask-venues --config FILE --user pitwall( --credential \S+)?$/,
    fill: [
      ["FILE", connectable],
      [" --user pitwall", ""],
      ["/etc/pitwall/secrets/bybit-key-next", () => secretFile(DEMO_KEY)],
    ],
    says: /permissions|key/,
  },
  { is: /^NEW\/pitwall (version|migrate --data DIR --dry-run)$/, fill: [["NEW/", ""]] },
  { is: /^deploy\/backup\/(backup|restore-test)$/, says: /^backup: |is whole/m },
  { is: /^(KEEP_\w+=\d )*deploy\/backup\/keep\.sh BACKUPS$/, fill: [["BACKUPS", () => SCENE.backups]] },
  {
    is: /^curl .*KILL\/api\/v1\/kill -H/,
    fill: [["@HEADER", () => header(token("curl", "--scope", "kill"))]],
    says: /"incident"/,
    before: lifted,
  },
  {
    is: /^curl .*KILL\/api\/v1\/kill\/INCIDENT/,
    fill: [
      ["@HEADER", () => header(token("curl", "--scope", "kill"))],
      ["INCIDENT", () => killed("strategy/momentum")],
    ],
    says: /"incident"/,
  },
  {
    is: /^curl .*\/positions\/sim:BTCUSDT\/adopt/,
    fill: [["@HEADER", () => header(token("curl", "--role", "risk"))]],
    code: [22],
    says: /"status":4(09|22)/,
  },
  {
    is: /^curl .*\/reconciliation\/.*state=apart/,
    fill: [["@HEADER", () => header(token("curl", "--role", "viewer"))]],
    says: /"items"/,
  },
  {
    is: /^curl .*orders\?state=UNKNOWN/,
    fill: [["@HEADER", () => header(token("curl", "--role", "viewer"))]],
    says: /"items"/,
  },
  {
    is: /^curl .*-X PUT .*limits\/strategy\/maker/,
    fill: [
      ['"1"', async () => `"${await tightened()}"`],
      ["@RISK_HEADER", () => header(token("curl", "--role", "risk"))],
    ],
    says: /"generation"/,
  },
  {
    is: /^curl .*maker\/history/,
    fill: [["@RISK_HEADER", () => header(token("curl", "--role", "risk"))]],
    says: /"items"/,
  },
  {
    is: /^curl .*maker\/revert/,
    fill: [
      ['"7"', async () => `"${(SCENE.generation = await tightened())}"`],
      ['"to":6', () => `"to":${SCENE.generation - 1}`],
      ["@RISK_HEADER", () => header(token("curl", "--role", "risk"))],
    ],
    says: /"state":"pending"|"generation"/,
  },
  {
    is: /^CSRF=/,
    before: someone,
    fill: [
      ["JAR", fresh],
      ["LOGIN_FILE", () => secretFile(JSON.stringify({ user: "admin", password: SCENE.server.passwords().admin }))],
      ["VERSION", () => SCENE.someone.version],
      ["TOKEN_NAME", tokenName],
      ["NAME", () => SCENE.someone.user],
    ],
    says: /"disabled":true/,
  },
  { is: /^kill -USR1 PID$/, signal: [/killed by SIGUSR1/] },
  { is: /^kill -HUP PID$/, signal: [/SIGHUP|certificate|reload|/] },
  { is: /^kill PID$/, signal: [/./, 0] },
  { is: /^mkfs\.ext4 -b 4096$/, complete: () => ` -q ${blankDisk()}` },
  { is: /^(nproc|ulimit -Hn)$/, says: /\d|unlimited/ },
  { is: /^GET /, request: true },
  { is: /^POST /, request: true },
];

async function overridden() {
  const server = await Server.start();
  const risk = await server.person("risk1");
  const { headers } = await risk.get("/config");
  const set = await risk.patch(
    "/config",
    { settings: { "engine.silent_ms": "1500" }, reason: "x" },
    { "If-Match": headers.etag },
  );
  assert.equal(set.status, 200, set.text);
  assert.equal(await server.stop(), 0);
  SCENE.stopped = server.dir;
}

/** A configuration of a venue that is there: another server of ours, with its first account's key. */
async function connectable() {
  SCENE.venue ??= await new Venue([]).start();
  const dir = scratch();
  const key = join(dir, "key");
  writeFileSync(key, DEMO_KEY, { mode: 0o600 });
  const where = `environment: custom, rest: "${SCENE.venue.url}", stream: "${SCENE.venue.url.replace("http", "ws")}"`;
  return configWith(
    dir,
    ["mode: sim", "mode: live"],
    ...bybitInstead("bybit-linear:BTCUSDT", `key_file: "${key}", ${where}`),
  );
}

async function someone() {
  const name = `person${(SCENE.people = (SCENE.people ?? 0) + 1)}`;
  assert.equal(
    verb(
      "user",
      "create",
      "--data",
      SCENE.server.dir,
      "--name",
      name,
      "--role",
      "viewer",
      "--password-file",
      secretFile("correct horse battery staple"),
    ).code,
    0,
  );
  const { items } = (await (await SCENE.server.person("admin")).get("/users")).body;
  SCENE.someone = items.find(({ user }) => user === name);
}

function tokenName() {
  token("gone", "--role", "viewer");
  return `gone-${SCENE.made}`;
}

function blankDisk() {
  const file = join(scratch(), "disk");
  writeFileSync(file, "");
  truncateSync(file, 16 << 20);
  return file;
}

/** What a person with every role's eyes gets: GETs are asked, POSTs with what stands behind them. */
async function request(text) {
  const [, method, where, path, body] = /^(\w+) +(URL|KILL)(\/\S*)\s*(\{.*\})?/.exec(text);
  const incident = await killed("strategy/momentum");
  const filled = path
    .replace("K1-2", incident)
    .replace("INCIDENT", incident)
    .replace("A1000001", path.includes("A1000001") ? await proposal() : "");
  const caller =
    where === "KILL"
      ? SCENE.server.program(`get-${(SCENE.made += 1)}`, ["--scope", "kill"], SCENE.server.killUrl)
      : await SCENE.server.person(
          path.includes("/approvals/") || path.includes("/audit") || path.includes("/alerts") ? "risk2" : "viewer",
        );
  const alert = filled.includes("AL1-3") ? (await caller.get("/alerts")).body.items[0].id : "";
  const { status, text: said } = await caller.call(
    method,
    filled.replace("AL1-3", alert),
    body ?? (method === "POST" ? {} : undefined),
  );
  assert.ok([200, 201].includes(status), `${text}: ${status} ${said}`);
}

async function fill(text, pairs = []) {
  let filled = text;
  for (const [from, to] of pairs)
    if (filled.includes(from)) filled = filled.replaceAll(from, typeof to === "function" ? await to() : to);
  const common = {
    BACKUP: SCENE.made1,
    "KILL/": `${SCENE.server.killUrl}/`,
    " KILL ": ` ${SCENE.server.killUrl} `,
    "URL/": `${SCENE.server.url}/`,
    " FILE": ` ${DEMO_CONFIG}`,
  };
  for (const [from, to] of Object.entries(common)) filled = filled.replaceAll(from, to);
  return filled.replace(/\bDIR\b/g, SCENE.server.dir).replaceAll("curl -sS", "curl -sS --fail-with-body");
}

async function signalled(text, [says, code]) {
  const server = await victim();
  assert.equal((await shell(text.replace("PID", server.process.pid))).code, 0);
  await afterSignal(server, says, code);
}

async function run(text, how) {
  await how.before?.();
  if (how.request) return request(text);
  if (how.signal) return signalled(text, how.signal);
  const more = typeof how.complete === "function" ? how.complete() : (how.complete ?? "");
  const whole = text.includes("--scope") ? text : text + more;
  const line = await fill(text === "pitwall state" ? "pitwall state --data DIR" : whole, how.fill);
  const { code, out } = await shell(line);
  assert.ok((how.code ?? [0]).includes(code), `${line}: exit ${code}, ${out}`);
  if (how.says) assert.match(out, how.says, line);
  if (line.startsWith("curl")) assert.match(out, is2xx, line);
  return undefined;
}

before(async () => {
  SCENE.bin = scratch();
  symlinkSync(BIN, join(SCENE.bin, "pitwall"));
  SCENE.backups = fresh();
  SCENE.ledger = join(scratch(), "ledger");
  SCENE.server = await Server.start({
    config: configWith(scratch(), [/^market:$/m, `market:\n  ledger: "${SCENE.ledger}"`]),
  });
  const viewer = await SCENE.server.person("viewer");
  await until("it trades", async () => (await viewer.get("/fills")).body.items.length > 3, 30000);
  SCENE.made1 = fresh();
  assert.equal(verb("backup", "--data", SCENE.server.dir, "--out", SCENE.made1).code, 0);
  await pause(100);
  SCENE.anchors = join(scratch(), "anchors.ndjson");
  cpSync(join(SCENE.server.dir, "anchors.ndjson"), SCENE.anchors);
  mkdirSync(SCENE.backups);
});
after(async () => {
  await SCENE.venue?.stop();
  assert.equal(await SCENE.server.stop(), 0);
});

test("no command of the runbook hides in a block that is not run", () => {
  assert.deepEqual(BOOK.wrong, []);
  assert.ok(BOOK.commands.length > 60, `only ${BOOK.commands.length} commands were read`);
});

const done = new Set();
for (const { text, line } of BOOK.commands) {
  if (done.has(text)) continue;
  done.add(text);
  test(`runbook line ${line} ${text.slice(0, 70)}`, async () => {
    const how = HOW.find(({ is }) => is.test(text));
    assert.ok(how, `nobody has said how to run: ${text}`);
    await run(text, how);
  });
}

test("no token stands in an argument, where everybody on the host would see it", () => {
  const shown = BOOK.commands.filter(({ text }) => /Bearer (?!%s)|X-CSRF-Token: [^$]|--token[ =]/.test(text));
  assert.deepEqual(shown, []);
});

test("every way to run a command is of a command that the page still has", () => {
  assert.deepEqual(
    HOW.filter(({ is }) => !BOOK.commands.some(({ text }) => is.test(text))).map(({ is }) => String(is)),
    [],
  );
});

test("what cannot be run here is a shell's, says why, and names files that are there", () => {
  assert.ok(BOOK.marked.length >= 5);
  for (const { block, why, line } of BOOK.marked) {
    assert.ok(why.length > 10, `line ${line}`);
    const { status, stderr } = spawnSync("bash", ["-n"], { input: block, encoding: "utf8" });
    assert.equal(status, 0, `line ${line}: ${stderr}`);
    for (const [, file] of block.matchAll(/(?<![\w/]|pitwall\/)((?:deploy|terraform)\/[\w./-]+)(?![\w*])/g))
      assert.ok(existsSync(join(ROOT, file.replace(/\/$/, ""))), `line ${line}: there is no ${file}`);
    for (const [, unit] of block.matchAll(/\b(pitwall-[a-z0-9-]+\.timer)\b/g))
      assert.ok(existsSync(join(ROOT, "deploy/backup", unit)), `line ${line}: there is no ${unit}`);
  }
});

test("a page with a new command, a hidden one, or a mark without an end is noticed", () => {
  const { commands } = readRunbook("```sh\npitwall dance --data DIR\n```\n");
  assert.deepEqual(
    commands.map(({ text }) => text),
    ["pitwall dance --data DIR"],
  );
  assert.equal(
    HOW.find(({ is }) => is.test(commands[0].text)),
    undefined,
  );
  assert.equal(readRunbook("```\npitwall state --data DIR\n```\n").wrong.length, 1);
  assert.equal(readRunbook("so:\n\n    deploy/gone.sh --now\n").wrong.length, 1);
  assert.equal(
    readRunbook("`deploy/backup/keep.sh X`, not `deploy/alloy/config.alloy` or `deploy/grafana`").commands.length,
    1,
  );
  assert.equal(readRunbook("and `pitwall audit burn --data DIR` it").commands.length, 1);
  assert.equal(readRunbook("<!-- not run by the test: needs a bank -->\n```sh\nfi\n```").marked.length, 1);
  assert.equal(
    readRunbook("<!-- not run by the test: needs a bank -->\nText.\n```sh\nfi\n```").marked.length,
    0,
    "a mark is for the next block alone",
  );
});
