// Runs a scanner of others to its end, and asks the server for a kill meanwhile.

import { spawn } from "node:child_process";
import { request } from "node:http";
import { request as requestTls } from "node:https";

/** {code, said}; ended by force after so many seconds, which is an error. */
export function scan(program, args, { seconds }) {
  return new Promise((done, fail) => {
    // A group of its own: testssl.sh has children that outlive it.
    const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stdout.on("data", (text) => (said += text));
    child.stderr.on("data", (text) => (said += text));
    const limit = setTimeout(() => {
      process.kill(-child.pid, "SIGKILL");
      fail(new Error(`${program} is not done after ${seconds} s: ${said.slice(-2000)}`));
    }, seconds * 1000);
    child.on("error", (error) => {
      clearTimeout(limit);
      fail(new Error(`${program}: ${error.code}; make deps-scan installs it`));
    });
    child.on("close", (code) => {
      clearTimeout(limit);
      done({ code, said });
    });
  });
}

/** Watches this process's own clock: the longest that a timer of 1 ms was late, which is nobody's but the host's. */
function watchClock() {
  let last = performance.now();
  let longest = 0;
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 1);
    last = now;
  };
  const timer = setInterval(look, 1);
  return () => {
    clearInterval(timer);
    look();
    return longest;
  };
}

/**
 * Kills on a new connection, with the handshake of TLS where there is one: {status, text, ms until the receipt is
 * whole, stood_ms that this process itself stood still for at a time}.
 */
export function kill(url, tls, token, scope) {
  const { protocol, hostname, port } = new URL(url);
  const ask = protocol === "https:" ? requestTls : request;
  const body = JSON.stringify({ scope, reason: "under a scanner" });
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
    "Content-Length": body.length,
  };
  const began = performance.now();
  const stood = watchClock();
  return new Promise((done, fail) => {
    const sent = ask(
      { ...tls, host: hostname, port, method: "POST", path: "/api/v1/kill", headers, agent: false, timeout: 5000 },
      (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += chunk));
        answer.on("end", () => {
          done({ status: answer.statusCode, text, ms: performance.now() - began, stood_ms: stood() });
        });
      },
    );
    sent.on("timeout", () => sent.destroy(new Error("no answer within 5 s")));
    sent.on("error", (error) => {
      stood();
      fail(error);
    });
    sent.end(body);
  });
}
