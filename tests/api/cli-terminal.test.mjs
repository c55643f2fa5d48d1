// The verbs at a terminal: `watch` and what it leaves behind, passwords that are not shown, help, the man page
// and the completions.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { BIN, QUIET, Server, configWith, scratch, verb } from "./server.mjs";
import { until } from "./wait.mjs";

const PATIENCE_MS = 30000;
const SCREEN = "\u001b[?1049h";
const BACK = "\u001b[?25h\u001b[?1049l";
const FAINT = "\u001b[2m";
let server;

before(async () => (server = await Server.start({ config: configWith(scratch(), QUIET) })));
after(() => server?.stop());

const quote = (word) => `'${word}'`;

/** A verb on a terminal of its own; what it shows is gathered in `text`. */
class Terminal {
  text = "";
  code = null;

  constructor(...args) {
    const line = `stty rows 40 cols 120; exec ${[BIN, ...args].map(quote).join(" ")}`;
    const env = { ...process.env, LC_ALL: "C.UTF-8", SHELL: "/bin/sh" };
    this.process = spawn("script", ["-qec", line, "/dev/null"], { env });
    this.process.stdout.on("data", (bytes) => (this.text += bytes));
    this.ended = new Promise((done) => this.process.on("exit", (code) => done((this.code = code))));
  }

  sees(what, from = 0) {
    const seen = () => this.text.slice(from).match(what);
    return until(`${what}`, () => seen() || (this.code !== null && assert.fail(`it ended: ${this.text}`)), PATIENCE_MS);
  }

  type(keys) {
    this.process.stdin.write(keys);
  }

  /** The process under test: script's only child. */
  pid() {
    const { pid } = this.process;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").at(-1));
  }
}

test("watch shows the desk, redraws it, and q gives the terminal back", async () => {
  const screen = new Terminal("watch", "--data", server.dir);
  await screen.sees(/pitwall {2}sim demo {2}ACTIVE/);
  assert.ok(screen.text.startsWith(SCREEN));
  for (const part of ["TOTAL PNL", "POSITIONS", "sim:BTCUSDT", "VENUES", "OPEN ORDERS  0"]) {
    assert.ok(screen.text.includes(part), part);
  }
  await screen.sees(/POSITIONS/, screen.text.length);
  screen.type("q");
  assert.equal(await screen.ended, 0);
  assert.ok(screen.text.endsWith(BACK), JSON.stringify(screen.text.slice(-60)));
});

test("watch says that the server does not answer, and keeps what it said last, faint", async () => {
  const screen = new Terminal("watch", "--data", server.dir);
  await screen.sees(/OPEN ORDERS/);
  assert.ok(!screen.text.includes(FAINT));
  server.process.kill("SIGSTOP");
  try {
    await screen.sees(/NO ANSWER for \S+: \S+control\.sock has not answered within 0\.9 s/);
    await screen.sees(/\u001b\[2m {2}sim:BTCUSDT/); // eslint-disable-line no-control-regex
  } finally {
    server.process.kill("SIGCONT");
  }
  const from = screen.text.length;
  await screen.sees(/\u001b\[Hpitwall|\u001b\[H\u001b\[1mpitwall/, from); // eslint-disable-line no-control-regex
  process.kill(screen.pid(), "SIGTERM");
  await screen.ended;
  assert.ok(screen.text.endsWith(BACK), "a signal gives the terminal back too");
});

test("watch that is no terminal prints a frame, lines, or documents", async () => {
  const once = verb("watch", "--once", "--data", server.dir);
  assert.equal(once.code, 0, once.err);
  assert.match(once.out, /^pitwall {2}sim demo {2}ACTIVE[^]*\nPOSITIONS\n[^]*\nOPEN ORDERS {2}0\n$/);
  assert.doesNotMatch(once.out, /[\u0000-\u0009\u000b-\u001f]/); // eslint-disable-line no-control-regex
  const run = spawn(BIN, ["watch", "--data", server.dir]);
  let text = "";
  run.stdout.on("data", (bytes) => (text += bytes));
  await until("two lines", () => text.split("\n").length > 2, PATIENCE_MS);
  run.kill();
  assert.match(text, /^\d\d:\d\d:\d\dZ {2}ACTIVE {2}pnl \S+ {2}day \S+ {2}equity \S+ USDT {2}open 0 .*sim:BTCUSDT 0/);
  assert.equal(verb("watch", "--once", "--data", scratch()).code, 69);
  assert.equal(verb("watch", "--every", "0", "--data", server.dir).code, 64);
});

test("approving at a terminal shows what it is for, asks, and never shows the password", async () => {
  const set = ["limits", "set", "--scope", "firm", "max_open_orders=70", "--reason", "more", "--data", server.dir];
  const id = /^PROPOSED (A\d+)/.exec(verb(...set).out)[1];
  const screen = new Terminal("approve", id, "--data", server.dir);
  await screen.sees(/User: /);
  screen.type("risk1\n");
  await screen.sees(/Password of risk1: /);
  screen.type(`${server.passwords().risk1}\n`);
  await screen.sees(/max_open_orders +50 +-> +70[^]*Approve as risk1\? \[yes\/no\]/);
  screen.type("yes\n");
  assert.equal(await screen.ended, 0, screen.text);
  assert.match(screen.text, /applied A\d+: limits of firm, by risk1/);
  assert.ok(!screen.text.includes(server.passwords().risk1));
});

test("who says no at the last question has decided nothing", async () => {
  const set = ["limits", "set", "--scope", "firm", "max_open_orders=80", "--reason", "more", "--data", server.dir];
  const id = /^PROPOSED (A\d+)/.exec(verb(...set).out)[1];
  const screen = new Terminal("approve", id, "--user", "risk2", "--data", server.dir);
  await screen.sees(/Password of risk2: /);
  screen.type(`${server.passwords().risk2}\n`);
  await screen.sees(/\[yes\/no\]/);
  screen.type("no\n");
  assert.equal(await screen.ended, 77);
  assert.match(screen.text, /pitwall approve: not approved; nothing has changed\r?\n$/);
  assert.match(verb("approve", "show", id, "--data", server.dir).out, /^PROPOSED/);
});

test("every verb and word says how it is called, and every option that is written is in the table", () => {
  const verbs = [...verb("help").out.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name]) => name);
  assert.ok(verbs.length > 25);
  const help = verbs.map((name) => {
    const { code, out } = verb(name, "--help");
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^pitwall ${name}: `));
    out.split("\n").forEach((line) => assert.ok(line.length <= 100, line));
    return out;
  });
  const known = new Set(help.join("\n").match(/--[a-z-]+/g));
  const sources = spawnSync("sh", ["-c", "cat server/cli/[a-z]*.c | grep -v bench_"], { cwd: join(import.meta.dirname, "../.."), encoding: "utf8" });
  const written = [...sources.stdout.matchAll(/"(--[a-z][a-z-]+)"/g)].map(([, option]) => option);
  assert.deepEqual([...new Set(written)].filter((option) => !known.has(option)), []);
});

test("the man page has every verb and no warning", () => {
  const { out, code } = verb("spec", "man");
  assert.equal(code, 0);
  verb("help").out.match(/^ {2}([a-z-]+)(?= {2})/gm).forEach((name) => assert.ok(out.includes(`.SS "${name.trim()}"`), name));
  const page = join(scratch(), "pitwall.1");
  writeFileSync(page, out);
  const groff = spawnSync("groff", ["-man", "-ww", "-Tutf8", "-z", page], { encoding: "utf8" });
  if (groff.error) {
    return; // a machine without groff
  }
  assert.equal(groff.stderr, "");
  assert.equal(groff.status, 0);
});

test("bash completes verbs, words, options and choices", () => {
  const file = join(scratch(), "completions");
  writeFileSync(file, verb("spec", "completions", "bash").out);
  const complete = (...words) => {
    const list = words.map(quote).join(" ");
    const script = `. ${file}; COMP_WORDS=(pitwall ${list}); COMP_CWORD=${words.length}; _pitwall; echo "\${COMPREPLY[*]}"`;
    const done = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    assert.equal(done.stderr, "");
    return done.stdout.trim();
  };
  assert.equal(complete("wat"), "watch");
  assert.equal(complete("limits", ""), "get set history diff revert what-if --scope --data --url --token-file --ca-file --cert --key --json --help");
  assert.equal(complete("limits", "set", "--if"), "--if-generation");
  assert.equal(complete("kill", "--f"), "--flatten");
  assert.equal(complete("token", "create", "--role", "t"), "trader");
  assert.equal(complete("kill", "--scope", "fi"), "firm");
  assert.match(verb("spec", "completions", "fish").out, /^complete -c pitwall -n __fish_use_subcommand -a watch /m);
  assert.match(verb("spec", "completions", "zsh").out, /^#compdef pitwall\n/);
  assert.equal(verb("spec", "completions", "csh").code, 64);
});
