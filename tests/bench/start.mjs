// How long a person waits for the demo: from `make run`, when all is built, until it says that it is healthy. Each
// round has an empty data directory, which is the slower way: users and keys are made.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { median, root } from "./program.mjs";

export const ids = ["i8.run_to_healthy_s"];
const TARGET_S = 3;
const LIMIT_MS = 60_000;

/** Of what it prints, the address. */
function address(child) {
  return new Promise((done, reject) => {
    let text = "";
    let log = "";
    child.stderr.on("data", (chunk) => (log = (log + chunk).slice(-2000)));
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const ready = /^ready (http\S+)/m.exec(text);
      if (ready) done(ready[1]);
    });
    child.once("close", (code) => reject(new Error(`make run ended with ${code} before it was ready: ${log}`)));
  });
}

async function healthy(url) {
  const end = Date.now() + LIMIT_MS;
  while (!(await fetch(`${url}/health/ready`)).ok) {
    if (Date.now() > end) throw new Error(`make run: not healthy after ${LIMIT_MS} ms`);
    await sleep(5);
  }
}

async function once(bin) {
  const dir = mkdtempSync(join(tmpdir(), "pitwall-start-"));
  const data = join(dir, "data");
  const began = performance.now();
  const child = spawn("make", ["-s", "-C", root, "run", `BUILD=${dirname(resolve(bin))}`, `demo_dir=${data}`,
    "ARGS=--listen 127.0.0.1:0 --kill-listen 127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
  const gone = new Promise((done) => child.once("close", done));
  let pid = child.pid; // make, until it is known what it has started
  try {
    const url = await address(child);
    ({ pid } = JSON.parse(readFileSync(join(data, "run.json"), "utf8")));
    await healthy(url);
    return (performance.now() - began) / 1000;
  } finally {
    if (child.exitCode === null) process.kill(pid, "SIGTERM");
    await gone;
    rmSync(dir, { recursive: true, force: true });
  }
}

export async function bench({ bin, quick }) {
  const rounds = [];
  await once(bin); // what make finds to do is done now
  for (let round = 0; round < (quick ? 3 : 7); round++) rounds.push(await once(bin));
  return [{ id: ids[0], value: median(rounds), unit: "s", target: TARGET_S, sense: "max", rounds }];
}
