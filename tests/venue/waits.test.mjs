// Connections that owe something, and what TLS offers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";

import { Venue, scratch } from "./venue.mjs";

/** Sends `bytes`; what came back and after how many seconds the venue closed. */
function talk(venue, bytes) {
  const { hostname, port } = new URL(venue.url);
  const began = Date.now();
  let text = "";
  return new Promise((done, failed) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes));
    socket.on("data", (part) => (text += part));
    socket.on("error", failed);
    socket.on("close", () => done({ text, s: (Date.now() - began) / 1000 }));
  });
}

test("half a request is cut after 10 s, an idle connection after 60 s", { timeout: 90000 }, async () => {
  const venue = await Venue.start("--market", "none");
  const [head, body, idle] = await Promise.all([
    talk(venue, "GET /v5/market/time HTTP/1.1\r\nHost: x\r\n"),
    talk(venue, "POST /v5/order/create HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{"),
    talk(venue, "GET /v5/market/time HTTP/1.1\r\nHost: x\r\n\r\n"),
  ]);
  for (const half of [head, body]) {
    assert.match(half.text, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    assert.ok(half.s > 9.5 && half.s < 12, `${half.s} s`);
  }
  assert.match(idle.text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(idle.s > 59 && idle.s < 63, `${idle.s} s`);
  await venue.stop();
});

test("a client that would like HTTP/2 is given HTTP/1.1", async () => {
  const venue = await Venue.start("--market", "none", "--tls", "--tls-dir", join(scratch(), "tls"));
  const { hostname, port } = new URL(venue.url);
  const chosen = await new Promise((done, failed) => {
    const options = { host: hostname, port: Number(port), ca: readFileSync(venue.ca), ALPNProtocols: ["h2", "http/1.1"] };
    const socket = connectTls(options, () => {
      done(socket.alpnProtocol);
      socket.destroy();
    });
    socket.on("error", failed);
  });
  assert.equal(chosen, "http/1.1");
  await venue.stop();
});
