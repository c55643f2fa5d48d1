// What no honest client sends, by raw sockets: each is answered at once, and where the framing is in doubt
// the connection ends, so that nothing can be smuggled behind it. All of it twice: plain on loopback, where
// libmicrohttpd accepts by itself, and over TLS, where the front does.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import test, { after, before, describe } from "node:test";
import { connect as connectTls } from "node:tls";
import { configWith, QUIET, scratch, Server, TLS } from "./server.mjs";

const ANSWER_MS = 5000;
let server;

/** Sends bytes; answers {codes, ended, text} once the server closed or fell silent after an answer. */
function raw(bytes, { answers = 1 } = {}) {
  const { hostname, port } = new URL(server.url);
  return new Promise((done, fail) => {
    let text = "";
    let quiet;
    const socket = server.url.startsWith("https:")
      ? connectTls(Number(port), hostname, server.tls)
      : connect(Number(port), hostname);
    const codes = () => [...text.matchAll(/HTTP\/1\.\d (\d{3}) /g)].map((match) => Number(match[1]));
    const finish = (ended) => {
      clearTimeout(patience);
      clearTimeout(quiet);
      socket.destroy();
      done({ codes: codes(), ended, text });
    };
    const patience = setTimeout(() => fail(new Error(`no answer to ${JSON.stringify(bytes.slice(0, 60))}`)), ANSWER_MS);
    socket.on("data", (data) => {
      text += data.toString("latin1");
      clearTimeout(quiet);
      if (codes().length >= answers) {
        quiet = setTimeout(() => finish(false), 300);
      }
    });
    socket.on("close", () => finish(true));
    socket.on("error", () => finish(true));
    socket.write(Buffer.from(bytes, "latin1"));
  });
}

function residentKb() {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.process.pid}/status`, "utf8"))[1]);
}

const HOST = "Host: localhost\r\n";
const live = (headers) => `GET /health/live HTTP/1.1\r\n${headers}\r\n`;
const kill = (headers, body = "") => `POST /api/v1/kill HTTP/1.1\r\n${HOST}${headers}\r\n${body}`;

/** what, bytes, code, whether the connection must end */
const REFUSED = [
  ["length and chunked together", kill("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, true],
  ["two lengths", kill("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"), 400, true],
  ["two equal lengths", kill("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400, true],
  ["a negative length", kill("Content-Length: -5\r\n", "hello"), 400, true],
  ["a signed length", kill("Content-Length: +5\r\n", "hello"), 400, true],
  ["a length of 23 digits", kill("Content-Length: 11111111111111111111111\r\n"), 413, true],
  ["a length over the bound", kill("Content-Length: 70000\r\n", "x"), 413, true],
  ["an unknown transfer encoding", kill("Transfer-Encoding: xchunked\r\n", "hello"), 501, true],
  ["gzip, chunked", kill("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501, true],
  ["a bare LF within the head", live(`${HOST}A: b\nC: d\r\n`), 400, true],
  ["a bare LF at the end of the head", live(`${HOST}A: b\n`), 400, true],
  ["bare LF everywhere", "GET /health/live HTTP/1.1\nHost: x\n\n", 400, true],
  ["a folded header", live(`${HOST}A: b\r\n c\r\n`), 400, true],
  ["two Host", live(HOST + HOST), 400, true],
  ["no Host", live(""), 400, true],
  ["a NUL in a header", live(`${HOST}A: b\0c\r\n`), 400, true],
  ["a NUL before CR LF", live(`${HOST}A: b\0\r\nC: d\r\n`), 400, true],
  ["a NUL before the last CR LF", live(`${HOST}A: b\0\r\n`), 400, true],
  ["a NUL in a name", live(`${HOST}A\0B: b\r\n`), 400, true],
  ["a NUL at the begin of a line", live(`${HOST}\0A: b\r\n`), 400, true],
  ["a NUL in the path", `GET /health\0/live HTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["a NUL in the method", `G\0ET /health/live HTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["a NUL behind the version", `GET /health/live HTTP/1.1\0\r\n${HOST}\r\n`, 400, true],
  ["NUL LF behind the version", `GET /health/live HTTP/1.1\0\n${HOST}\r\n`, 400, true],
  ["a NUL before the request", `\0${live(HOST)}`, 400, true],
  ["a byte over 127 in a name", live(`${HOST}\xe9: b\r\n`), 400, true],
  ["a byte over 127 in the path", `GET /health/l\xefve HTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["DEL in a header", live(`${HOST}A: \x7f\r\n`), 400, true],
  ["a vertical tab in a header", live(`${HOST}A: b\x0bc\r\n`), 400, true],
  ["a form feed before the version", `GET /health/live\x0cHTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["a CR alone in a header", live(`${HOST}A: b\rc\r\n`), 400, true],
  ["CR CR LF", live(`${HOST}A: b\r\r\n`), 400, true],
  ["a CR in the path", `GET /health/live\r HTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["two blanks before the path", `GET  /health/live HTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["two blanks and a bare LF", "GET  /health/live HTTP/1.0\n\r\n", 400, true],
  ["a header without a name", live(`${HOST}: b\r\n`), 400, true],
  ["a header without a colon", live(`${HOST}Ab\r\n`), 400, true],
  ["no version", `GET /health/live\r\n${HOST}\r\n`, 400, true],
  ["a control byte in a header", live(`${HOST}A: b\x01c\r\n`), 400, true],
  ["a blank before the colon", live(`${HOST}A : b\r\n`), 400, true],
  ["two Authorization", live(`${HOST}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n`), 400, true],
  ["%00 in the path", `GET /health/live%00 HTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["%0a in the path", `GET /health/live%0a HTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["a bad escape in the path", `GET /health/%zz HTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["an absolute address", `GET http://x/health/live HTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["a query of 6000 bytes", `GET /health/live?${"a".repeat(6000)} HTTP/1.1\r\n${HOST}\r\n`, 400, true],
  ["a body on GET", `GET /health/live HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`, 400, true],
  ["TRACE", `TRACE /health/live HTTP/1.1\r\n${HOST}\r\n`, 405, false],
  ["OPTIONS", `OPTIONS /api/v1/kill HTTP/1.1\r\n${HOST}\r\n`, 405, false],
  ["a method in small letters", `get /health/live HTTP/1.1\r\n${HOST}\r\n`, 501, true],
  ["an unknown method", `BREW /health/live HTTP/1.1\r\n${HOST}\r\n`, 501, true],
  ["HTTP of the future", `GET /health/live HTTP/9.9\r\n${HOST}\r\n`, 505, true],
  ["a header of 40 KB", live(`${HOST}A: ${"x".repeat(40000)}\r\n`), 431, true],
  ["5000 headers", live(HOST + "A: b\r\n".repeat(5000)), 431, true],
  ["a path above the root", `GET /static/../../etc/passwd HTTP/1.1\r\n${HOST}\r\n`, 404, false],
  ["a path above the root, escaped", `GET /static/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n${HOST}\r\n`, 404, false],
  ["a slash too many", `GET /health/live/ HTTP/1.1\r\n${HOST}\r\n`, 404, false],
  ["a path in capitals", `GET /HEALTH/live HTTP/1.1\r\n${HOST}\r\n`, 404, false],
  ["POST to the page", `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`, 405, false],
];

/**
 * libmicrohttpd takes NUL LF for CR LF. The front sees to it; on plain loopback, where nobody stands in front who
 * could read it otherwise, it is what CR LF would be.
 */
const NUL_FOR_CR = [
  ["NUL LF for CR LF", live(`${HOST}A: b\0\nC: d\r\n`)],
  ["NUL LF for the last CR LF", live(`${HOST}A: b\0\n`)],
  ["NUL LF as the end of the head", `GET /health/live HTTP/1.1\r\n${HOST}\0\n`],
];
const SEES_NUL_FOR_CR = NUL_FOR_CR.map(([what, bytes]) => [what, bytes, 400, true]);

for (const [way, replacements, refused] of [
  ["plain", [QUIET], REFUSED],
  ["TLS", [QUIET, TLS], [...REFUSED, ...SEES_NUL_FOR_CR]],
]) {
  describe(way, () => suite(replacements, refused));
}

function suite(replacements, refused) {
  before(async () => {
    server = await Server.start({ config: configWith(scratch(), ...replacements) });
  });

  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  for (const [what, bytes, code, ends] of refused) {
    test(`${what} is ${code}`, async () => {
      const reply = await raw(bytes);
      assert.equal(reply.codes[0], code, reply.text);
      assert.equal(reply.ended, ends, "connection");
    });
  }

  test("a smuggled second request is not answered", async () => {
    const inner = `GET /health/live HTTP/1.1\r\n${HOST}\r\n`;
    const reply = await raw(kill(`Content-Length: ${inner.length}\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${inner}`));
    assert.deepEqual(reply.codes, [400]);
  });

  test("three requests in one go get three answers", async () => {
    const reply = await raw(live(HOST).repeat(3), { answers: 3 });
    assert.deepEqual(reply.codes, [200, 200, 200]);
  });

  test("a connection is kept alive after errors of the caller", async () => {
    const reply = await raw(`GET /api/v1/nope HTTP/1.1\r\n${HOST}\r\n${live(HOST)}`, { answers: 2 });
    assert.deepEqual(reply.codes, [404, 200]);
  });

  test("a chunked body over the bound is 413 and does no harm", async () => {
    const chunk = `2000\r\n${"x".repeat(8192)}\r\n`;
    const reply = await raw(
      `POST /api/v1/session HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(10)}0\r\n\r\n`,
    );
    assert.equal(reply.codes[0], 413);
    assert.equal((await raw(live(HOST))).codes[0], 200);
  });

  test("405 says what is allowed", async () => {
    const reply = await raw(`TRACE /api/v1/orders HTTP/1.1\r\n${HOST}\r\n`);
    assert.match(reply.text, /^Allow: GET, HEAD, POST\r$/m);
  });

  for (const [what, bytes] of [
    ["cookies", live(`${HOST}Cookie: ${"a=b; ".repeat(600)}\r\n`)],
    ["arguments", `GET /health/live?${"a&".repeat(1500)} HTTP/1.1\r\n${HOST}\r\n`],
  ]) {
    test(`more ${what} than a connection's memory holds leave nothing of themselves behind`, async () => {
      const many = async (count) => {
        for (let sent = 0; sent < count; sent += 20) {
          await Promise.all(Array.from({ length: 20 }, () => raw(bytes)));
        }
      };
      await many(200);
      const before_ = residentKb();
      await many(600);
      const grown = residentKb() - before_;
      assert.ok(grown < 800, `${grown} kB after 600 requests`);
    });
  }

  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", null]) {
    test(`a body of type ${String(type).replace("/", " ")} is 415`, async () => {
      const reply = await server.anonymous().post("/session", "{}", { "Content-Type": type });
      assert.equal(reply.status, 415);
    });
  }

  test("every answer carries the headers that protect a browser, and no banner", async () => {
    for (const path of ["/", "/health/live", "/api/v1/status", "/nope"]) {
      const { headers } = await server.anonymous().call("GET", path);
      assert.equal(headers["x-content-type-options"], "nosniff", path);
      assert.equal(headers["referrer-policy"], "no-referrer", path);
      assert.equal(headers["cross-origin-opener-policy"], "same-origin", path);
      assert.ok(headers["x-request-id"], path);
      assert.match(headers["content-security-policy"], /default-src 'none'/);
      assert.equal(headers.server, undefined);
    }
  });
}
