// TLS as a client, a browser, an operator and an attacker meet it.

import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import test, { afterEach } from "node:test";
import { connect as connectTls } from "node:tls";
import { Authority, install } from "./authority.mjs";
import { configWith, QUIET, scratch, Server, TLS, verb } from "./server.mjs";
import { pause, until } from "./wait.mjs";
import { Socket } from "./ws.mjs";

let server;

afterEach(async () => {
  await server?.stop("SIGKILL");
});

const tlsWith = (text) => [/^seed:/m, `tls:\n${text.replace(/^/gm, "  ")}\nseed:`];

/** A server on loopback with a certificate that `authority` issued, at files of its own. */
async function startGiven(authority, { more = "", days = 30 } = {}) {
  const dir = scratch();
  const files = { certFile: join(dir, "served.pem"), keyFile: join(dir, "served.key") };
  install(authority.issue("first", { days }), files);
  const text = `always: true\ncert_file: ${files.certFile}\nkey_file: ${files.keyFile}${more}`;
  server = await Server.start({ config: configWith(dir, QUIET, tlsWith(text)), tls: { ca: authority.ca } });
  return files;
}

async function startOwn(options = {}) {
  server = await Server.start({ config: configWith(scratch(), QUIET, TLS), ...options });
}

/** One handshake: {fingerprint, protocol, alpn, error}. */
function shake(options = {}) {
  const { hostname, port } = new URL(server.url);
  return new Promise((done) => {
    const socket = connectTls({ host: hostname, port: Number(port), ...server.tls, ...options }, () => {
      done({
        fingerprint: socket.getPeerCertificate().fingerprint256,
        protocol: socket.getProtocol(),
        alpn: socket.alpnProtocol,
      });
      socket.destroy();
    });
    socket.on("error", (error) => done({ error: error.code ?? error.message }));
  });
}

async function metric(who, name) {
  const { text } = await who.call("GET", "/metrics");
  return Number(new RegExp(`^${name.replace(/[{}"]/g, "\\$&")} (\\S+)$`, "m").exec(text)?.[1]);
}

const CONNECTIONS = 'pitwall_tls_connections{listener="main"}';

test("off loopback a certificate is made once, named, and found again", async () => {
  const dir = join(scratch(), "data");
  const anywhere = ["--listen", "0.0.0.0:0"];
  const config = configWith(scratch(), QUIET);
  server = await Server.start({ dir, config, args: anywhere });
  const { fingerprint, protocol } = await shake();
  assert.match(server.url, /^https:\/\/0\.0\.0\.0:\d+$/);
  assert.equal(server.run.url, server.url);
  assert.match(server.killUrl, /^http:\/\/127\.0\.0\.1:/, "loopback stays as it was");
  assert.equal(protocol, "TLSv1.3");
  assert.ok(server.out.includes(fingerprint), server.out);
  assert.match(server.out, /^Dashboard {2}https:\/\/(?!0\.0\.0\.0)[^:]+:\d+ {2}\(any address of this machine\)$/m);
  assert.match(server.err, /area=tls says="certificate" .* expires=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m);
  assert.ok(server.err.includes(fingerprint), "the log says it too");
  assert.equal(statSync(join(dir, "tls/key.pem")).mode & 0o777, 0o600);
  assert.equal((await server.anonymous().call("GET", "/health")).body.tls.sha256, fingerprint);
  await server.stop();
  server = await Server.start({ dir, config, args: anywhere });
  assert.equal((await shake()).fingerprint, fingerprint);
});

test("plain HTTP on such an address is told to come back with https", async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET), args: ["--listen", "0.0.0.0:0"] });
  const { port } = new URL(server.url);
  const text = await new Promise((done) => {
    let heard = "";
    const socket = connect(Number(port), "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    socket.on("data", (data) => (heard += data));
    socket.on("close", () => done(heard));
    socket.on("error", () => {});
  });
  assert.match(text, /^HTTP\/1.1 400 /);
  assert.match(text, /write https:\/\//);
});

test("only TLS 1.3 and only HTTP/1.1", async () => {
  await startOwn();
  assert.equal((await shake({ ALPNProtocols: ["h2", "http/1.1"] })).alpn, "http/1.1");
  assert.match((await shake({ maxVersion: "TLSv1.2" })).error, /PROTOCOL_VERSION/);
  assert.match((await shake({ ALPNProtocols: ["h2"] })).error, /NO_APPLICATION_PROTOCOL/);
  assert.match((await shake({ ca: undefined })).error, /SELF_SIGNED/);
});

test("cookie, HSTS and Origin are those of https", async () => {
  await startOwn();
  const who = server.anonymous();
  const credentials = { user: "viewer", password: server.passwords().viewer };
  const host = new URL(server.url).host;
  const reply = await who.post("/session", credentials, { Origin: `https://${host}` });
  assert.equal(reply.status, 200, reply.text);
  const [cookie] = reply.headers["set-cookie"];
  assert.match(cookie, /^__Host-pitwall_session=[^;]+; HttpOnly; SameSite=Strict; Path=\/; Secure$/);
  assert.equal(reply.headers["strict-transport-security"], "max-age=31536000; includeSubDomains");
  assert.equal((await who.post("/session", credentials, { Origin: `http://${host}` })).body.code, "foreign_origin");
  assert.equal((await who.post("/session", credentials, { Origin: "https://evil.test" })).body.code, "foreign_origin");
  const viewer = await server.person("viewer");
  assert.equal((await viewer.get("/me")).body.user, "viewer");
  viewer.cookie = viewer.cookie.replace("__Host-", "");
  assert.equal((await viewer.get("/me")).status, 401, "the plain name is not taken");
});

test("plain loopback keeps its cookie and promises no TLS", async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  const who = { user: "viewer", password: server.passwords().viewer };
  const reply = await server.anonymous().post("/session", who, { Origin: server.url });
  assert.equal(reply.status, 200, reply.text);
  assert.match(reply.headers["set-cookie"][0], /^pitwall_session=[^;]+; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.equal(reply.headers["strict-transport-security"], undefined);
});

test("the stream runs over wss and says 1001 at the end", async () => {
  await startOwn();
  const viewer = await server.person("viewer");
  const stream = await viewer.stream();
  stream.subscribe("status", "books");
  await stream.next("status", (frame) => frame.type === "snapshot");
  await until("more frames", () => stream.of("books").length > 5, 60000);
  assert.equal(await server.stop(), 0);
  await until("a close", () => stream.closed);
  assert.equal(stream.closed.code, 1001);
});

test("a kill over TLS, on both listeners", async () => {
  await startOwn();
  assert.match(server.killUrl, /^https:/);
  const trader = await server.person("trader");
  const first = await trader.post("/kill", { scope: "strategy/maker", reason: "test" });
  assert.equal(first.status, 200, first.text);
  const program = server.program("killer", ["--scope", "kill"], server.killUrl);
  const second = await program.post("/kill", { scope: "firm", reason: "test" });
  assert.equal(second.status, 200, second.text);
  assert.equal((await program.get(`/kill/${second.body.incident}`)).body.scope, "firm");
});

test("an answer larger than any buffer arrives whole", async () => {
  await startOwn();
  const { port, hostname } = new URL(server.url);
  const risk = server.program("reader", ["--role", "risk"]);
  const count = 400;
  const request = `GET /api/v1/limits/schema HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${risk.token}\r\n\r\n`;
  const one = await risk.get("/limits/schema");
  const socket = connectTls(Number(port), hostname, server.tls);
  let heard = "";
  socket.on("data", (data) => (heard += data.toString("latin1")));
  socket.write(request.repeat(count));
  await until("all answers", () => heard.split("HTTP/1.1 200 OK").length - 1 === count, 30000);
  await until("the last byte", () => heard.endsWith(one.text.slice(-20)));
  assert.ok(heard.length > count * one.text.length);
  assert.equal(heard.split(one.text).length - 1, count, "every body is the same");
  socket.destroy();
});

/** What a start with these lines of tls: is refused for. */
function refusal(text, args = []) {
  const config = configWith(scratch(), QUIET, tlsWith(text));
  const listen = ["--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0"];
  return verb("run", "--config", config, "--data", join(scratch(), "data"), ...listen, ...args);
}

test("a certificate that will not do is refused at the start, by name", () => {
  const dir = scratch();
  const authority = new Authority(dir);
  const good = authority.issue("good");
  const other = authority.issue("other");
  const given = (certFile, keyFile) => refusal(`always: true\ncert_file: ${certFile}\nkey_file: ${keyFile}`);
  const rubbish = join(dir, "rubbish.pem");
  writeFileSync(rubbish, "rubbish", { mode: 0o600 });
  chmodSync(other.keyFile, 0o644);
  const cases = [
    [given(other.certFile, other.keyFile), /other\.key: mode 0644 .* chmod 600/],
    [given(good.certFile, join(dir, "none.key")), /none\.key: No such file/],
    [given(join(dir, "none.pem"), good.keyFile), /none\.pem: No such file/],
    [given(other.certFile, good.keyFile), /good\.key: not the key of .*other\.pem/],
    [given(rubbish, good.keyFile), /rubbish\.pem: not a certificate/],
    [given(good.certFile, rubbish), /rubbish\.pem: not a private key/],
    [refusal(`always: true\ncert_file: ${good.certFile}`), /yaml:\d+: tls\.cert_file is set and tls\.key_file is not/],
    [refusal(`client_ca_file: ${authority.file}`), /tls\.client_ca_file .* tls\.always: true/],
    [refusal(`always: true\nclient_ca_file: ${rubbish}`), /rubbish\.pem: holds no certificate of an authority/],
    [refusal("always: perhaps"), /yaml:\d+: tls\.always/],
    [refusal("certificate: x"), /yaml:\d+: unknown key 'tls\.certificate'/],
  ];
  for (const [{ code, err }, says] of cases) {
    assert.match(err, says);
    assert.equal(code, 78, err);
  }
});

test("mutual TLS: only who shows a certificate of the authority is heard", async () => {
  const authority = new Authority(scratch());
  const stranger = new Authority(scratch(), "somebody else");
  await startGiven(authority, { more: `\nclient_ca_file: ${authority.file}` });
  const status = async (client) => {
    server.tls = { ca: authority.ca, cert: client?.cert, key: client?.key };
    try {
      return (await server.anonymous().call("GET", "/health/live")).status;
    } catch (error) {
      return error.code;
    }
  };
  assert.match(String(await status(null)), /CERTIFICATE_REQUIRED|ECONNRESET/);
  assert.match(String(await status(stranger.issue("mallory", { use: "clientAuth" }))), /UNKNOWN_CA|ECONNRESET/);
  assert.match(String(await status(authority.issue("a-server"))), /CERTIFICATE|ECONNRESET/, "not for clients");
  const alice = authority.issue("alice", { use: "clientAuth" });
  assert.equal(await status(alice), 200);
  assert.equal((await server.anonymous().call("GET", "/health")).body.tls.client_certificates, true);

  const token = join(scratch(), "token");
  writeFileSync(token, server.program("desk", ["--role", "viewer"]).token, { mode: 0o600 });
  const state = (...papers) => verb("state", "--url", server.url, "--token-file", token, "--ca-file", authority.file, ...papers);
  const bare = state();
  assert.match(`${bare.code} ${bare.err}`, /^(78|69) pitwall state: https:\S+ .*a certificate of yours.*: --cert FILE --key FILE/);
  const other = stranger.issue("mallory", { use: "clientAuth" });
  assert.match(state("--cert", other.certFile, "--key", other.keyFile).err, /does not take the certificate of --cert|ended the connection/);
  const heard = state("--cert", alice.certFile, "--key", alice.keyFile);
  assert.equal(heard.code, 0, heard.err);
  assert.match(state("--cert", alice.certFile).err, /--cert and --key go together/);
  assert.match(state("--cert", alice.certFile, "--key", authority.issue("bob").keyFile).err, /not a certificate and its key/);
  const set = ["limits", "set", "--scope", "firm", "max_open_orders=70", "--reason", "more", "--data", server.dir];
  const [, id] = /^PROPOSED (A\d+)/.exec(verb(...set).out);
  const password = join(scratch(), "password");
  writeFileSync(password, server.passwords().risk1, { mode: 0o600 });
  const who = ["--user", "risk1", "--password-file", password, "--ca-file", authority.file];
  const papers = ["--cert", alice.certFile, "--key", alice.keyFile];
  assert.match(verb("approve", id, "--data", server.dir, ...who).err, /a certificate of yours/);
  const approved = verb("approve", id, "--data", server.dir, ...who, ...papers);
  assert.equal(approved.code, 0, approved.err);
  assert.equal(verb("state", "--data", server.dir, ...papers).code, 64, "the socket asks for none");
  chmodSync(alice.keyFile, 0o644);
  assert.match(state("--cert", alice.certFile, "--key", alice.keyFile).err, /can be read by others/);
});

/** Asks on kept connections and on new ones until told to end; answers how many, and what failed. */
function load() {
  const tally = { answers: 0, failures: [], going: true };
  const ask = async (fresh) => {
    let who = server.anonymous();
    while (tally.going) {
      who = fresh ? server.anonymous() : who;
      try {
        const { status } = await who.call("GET", "/health/live", undefined, fresh ? { Connection: "close" } : {});
        assert.equal(status, 200);
        tally.answers++;
      } catch (error) {
        tally.failures.push(error.message);
      }
    }
  };
  tally.ended = Promise.all([ask(true), ask(true), ask(false), ask(false)]);
  return tally;
}

/** By itself, then by SIGHUP: two good pairs are taken, two bad ones in between are not. */
async function exchange(authority, files) {
  const first = (await shake()).fingerprint;
  const second = authority.issue("second", { days: 60 });
  install(second, files);
  await until("the new one by itself", async () => (await shake()).fingerprint !== first, 15000);
  const taken = (await shake()).fingerprint;
  for (const [bad, says] of [
    [{ certFile: second.certFile, keyFile: authority.issue("third").keyFile }, /not_?.{0,4}the.{0,4}key.{0,4}of/],
    [authority.issue("late", { days: -1 }), /is.{0,4}over/],
  ]) {
    install(bad, files);
    server.process.kill("SIGHUP");
    await until(`a word about it ${says}`, () => says.test(server.err), 15000);
    assert.equal((await shake()).fingerprint, taken, "the old one stays");
  }
  install(authority.issue("fourth", { days: 90 }), files);
  server.process.kill("SIGHUP");
  await until("the next good one", async () => (await shake()).fingerprint !== taken, 15000);
}

test("a new certificate is taken under load without losing a request; a bad one is not", async () => {
  const authority = new Authority(scratch());
  const files = await startGiven(authority);
  const tally = load();
  try {
    await exchange(authority, files);
  } finally {
    tally.going = false;
    await tally.ended;
  }
  assert.deepEqual(tally.failures, []);
  assert.ok(tally.answers > 50, String(tally.answers));
  const admin = server.program("scraper", ["--role", "admin"]);
  const expiry = await metric(admin, "pitwall_tls_certificate_expiry_timestamp_seconds");
  assert.ok(Math.abs(expiry - Date.now() / 1000 - 90 * 86400) < 3600, String(expiry));
  const news = await until("all four in the audit", async () => {
    const { items } = (await admin.get("/audit?kind=config&limit=100")).body;
    const told = items.filter((item) => /certificate (taken|refused)/.test(item.reason));
    return told.length >= 4 && told;
  });
  assert.ok(news.some((item) => /refused, the old one stays: .*not the key of/.test(item.reason)));
});

test("a certificate that is soon over alerts, until another is there", async () => {
  const authority = new Authority(scratch());
  const files = await startGiven(authority, { days: 5 });
  const viewer = server.program("looker", ["--role", "viewer"]);
  const alert = async () => (await viewer.get("/alerts")).body.items.find((item) => item.alert === "certificate");
  const firing = await until("the alert", alert, 60000);
  assert.deepEqual([firing.state, firing.severity], ["firing", "notify"]);
  assert.match(firing.says, /good for [45]/);
  install(authority.issue("second", { days: 90 }), files);
  server.process.kill("SIGHUP");
  await until("its end", async () => (await alert()).state === "resolved", 120000);
});

test("SIGHUP without TLS is said and changes nothing", async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  server.process.kill("SIGHUP");
  await until("a line in the log", () => /no listener speaks TLS/.test(server.err));
  assert.equal((await server.anonymous().call("GET", "/health/live")).status, 200);
  assert.equal(await server.stop(), 0);
});

test("hundreds of handshakes that never end delay nobody, and are ended", async () => {
  await startOwn();
  const { port, hostname } = new URL(server.url);
  const admin = server.program("scraper", ["--role", "admin"]);
  const slow = Array.from({ length: 400 }, (_, i) => {
    const socket = connect(Number(port), hostname, () => i % 2 && socket.write(Buffer.from([22, 3, 1, 2, 0, 1])));
    socket.on("error", () => {});
    return socket;
  });
  await until("all to be connected", () => slow.every((socket) => !socket.connecting), 15000);
  for (let i = 0; i < 20; i++) {
    const began = Date.now();
    const { status } = await server.anonymous().call("GET", "/health/live", undefined, { Connection: "close" });
    assert.equal(status, 200);
    assert.ok(Date.now() - began < 2000, `${Date.now() - began} ms`);
  }
  assert.ok((await metric(admin, CONNECTIONS)) <= 140, "at most 128 of them at once");
  await until("the rest to be ended", async () => (await metric(admin, CONNECTIONS)) <= 3, 15000);
  slow.forEach((socket) => socket.destroy());
});

test("who asks and does not read is cut off, and others do not notice", async () => {
  await startOwn();
  const { port, hostname } = new URL(server.url);
  const admin = server.program("scraper", ["--role", "admin"]);
  const socket = connectTls(Number(port), hostname, server.tls);
  socket.on("error", () => {});
  socket.pause();
  const request = `GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${admin.token}\r\n\r\n`;
  socket.write(request.repeat(2000));
  await until("a second connection", async () => (await metric(admin, CONNECTIONS)) === 2);
  await pause(1000);
  const before = frontCpu();
  await pause(4000);
  const ticks = frontCpu() - before;
  assert.ok(ticks < 50, `the front spins meanwhile: ${ticks} ticks of 10 ms in 4 s`);
  assert.equal(await metric(admin, CONNECTIONS), 2, "a pause is forgiven");
  await until("the end of it", async () => (await metric(admin, CONNECTIONS)) === 1, 30000);
  socket.destroy();
});

test("nobody is shut out by idle connections: the most silent make room", async () => {
  await startOwn();
  const { port, hostname } = new URL(server.url);
  const viewer = await server.person("viewer");
  const stream = await viewer.stream();
  stream.subscribe("books");
  const idle = [];
  for (let i = 0; i < 600; i++) {
    const socket = connectTls(Number(port), hostname, { ...server.tls, rejectUnauthorized: false });
    socket.on("error", () => {});
    idle.push(socket);
    if (i % 50 === 49) {
      await until("handshakes", () => idle.every((each) => each.destroyed || each.getProtocol()), 20000);
    }
  }
  await pause(1100); // who has spoken within the last second is not asked to leave
  for (let i = 0; i < 5; i++) {
    const reply = await server.anonymous().call("GET", "/health/live", undefined, { Connection: "close" });
    assert.equal(reply.status, 200);
  }
  assert.equal(stream.closed, null, "a stream speaks, so it stays");
  idle.forEach((socket) => socket.destroy());
});

test("nobody is shut out of the kill listener by requests that never end", { timeout: 180000 }, async () => {
  await startOwn();
  const { port, hostname } = new URL(server.killUrl);
  const { token } = server.program("button", ["--role", "trader"]);
  const admin = server.program("scraper", ["--role", "admin"]);
  const held = () => metric(admin, 'pitwall_tls_connections{listener="kill"}');
  const endless = [];
  const begin = (i) => {
    const localAddress = `127.0.0.${2 + (i % 3)}`;
    const where = { host: hostname, port, localAddress, rejectUnauthorized: false };
    const socket = connectTls(where, () => socket.write("GET /"));
    const timer = setInterval(() => socket.getProtocol() && socket.write("x"), 400);
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(timer);
      setTimeout(() => over || begin(i), 1000).unref();
    });
    endless[i] = socket;
  };
  let over = false;
  for (let i = 0; i < 520; i++) {
    begin(i);
    if (i % 50 === 49) {
      await until("handshakes", () => endless.every((each) => each.destroyed || each.getProtocol()), 60000);
    }
  }
  await until("no room", async () => (await held()) >= 512, 60000);
  await pause(1500); // whoever came last has been there for a second
  for (let i = 0; i < 5; i++) {
    const kill = { scope: "strategy/maker", reason: "drill" };
    const caller = server.anonymous().at(server.killUrl);
    caller.token = token;
    assert.equal((await caller.post("/kill", kill)).status, 200);
  }
  assert.ok((await held()) >= 500, "the attack has lasted");
  over = true;
  endless.forEach((socket) => socket.destroy());
});

test("the front does not spin when clients come and go", async () => {
  await startOwn();
  const { port, hostname } = new URL(server.url);
  const viewer = await server.person("viewer");
  const { body } = await viewer.post("/stream/ticket");
  const stream = await Socket.open(`${server.url}/api/v1/stream?ticket=${body.ticket}`, { tls: server.tls });
  stream.subscribe("books");
  stream.pause();
  for (let i = 0; i < 30; i++) {
    const socket = connectTls(Number(port), hostname, server.tls, () => {
      socket.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
      setTimeout(() => (i % 2 ? socket.destroy() : socket.end()), 50);
    });
    socket.on("error", () => {});
  }
  await pause(1000);
  const before = frontCpu();
  await pause(3000);
  const ticks = frontCpu() - before;
  assert.ok(ticks < 30, `${ticks} ticks of 10 ms in 3 s`);
  stream.close();
});

/** CPU time of the front's thread, in ticks. */
function frontCpu() {
  const tasks = `/proc/${server.process.pid}/task`;
  const rows = readdirSync(tasks).map((tid) => readFileSync(`${tasks}/${tid}/stat`, "utf8"));
  const row = rows.find((text) => text.includes("(front)"));
  const [, , , , , , , , , , , user, system] = row.slice(row.indexOf(")") + 1).split(" ");
  return Number(user) + Number(system);
}
