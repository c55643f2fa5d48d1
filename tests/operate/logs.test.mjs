// The log: one fact a line, key=value or JSON; what ships and turns it reads the same. Alloy's own program cannot be
// had from Debian, so its file is read by a grammar of this test: that is said, not hidden.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { configWith, ROOT, scratch, Server } from "../api/server.mjs";
import { until } from "../api/wait.mjs";
import { check, components, parse } from "./alloy.mjs";

const PAIR = /^[a-z_0-9]+=("[^"]*"|[^\s"=]*)$/;
const ALLOY = readFileSync(join(ROOT, "deploy/alloy/config.alloy"), "utf8");

/** The lines of a start, a kill and a stop. */
async function linesOf(config) {
  const server = await Server.start({ config });
  const trader = await server.person("trader");
  assert.equal((await trader.post("/kill", { scope: "strategy/maker", reason: 'two "words" of=mine' })).status, 200);
  await until("it is logged", () => server.err.includes("kill"));
  assert.equal(await server.stop(), 0);
  return server.err.trim().split("\n");
}

/** The pairs of a key=value line; values in quotes may have blanks. */
const pairsOf = (line) => line.match(/[^\s=]+=("[^"]*"|\S*)/g) ?? [];

test("every line is key=value, begins with time, level and area, and says one thing", async () => {
  const lines = await linesOf(configWith(scratch()));
  assert.ok(lines.length > 3);
  for (const line of lines) {
    const pairs = pairsOf(line);
    assert.equal(pairs.join(" "), line, "words between the pairs");
    assert.deepEqual(
      pairs.slice(0, 4).map((pair) => pair.split("=")[0]),
      ["time", "level", "area", "says"],
      line,
    );
    assert.match(pairs[0], /^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    for (const pair of pairs) assert.match(pair, PAIR, line);
  }
});

test("log.format json: the same facts, an object a line, every value a string", async () => {
  const lines = await linesOf(configWith(scratch(), [/^log:$/m, "log:\n  format: json"]));
  const facts = lines.map((line) => JSON.parse(line));
  for (const fact of facts) {
    assert.deepEqual(Object.keys(fact).slice(0, 4), ["time", "level", "area", "says"], JSON.stringify(fact));
    for (const value of Object.values(fact)) assert.equal(typeof value, "string");
  }
  const kill = facts.find(({ says }) => says === "kill");
  assert.equal(kill.actor, "trader");
  assert.equal(kill.reason, 'two "words" of=mine', "what was escaped is itself again");
});

test("the format changes while it runs, and is refused when it is another", async () => {
  const server = await Server.start();
  const risk = await server.person("risk1");
  const { headers } = await risk.get("/config");
  const changed = await risk.patch(
    "/config",
    { settings: { "log.format": "json" }, reason: "a collector that reads it" },
    { "If-Match": headers.etag },
  );
  assert.equal(changed.status, 200, changed.text);
  const trader = await server.person("trader");
  await trader.post("/kill", { scope: "strategy/maker", reason: "drill" });
  await until("a line of JSON", () => /^\{"time":.*"says":"kill"/m.test(server.err));
  const wrong = await risk.patch(
    "/config",
    { settings: { "log.format": "xml" }, reason: "x" },
    { "If-Match": changed.headers.etag },
  );
  assert.equal(wrong.status, 422, wrong.text);
  assert.equal(await server.stop(), 0);
});

test("Alloy's file holds together, by a grammar of our own", () => {
  assert.deepEqual(check(parse(ALLOY)), []);
  const names = components(parse(ALLOY)).map(({ name }) => name);
  for (const name of ["loki.source.journal", "loki.source.file", "loki.process", "loki.write"])
    assert.ok(names.includes(name), name);
  assert.ok(!/promtail/i.test(ALLOY));
});

test("what is wrong in Alloy's file is noticed", () => {
  const cases = [
    [
      "forward_to = [loki.process.pitwall.receiver]",
      "forward_to = [loki.process.other.receiver]",
      /loki\.process\.other/,
    ],
    ["loki.source.journal", "loki.source.journals", /loki\.source\.journals is no component/],
    [
      '      area  = "",\n    }\n  }\n\n  stage.structured',
      '      area  = "",\n      scope = "",\n    }\n  }\n\n  stage.structured',
      /label scope/,
    ],
    ["stage.labels", "stage.label", /stage\.label is no stage/],
    ["  endpoint {", "  endpoint {{", /./],
    ["RFC3339Nano", "RFC1", /RFC1/],
    ['matches    = "_SYSTEMD_UNIT=pitwall.service"', 'matches    = "_SYSTEMD_UNIT=pitwal.service"', /pitwal\.service/],
  ];
  for (const [from, to, says] of cases) {
    assert.ok(ALLOY.includes(from), from);
    let said;
    try {
      said = check(parse(ALLOY.replace(from, to))).join("; ");
    } catch (error) {
      said = error.message;
    }
    assert.match(said, says);
  }
});

/** logrotate on a tree of its own, as root and without the service's user. */
function rotate(change = (text) => text, ...args) {
  const dir = scratch();
  const log = join(dir, "pitwall.log");
  writeFileSync(log, 'time=1 level=info area=test says="x"\n'.repeat(1000));
  const mine = readFileSync(join(ROOT, "deploy/logrotate/pitwall"), "utf8")
    .replace("/var/log/pitwall/*.log", `${dir}/*.log`)
    .replace("su pitwall pitwall", "su root root");
  const file = join(dir, "logrotate.conf");
  writeFileSync(file, change(mine));
  chmodSync(file, 0o644);
  const done = spawnSync("logrotate", [...args, "--state", join(dir, "state"), file], { encoding: "utf8" });
  return { dir, log, error: done.error, code: done.status, text: `${done.stdout}${done.stderr}` };
}

test("logrotate turns the file, and the program goes on writing into it", (t) => {
  if (rotate().error) {
    t.skip("no logrotate on this machine");
    return;
  }
  const dry = rotate(undefined, "-d");
  assert.equal(dry.code, 0, dry.text);
  assert.doesNotMatch(dry.text, /error:/, "it says error: and ends with 0");
  const turned = rotate(undefined, "--force", "--verbose");
  assert.doesNotMatch(turned.text, /error:/, turned.text);
  assert.equal(readFileSync(turned.log, "utf8"), "", "the file that is open is the one that goes on");
  assert.ok(
    readdirSync(turned.dir).some((name) => /^pitwall\.log-\d{8}-\d+$/.test(name)),
    readdirSync(turned.dir).join(" "),
  );
  assert.match(
    rotate((text) => text.replace("compress", "compres"), "-d").text,
    /error:/,
    "a word that it does not know",
  );
});

/** The folder as tmpfiles.d makes it and the file as a manager opens it, turned as the service's user; by root. */
function turnAsUser(change = (text) => text) {
  const dir = scratch();
  chmodSync(dir, 0o755);
  const here = (text) => text.replaceAll("/var/log/pitwall", `${dir}/log`).replaceAll(/\bpitwall pitwall\b/g, "nobody nogroup");
  const read = (path) => readFileSync(join(ROOT, path), "utf8");
  const lines = read("deploy/systemd/pitwall.tmpfiles").split("\n").filter((line) => line.includes("/var/log"));
  writeFileSync(join(dir, "pitwall.conf"), change(here(lines.join("\n"))));
  writeFileSync(join(dir, "logrotate.conf"), here(read("deploy/logrotate/pitwall")), { mode: 0o644 });
  const run = (program, ...args) => spawnSync(program, args, { encoding: "utf8" });
  const made = run("systemd-tmpfiles", "--create", join(dir, "pitwall.conf"));
  assert.equal(made.status, 0, made.stderr);
  const log = join(dir, "log/pitwall.log");
  run("bash", "-c", `umask 077; exec 2>>'${log}'; echo before >&2`);
  const turned = run("logrotate", "--force", "--state", join(dir, "state"), join(dir, "logrotate.conf"));
  return { said: `${turned.stdout}${turned.stderr}`, left: readFileSync(log, "utf8"), info: statSync(log) };
}

const cannotTurn =
  process.getuid() !== 0
    ? "only root can turn a file as another user"
    : ["logrotate", "systemd-tmpfiles"].some((program) => spawnSync(program, ["--version"]).error) &&
      "no logrotate or no systemd-tmpfiles on this machine";

test("the folder of the log is there before its first line, and its user can turn it", { skip: cannotTurn }, () => {
  const { said, left, info } = turnAsUser();
  assert.equal(said, "");
  assert.equal(left, "", "it was emptied");
  assert.equal(info.mode & 0o777, 0o640);
  const rootS = turnAsUser((text) => text.replace(/^f .*$/m, ""));
  assert.match(rootS.said, /error:/, "a file that a manager has made as root");
  assert.equal(rootS.left, "before\n");
});

test("a program that writes while its file is turned loses nothing that comes later", (t) => {
  if (spawnSync("logrotate", ["--version"]).error) {
    t.skip("no logrotate on this machine");
    return;
  }
  const dir = scratch();
  const log = join(dir, "logs", "pitwall.log");
  mkdirSync(join(dir, "logs"));
  const file = join(dir, "logrotate.conf");
  writeFileSync(
    file,
    readFileSync(join(ROOT, "deploy/logrotate/pitwall"), "utf8")
      .replace("/var/log/pitwall/*.log", log)
      .replace("su pitwall pitwall", "su root root"),
  );
  // As `StandardError=append:` opens it: one descriptor, kept over the turn.
  const run = spawnSync("bash", [
    "-c",
    `exec 2>>'${log}'; echo before >&2; logrotate --force --state '${dir}/state' '${file}' 2>/dev/null; echo after >&2`,
  ]);
  assert.equal(run.status, 0);
  assert.equal(readFileSync(log, "utf8"), "after\n");
});
