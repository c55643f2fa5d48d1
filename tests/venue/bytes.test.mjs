// Raw bytes: what no client sends, and peers that do not read.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, test } from "node:test";

import { Venue, sleep } from "./venue.mjs";

let venue;

before(async () => {
  venue = await Venue.start("--limits", "off", "--seed", "5");
});
after(() => venue.stop());

/** Sends bytes in the given pieces and returns what came back until the close or `ms`. */
function raw(pieces, ms = 300) {
  const { port } = new URL(venue.url);
  const socket = connect(Number(port), "127.0.0.1");
  let text = "";
  socket.on("data", (data) => (text += data.toString("latin1")));
  return new Promise((done) => {
    const end = () => {
      socket.destroy();
      done(text);
    };
    socket.on("close", end);
    socket.on("error", end);
    socket.on("connect", async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await sleep(2);
      }
      setTimeout(end, ms);
    });
  });
}

const status = (text) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
const UPGRADE =
  "GET /v5/public/linear HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

test("a request that is none is refused and the connection closed", async () => {
  for (const [text, wanted] of [
    ["junk\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413],
    ["POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501],
    [`GET / HTTP/1.1\r\nX: ${"y".repeat(40000)}\r\n\r\n`, 431],
    ["GET /v5/public/linear HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 400],
  ]) {
    assert.equal(status(await raw([text])), wanted, text.slice(0, 60));
  }
});

test("a request comes byte by byte, or two in one piece: each is answered", async () => {
  const one = "GET /v5/market/time HTTP/1.1\r\nHost: x\r\n\r\n";
  assert.equal(status(await raw([...one], 100)), 200);
  const answers = (await raw([one + one])).match(/"retCode":0/g);
  assert.equal(answers.length, 2);
});

test("a frame comes byte by byte; one that is unmasked or too long closes", async () => {
  const ping = Buffer.concat([Buffer.from([0x81, 0x80 | 13, 0, 0, 0, 0]), Buffer.from('{"op":"ping"}')]);
  assert.match(await raw([UPGRADE, ...[...ping].map((byte) => Buffer.from([byte]))]), /"ret_msg":"pong"/);
  assert.match(await raw([UPGRADE, Buffer.from([0x81, 0x01, 0x61])]), /\x88\x02\x03\xea$/); // eslint-disable-line no-control-regex
  assert.match(await raw([UPGRADE, Buffer.from([0x81, 0xff, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0])]), /\x88\x02\x03\xf1$/); // eslint-disable-line no-control-regex
});

test("random bytes, on both sides of the upgrade", async () => {
  let seed = 20417;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) >> 16 & 255;
  for (let round = 0; round < 60; round++) {
    const bytes = Buffer.from(Array.from({ length: 1 + random() * 4 }, random));
    await raw(round % 2 ? [bytes] : [UPGRADE, bytes], 10);
  }
  assert.equal((await venue.bot().get("/v5/account/info")).body.retCode, 0);
});

test("a peer that asks and does not read is not read either; others are served, memory stays", async () => {
  const rss = () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${venue.process.pid}/status`, "utf8"))[1]);
  const was = rss();
  const deaf = connect(Number(new URL(venue.url).port), "127.0.0.1");
  await new Promise((done) => deaf.on("connect", done));
  deaf.pause();
  deaf.on("error", () => {});
  const ask = "GET /v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n";
  for (let batch = 0; batch < 20; batch++) {
    deaf.write(ask.repeat(1000));
    const which = { category: "linear", symbol: "BTCUSDT", orderLinkId: "x" };
    const start = Date.now();
    assert.equal((await venue.bot().post("/v5/order/cancel", which)).body.retCode, 110001);
    assert.ok(Date.now() - start < 3000, `${Date.now() - start} ms`);
  }
  assert.ok(rss() - was < 64 * 1024, `${rss() - was} kB more`);
  deaf.destroy();
});
