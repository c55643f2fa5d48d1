// attacker.mjs slow|idle|logins|work COUNT URL [PATHS TOKEN]   holds a server under load from a process of
// its own, until its standard input ends. Prints `ready` when the load stands.
//
//   slow    connections whose request never ends: a header line every half second
//   idle    connections that asked once and then say nothing; those that end are made again
//   logins  log-ins with wrong passwords, COUNT at once, for ever new users
//   work    asks for PATHS (with blanks between) by right of TOKEN, COUNT at once, as fast as it is answered

import { connect } from "node:net";
import { Agent, request } from "node:http";

const [kind, count, url, paths = "", token = ""] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const wanted = Number(count);
const AT_ONCE = 200;

/** From many addresses: a bound per address must not be what saves us. */
const localAddress = (at) => (hostname === "127.0.0.1" ? `127.0.${1 + (at % 50)}.${1 + (at % 200)}` : undefined);

function open(at, said, again) {
  const socket = connect({ host: hostname, port, localAddress: localAddress(at) });
  socket.on("connect", () => socket.write(said));
  socket.on("error", () => {});
  socket.on("close", () => setTimeout(again, 500).unref());
  socket.resume();
  return socket;
}

function slow(at) {
  const socket = open(at, "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n", () => slow(at));
  const timer = setInterval(() => socket.write(`X-${Date.now()}: y\r\n`), 500);
  socket.on("close", () => clearInterval(timer));
}

function idle(at) {
  open(at, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", () => idle(at));
}

function login(at, tries = 0) {
  const body = JSON.stringify({ user: `mallory${at}-${tries}`, password: "not the password" });
  const sent = request(
    {
      host: hostname,
      port,
      localAddress: localAddress(at + tries),
      method: "POST",
      path: "/api/v1/session",
      agent: false,
      headers: { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) },
    },
    (answer) => {
      answer.resume();
      answer.on("end", () => setImmediate(login, at, tries + 1));
    },
  );
  sent.on("error", () => setTimeout(login, 100, at, tries + 1));
  sent.end(body);
}

const agent = new Agent({ keepAlive: true, maxSockets: wanted });

function work(at, tries = 0) {
  const ways = paths.split(" ");
  const path = ways[(at + tries) % ways.length];
  const sent = request({ host: hostname, port, path, agent, headers: { Authorization: `Bearer ${token}` } }, (answer) => {
    answer.resume();
    answer.on("close", () => setImmediate(work, at, tries + 1));
  });
  sent.on("error", () => setTimeout(work, 100, at, tries + 1));
  sent.end();
}

const begin = { slow, idle, logins: login, work }[kind];
for (let at = 0; at < wanted; at++) {
  begin(at);
  if (at % AT_ONCE === AT_ONCE - 1) {
    await new Promise((done) => setTimeout(done, 20));
  }
}
setTimeout(() => console.log("ready"), 1000);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
