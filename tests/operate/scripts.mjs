// The scripts of deploy/, run with an environment of their own; the programs that they call are what a test puts before
// the real ones.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BIN, ROOT, scratch } from "../api/server.mjs";

export const BACKUP = join(ROOT, "deploy/backup");
export const AWS = join(ROOT, "deploy/aws");

/** Runs a script over the data directory `data`: {code, out, err}. How full this machine's disk is does not matter. */
export function script(file, data, env = {}, ...args) {
  const path = [env.BIN_DIR, process.env.PATH].filter(Boolean).join(":");
  const done = spawnSync(file, args, {
    encoding: "utf8",
    timeout: 60000,
    env: { PATH: path, PITWALL_BIN: BIN, PITWALL_DATA: data, PITWALL_LEAVE_PERCENT: "0", ...env },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** Programs in front of the real ones; each line that they were called with goes to `calls`. */
export function stubs(bodies) {
  const dir = scratch();
  for (const [name, body] of Object.entries(bodies)) {
    writeFileSync(
      join(dir, name),
      `#!/bin/bash\nprintf '%q ' ${name} "$@" >> '${dir}/calls'; echo >> '${dir}/calls'\n${body}\n`,
    );
    chmodSync(join(dir, name), 0o755);
  }
  return {
    dir,
    calls: () => (existsSync(join(dir, "calls")) ? readFileSync(join(dir, "calls"), "utf8").trim().split("\n") : []),
  };
}
