// A small WebSocket client over net: Node 18 has none built in, and the tests want the raw sides too
// (a client that does not read, a frame that is wrong).

import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { until } from "./wait.mjs";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export class Socket {
  static patienceMs = 5000;

  /** Connects and shakes hands; throws with the status code when the server refuses. */
  static async open(url, { headers = {}, tls = {} } = {}) {
    const socket = new Socket();
    await socket.#connect(new URL(url), headers, tls);
    return socket;
  }

  frames = [];
  pongs = [];
  closed = null; // {code} once a close frame came; code 0: the connection just ended
  #tcp = null;
  #bytes = Buffer.alloc(0);

  async #connect(url, headers, tls) {
    const key = randomBytes(16).toString("base64");
    const lines = {
      Host: url.host,
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Key": key,
      "Sec-WebSocket-Version": "13",
      ...headers,
    };
    this.#tcp = /^(https|wss):$/.test(url.protocol)
      ? connectTls(Number(url.port), url.hostname, tls)
      : connect(Number(url.port), url.hostname);
    this.#tcp.on("error", () => this.#end());
    this.#tcp.on("close", () => this.#end());
    this.#tcp.on("data", (data) => this.#take(data));
    this.#tcp.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\n${Object.entries(lines)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join("")}\r\n`,
    );
    await until("a handshake", () => this.head || this.closed, Socket.patienceMs);
    const status = Number(/^HTTP\/1.1 (\d+)/.exec(this.head ?? "")?.[1] ?? 0);
    const accept = createHash("sha1").update(key + GUID).digest("base64");
    if (status !== 101 || !this.head.includes(`Sec-WebSocket-Accept: ${accept}`)) {
      this.#tcp.destroy();
      throw Object.assign(new Error(`handshake refused: ${status}`), { status });
    }
  }

  #take(data) {
    this.#bytes = Buffer.concat([this.#bytes, data]);
    if (this.head === undefined) {
      const end = this.#bytes.indexOf("\r\n\r\n");
      if (end < 0) {
        return;
      }
      this.head = this.#bytes.subarray(0, end).toString();
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    while (this.#frame());
  }

  #frame() {
    const bytes = this.#bytes;
    if (bytes.length < 2) {
      return false;
    }
    let length = bytes[1] & 0x7f;
    let at = 2;
    if (length === 126 && bytes.length >= 4) {
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127 && bytes.length >= 10) {
      length = Number(bytes.readBigUInt64BE(2));
      at = 10;
    } else if (length >= 126) {
      return false;
    }
    if (bytes.length < at + length) {
      return false;
    }
    const payload = bytes.subarray(at, at + length);
    this.#bytes = bytes.subarray(at + length);
    this.#opcode(bytes[0] & 0x0f, payload);
    return true;
  }

  #opcode(opcode, payload) {
    if (opcode === TEXT) {
      this.take(JSON.parse(payload.toString()));
    } else if (opcode === PONG) {
      this.pongs.push(payload.toString());
    } else if (opcode === CLOSE) {
      this.closed = { code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005 };
      this.raw(CLOSE, payload);
      this.#tcp.end();
    }
  }

  #end() {
    this.closed ??= { code: 0 };
  }

  /** Sends one masked frame, whole or a part of a message. */
  raw(opcode, payload, { final = true } = {}) {
    const body = Buffer.from(payload);
    const mask = randomBytes(4);
    const first = (final ? 0x80 : 0) | opcode;
    const head =
      body.length < 126
        ? Buffer.from([first, 0x80 | body.length])
        : Buffer.from([first, 0x80 | 126, body.length >> 8, body.length & 0xff]);
    this.#tcp.write(Buffer.concat([head, mask, body.map((byte, i) => byte ^ mask[i % 4])]));
  }

  /** What comes is kept; a test with many sockets keeps less. */
  take(frame) {
    this.frames.push(frame);
  }

  /** Bytes as they are. */
  bytes(bytes) {
    this.#tcp.write(bytes);
  }

  /** Many frames of no sense in one piece. */
  rubbish(count) {
    this.bytes(Buffer.concat(Array(count).fill(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x7b]))));
  }

  text(text) {
    this.raw(TEXT, text);
  }

  ping(text) {
    this.raw(PING, text);
  }

  send(value) {
    this.text(JSON.stringify(value));
  }

  subscribe(...topics) {
    this.send({ op: "subscribe", topics });
  }

  /** Takes topics up after the frames that somebody already has: {topic: seq}. */
  resume(since) {
    this.send({ op: "subscribe", topics: Object.keys(since), since });
  }

  /** The seq of the newest frame of each topic that came. */
  since(...topics) {
    return Object.fromEntries(topics.map((topic) => [topic, this.of(topic).at(-1).seq]));
  }

  of(topic) {
    return this.frames.filter((frame) => frame.topic === topic);
  }

  /** The newest frames first: waits for one of a topic that fits. */
  async next(topic, fits = () => true, timeoutMs = 5000) {
    return until(`a frame of ${topic}`, () => this.of(topic).find(fits), timeoutMs);
  }

  pause() {
    this.#tcp.pause();
  }

  read() {
    this.#tcp.resume();
  }

  close() {
    this.#tcp.destroy();
  }
}
