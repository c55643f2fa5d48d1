// The image as podman runs it: no daemon, storage in a plain folder, the network of the host (on loopback).

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

export const IMAGE_DIR = process.env.IMAGE_DIR;
const STORE = ["--root", join(IMAGE_DIR, "storage"), "--runroot", join(IMAGE_DIR, "run"), "--storage-driver", "vfs"];
const HOW = ["--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "none"];

/**
 * What every container here is run with: read-only, no capabilities, no new privileges, the host's network. No systemd
 * is there that could call the health check by the clock: the test does.
 */
export const HARDENED = [
  ...["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges"],
  ...["--network", "host", "--pids-limit", "0", "--health-interval", "disable"],
  // Or podman asks for more than a sandbox may give away.
  ...["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"],
];

/** Answers {code, out, err}. */
export function podman(...args) {
  const done = spawnSync("podman", [...STORE, ...HOW, ...args], { encoding: "utf8", timeout: 60000 });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

export function podmanOrThrow(...args) {
  const { code, out, err } = podman(...args);
  if (code !== 0) {
    throw new Error(`podman ${args.join(" ")}: ${code} ${err}`);
  }
  return out.trim();
}

/** The tar of the image: its configuration as skopeo tells it, and the entries of its layers. */
export function inspect() {
  const archive = `docker-archive:${join(IMAGE_DIR, "pitwall.tar")}`;
  const config = JSON.parse(execFileSync("skopeo", ["inspect", "--config", "--raw", archive], { encoding: "utf8" }));
  const folder = join(IMAGE_DIR, "unpacked");
  mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["-xf", join(IMAGE_DIR, "pitwall.tar"), "-C", folder]);
  const [{ Layers: layers }] = JSON.parse(readFileSync(join(folder, "manifest.json")));
  const entries = layers.flatMap((layer) =>
    execFileSync("tar", ["--numeric-owner", "-tvf", join(folder, layer)], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((line) => {
        const [mode, owner, size, , , ...name] = line.split(/\s+/);
        return { mode, owner, size: Number(size), name: name.join(" ") };
      }),
  );
  return { config, entries };
}

/** Its name and tag, as mk/image has stored it. */
export const IMAGE = podmanOrThrow("images", "--format", "{{.Repository}}:{{.Tag}}", "localhost/pitwall");

/** `count` ports of loopback that are free now. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => new Promise((done) => server.once("listening", done))));
  const found = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return found;
}
