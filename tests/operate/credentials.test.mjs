// Secrets that a service manager or a volume hands over: what owner and mode they may have, and the token of
// metrics_token_file.

import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { after } from "node:test";
import { Caller, configWith, QUIET, scratch, Server, verb } from "../api/server.mjs";
import { pause, until } from "../api/wait.mjs";
import { METRICS_TOKEN, secretsAsMounted } from "./secrets.mjs";

const env = process.env.CREDENTIALS_DIRECTORY;
after(() => {
  if (env === undefined) {
    delete process.env.CREDENTIALS_DIRECTORY;
  } else {
    process.env.CREDENTIALS_DIRECTORY = env;
  }
});

/** A server under TLS with certificate and metrics token from a folder of secrets. */
function overTls(folder, keyFile = "tls.key", tokenFile = "metrics-token") {
  return configWith(scratch(), QUIET, [
    /^seed:/m,
    `metrics_listen: 127.0.0.1:0
metrics_token_file: ${tokenFile}
tls: { always: true, cert_file: ${folder}/tls.crt, key_file: ${keyFile} }
seed:`,
  ]);
}

const start = (folder, ...files) =>
  Server.start({ config: overTls(folder, ...files), tls: { ca: readFileSync(join(folder, "ca.crt")) } });

async function refused(folder, says, ...files) {
  await assert.rejects(start(folder, ...files), (error) => {
    assert.match(error.message, /exit 78/);
    assert.match(error.message, says);
    return true;
  });
}

test("secrets of a volume are taken: root's, readable by the group, behind links", async () => {
  const folder = (process.env.CREDENTIALS_DIRECTORY = secretsAsMounted(scratch()));
  const server = await start(folder);
  const scraper = server.anonymous().at(server.run.metrics_url);
  scraper.token = METRICS_TOKEN;
  const scraped = await scraper.call("GET", "/metrics");
  assert.equal(scraped.status, 200);
  assert.match(scraped.text, /^pitwall_build_info\{/m);
  assert.equal(await server.stop(), 0);
});

test("the token of the file opens the metrics listener, and nothing else; another opens nothing", async () => {
  const folder = (process.env.CREDENTIALS_DIRECTORY = secretsAsMounted(scratch()));
  const server = await start(folder);
  const ask = async (url, token, path = "/metrics", method = "GET") => {
    const caller = server.anonymous().at(url);
    caller.token = token;
    return (await caller.call(method, path, method === "POST" ? { scope: "firm", reason: "x" } : undefined)).status;
  };
  const { metrics_url: metrics } = server.run;
  assert.equal(await ask(metrics, METRICS_TOKEN), 200);
  assert.equal(await ask(metrics, METRICS_TOKEN.replace("0", "1")), 401);
  assert.equal(await ask(metrics, METRICS_TOKEN.slice(0, -1)), 401);
  assert.equal(await ask(metrics, `${METRICS_TOKEN}0`), 401);
  assert.equal(await ask(metrics, null), 401);
  assert.equal(await ask(server.url, METRICS_TOKEN), 401);
  assert.equal(await ask(server.url, METRICS_TOKEN, "/api/v1/status"), 401);
  assert.equal(await ask(server.killUrl, METRICS_TOKEN, "/api/v1/kill", "POST"), 401);
  const own = server.program("scraper", ["--scope", "metrics"], metrics);
  assert.equal((await own.call("GET", "/metrics")).status, 200, "tokens of the program go on as before");
  assert.equal(await server.stop(), 0);
});

test("a secret that others may read, that its group may change, or that is another's, is refused", async () => {
  const folder = (process.env.CREDENTIALS_DIRECTORY = secretsAsMounted(scratch()));
  const at = (name) => join(folder, "..data", name);
  for (const name of ["tls.key", "metrics-token"]) {
    chmodSync(at(name), 0o444);
    await refused(folder, /may be read by others/);
    chmodSync(at(name), 0o460);
    await refused(folder, /may be changed by its group/);
    chmodSync(at(name), 0o440);
    chownSync(at(name), 4711, 0);
    await refused(folder, /belongs to another user/);
    chownSync(at(name), 0, 4711);
    await refused(folder, /a group that is not ours/);
    chownSync(at(name), 0, 0);
  }
  const server = await start(folder);
  assert.equal(await server.stop(), 0);
});

test("elsewhere a secret is ours alone, as ever", async () => {
  process.env.CREDENTIALS_DIRECTORY = secretsAsMounted(scratch());
  const folder = secretsAsMounted(scratch());
  await refused(folder, /lets others read the key/, join(folder, "tls.key"));
  await refused(folder, /may be read by others/, "tls.key", join(folder, "metrics-token"));
  // A way out of the folder of credentials is not in it.
  const inside = join(process.env.CREDENTIALS_DIRECTORY, "..", "..", folder, "tls.key");
  await refused(folder, /lets others read the key/, inside);
});

test("a token that is too short to be a secret, or opens nothing, is refused", async () => {
  const folder = (process.env.CREDENTIALS_DIRECTORY = secretsAsMounted(scratch()));
  writeFileSync(join(folder, "..data", "metrics-token"), "0123456789abcdef0123456789abcde\n");
  await refused(folder, /32 to 255 characters/);
  unlinkSync(join(folder, "metrics-token"));
  await refused(folder, /No such file/);
  const config = configWith(scratch(), [/^seed:/m, "metrics_token_file: metrics-token\nseed:"]);
  const checked = verb("check", "--config", config);
  assert.equal(checked.code, 78);
  assert.match(checked.err, /test\.yaml:\d+: metrics_token_file opens metrics_listen only/);
});

test("the scraper's token is changed without a moment in which it is turned away, and without a restart", async () => {
  const folder = (process.env.CREDENTIALS_DIRECTORY = secretsAsMounted(scratch()));
  const next = "fedcba9876543210fedcba9876543210";
  const server = await start(folder);
  const scraper = server.anonymous().at(server.run.metrics_url);
  const scrape = async (token) => {
    scraper.token = token;
    return (await scraper.call("GET", "/metrics")).status;
  };
  const put = (text) => {
    writeFileSync(join(folder, "..data", "new"), text, { mode: 0o440 });
    renameSync(join(folder, "..data", "new"), join(folder, "..data", "metrics-token"));
  };
  const settled = (token, status) => until(`${status}`, async () => (await scrape(token)) === status, 10000);
  assert.equal(await scrape(METRICS_TOKEN), 200);
  put(`${METRICS_TOKEN}\n${next}\n`);
  await settled(next, 200);
  assert.equal(await scrape(METRICS_TOKEN), 200, "both, until the scraper has the new one");
  put(`${next}\n`);
  await settled(METRICS_TOKEN, 401);
  assert.equal(await scrape(next), 200);
  for (const [bad, says] of [
    ["short\n", /is refused.*32\\x20to\\x20255/],
    [`${METRICS_TOKEN}\n${next}\n${"x".repeat(40)}\n`, /is refused.*has\\x20more\\x20than\\x20two\\x20lines/],
    [`${METRICS_TOKEN}\0${next}\n`, /is refused.*is\\x20more\\x20than\\x20two\\x20lines\\x20of\\x20text/],
    [`${METRICS_TOKEN} \n`, /is refused.*no\\x20visible\\x20ASCII/],
  ]) {
    put(bad);
    await until("it says so", async () => (await scrape(next)) && says.test(server.err), 10000);
    assert.equal(await scrape(next), 200, "what cannot be a token changes nothing");
    assert.equal(await scrape(METRICS_TOKEN), 401);
  }
  await pause(1100);
  put(`${METRICS_TOKEN}\n`);
  assert.equal(await scrape(METRICS_TOKEN), 200, "of one file that both read, the first scrape is taken");
  unlinkSync(join(folder, "..data", "metrics-token"));
  await pause(1100);
  assert.equal(await scrape(METRICS_TOKEN), 200, "a file that is gone changes nothing");
  assert.equal(await server.stop(), 0);
});

test("a certificate that a volume exchanges, by one rename for all files, is taken", async () => {
  const folder = (process.env.CREDENTIALS_DIRECTORY = secretsAsMounted(scratch()));
  const server = await start(folder);
  const before = (await server.anonymous().call("GET", "/health")).body.tls.sha256;
  const next = secretsAsMounted(scratch());
  mkdirSync(join(folder, "..next"));
  for (const name of ["tls.crt", "tls.key", "ca.crt", "metrics-token", "venue-key"]) {
    writeFileSync(join(folder, "..next", name), readFileSync(join(next, name)), { mode: 0o440 });
  }
  symlinkSync("..next", join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  server.process.kill("SIGHUP");
  const trusts = { ca: readFileSync(join(folder, "ca.crt")) };
  const answer = await until("the new certificate", () =>
    new Caller(server.url, trusts).call("GET", "/health").catch((error) => {
      assert.match(error.message, /certificate|signature/, "until then it is the old one that is shown");
      return null;
    }),
  );
  assert.notEqual(answer.body.tls.sha256, before);
  assert.equal(await server.stop(), 0);
});
