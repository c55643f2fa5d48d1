// wapiti crawls the server and puts its payloads into every argument of every read, as somebody unknown and as
// a person who is logged in. Nothing may be found but what EXPECTED says. The page is made by scripts, which
// wapiti does not run, so it is given the addresses.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, QUIET, ROOT, scratch, Server } from "../api/server.mjs";
import { scan } from "./scanner.mjs";

/**
 * Those that need nothing of the internet, and no form to log in by. Without htaccess, which takes 501, the answer
 * to a method that is none, for a way around: hygiene.test.mjs has that.
 */
const MODULES =
  "backup,blindsql,cookieflags,crlf,csp,csrf,exec,file,http_headers,methods,permanentxss,redirect,shellshock,sql,xss";
const ADDRESSES_MIN = 40;
const CRAWL_S = 60;
const MODULE_S = 20;
const WHOLE_S = 600;

/** What is found and is none: by wapiti's category, what its text begins with, and why. */
const EXPECTED = [
  ["HTTP Secure Headers", /X-XSS-Protection/, "a filter that browsers have removed, and that leaked where they had it"],
  ["HTTP Secure Headers", /Strict-Transport-Security/, "plain loopback; tests/api/tls.test.mjs asks it of TLS"],
];

/** What stands for {parts} of a path and for arguments; others are `x` and `1`. */
const PART = { instrument: "sim:BTCUSDT", scope: "firm", strategy: "maker", name: "viewer", id: "1", incident: "1" };
const ARGUMENT = { ...PART, state: "OPEN", q: "order", format: "csv", day: "2026-01-01" };

/** Addresses of the reads, with every argument they take: rows of the program's own table. */
function readAddresses() {
  const table = readFileSync(join(ROOT, "server/tables/routes.def"), "utf8");
  const rows = [...table.matchAll(/^ROUTE\(GET, +"([^"]+)",.*?, +\d+, "([^"]*)",/gm)];
  return rows
    .filter(([, path]) => path !== "/api/v1/stream")
    .map(([, path, names]) => {
      const query = names.split(" ").filter(Boolean).map((name) => `${name}=${ARGUMENT[name] ?? "1"}`);
      const whole = path.replace(/\{(\w+)\}/g, (_, part) => PART[part] ?? "x");
      return query.length ? `${whole}?${query.join("&")}` : whole;
    });
}

let server;
let risk1;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  risk1 = await server.person("risk1");
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

/** wapiti's report, and how many addresses it had. */
async function wapiti(cookie) {
  const dir = scratch();
  const report = join(dir, "report.json");
  const settings = join(dir, "config");
  mkdirSync(settings);
  // Without this table, of a module that is not used, wapiti would look for it on the internet.
  writeFileSync(join(settings, "apps.json"), "{}");
  const { said } = await scan(
    "wapiti",
    [
      ...["-u", `${server.url}/`, "--scope", "domain", "-m", MODULES, "--flush-session", "--no-bugreport", "-v", "1"],
      ...["--max-scan-time", `${CRAWL_S}`, "--max-attack-time", `${MODULE_S}`, "-t", "10", "-f", "json", "-o", report],
      ...["--store-session", join(dir, "session"), "--store-config", settings],
      ...readAddresses().flatMap((path) => ["-s", server.url + path]),
      ...(cookie ? ["-H", `Cookie: ${cookie}`] : []),
    ],
    { seconds: WHOLE_S },
  );
  const seen = Number(/found (\d+) URLs and forms/.exec(said)?.[1]);
  return { seen, said, report: JSON.parse(readFileSync(report, "utf8")) };
}

/** [category, text] of every finding; an anomaly is an answer 500 or none. */
const findings = ({ vulnerabilities, anomalies, additionals }) =>
  [vulnerabilities, anomalies, additionals].flatMap((kind) =>
    Object.entries(kind).flatMap(([category, rows]) => rows.map(({ info, path }) => [category, info, path])),
  );

const isExpected = ([category, info]) => EXPECTED.some(([of, text]) => of === category && text.test(info));

for (const who of ["nobody", "risk1"]) {
  test(`wapiti finds nothing as ${who}`, { timeout: (WHOLE_S + 30) * 1000 }, async (context) => {
    const { seen, said, report } = await wapiti(who === "risk1" ? risk1.cookie : null);
    const found = findings(report);
    const expected = found.filter(isExpected).length;
    context.diagnostic(`${who}: ${seen} addresses, ${found.length} findings, ${expected} expected`);
    assert.ok(seen >= ADDRESSES_MIN, said);
    assert.deepEqual(found.filter((row) => !isExpected(row)), []);
    assert.equal((await server.anonymous().get("/status")).status, 401);
    assert.equal((await risk1.get("/status")).status, 200, "the session has lasted");
  });
}
