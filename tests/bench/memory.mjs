// Memory of the demo: resident bytes of the running program after ten seconds of the synthetic
// market, no log-in in progress (a password hash takes 64 MiB while it runs).
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export const ids = ["i1.demo_rss_bytes"];

function residentBytes(pid) {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line[1]) * 1024;
}

function untilReady(child) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (/^ready http/m.test(text)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the demo ended with ${code} before it was ready`)));
  });
}

export async function bench({ bin }) {
  const dir = mkdtempSync(join(tmpdir(), "pitwall-memory-"));
  const child = spawn(bin, ["run", "--demo", "--config", join(root, "deploy/config/dev.yaml"),
    "--data", join(dir, "data"), "--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0"],
  { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await untilReady(child);
    const rounds = [];
    for (let round = 0; round < 5; round++) {
      await sleep(2000);
      rounds.push(residentBytes(child.pid));
    }
    return [{ id: ids[0], value: Math.max(...rounds), unit: "bytes", target: 150_000_000, sense: "max", rounds }];
  } finally {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    if (child.exitCode === null) await gone;
    rmSync(dir, { recursive: true, force: true });
  }
}
