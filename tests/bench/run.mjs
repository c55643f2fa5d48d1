// make bench: measures, prints a table, writes build/bench.json.
//
// What is measured in C (decoder, replay, engine step, burst) comes from `pitwall bench --json`, and
// from `benches` what stands beside things that the product does not depend on (another ring, a
// venue and an echo over sockets); what needs the running program (kill, memory, start) from the modules
// beside this file. Every speed is
// a ratio inside one run or a latency of our own, median of interleaved rounds. Exit 0 when all
// was measured, whether or not a target was met; 1 when something could not be measured.
//
//   PITWALL_BIN=build/pitwall BUILD=build [DATA_DIR=DIR] [BENCH=name] node run.mjs [--quick]
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, release, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

function readOptions(argv, env) {
  const build = env.BUILD || "build";
  const options = {
    bin: env.PITWALL_BIN || join(build, "pitwall"),
    benches: join(build, "release/benches"),
    out: join(build, "bench.json"),
    data: env.DATA_DIR ?? "",
    name: env.BENCH ?? "",
    quick: false,
  };
  for (const argument of argv) {
    if (argument !== "--quick") throw new Error(`run.mjs: what is ${argument}?`);
    options.quick = true;
  }
  return options;
}

function machine() {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    arch: arch(),
    loadavg: loadavg().map((load) => load.toFixed(2)),
    at: new Date().toISOString(),
  };
}

function commit() {
  const git = spawnSync("git", ["describe", "--always", "--dirty"], { cwd: here, encoding: "utf8" });
  return git.status === 0 ? git.stdout.trim() : "unknown";
}

export function isMet(result) {
  if (result.target === null || result.target === undefined) return true;
  return result.sense === "max" ? result.value <= result.target : result.value >= result.target;
}

function inC(options) {
  const args = ["bench", "--json"];
  if (options.data) args.push("--recordings", options.data);
  return figuresOf(options.bin, options, args);
}

// With anchors that the product does not depend on.
function besideOthers(options) {
  return figuresOf(options.benches, options, []);
}

// What could be measured comes even when something could not.
function figuresOf(program, options, args) {
  if (options.name) args.push("--name", options.name);
  if (options.quick) args.push("--quick");
  const run = spawnSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 26,
  });
  if (run.error) throw run.error;
  const { results } = JSON.parse(run.stdout);
  if (run.status !== 0) failures.push(`${program}: ended with ${run.status}, see above`);
  return results;
}

// Modules of the running program: each exports bench(options) -> results, and the ids it gives.
async function inProcess(options, failures) {
  const results = [];
  for (const file of ["memory.mjs", "start.mjs", "kill.mjs", "reply.mjs", "engine_load.mjs"]) {
    if (!existsSync(join(here, file))) continue;
    const module = await import(join(here, file));
    if (options.name && !module.ids.some((id) => id.includes(options.name))) continue;
    try {
      results.push(...(await module.bench({
        bin: options.bin,
        benches: options.benches,
        dataDir: options.data,
        quick: options.quick,
        wants: (id) => id.includes(options.name),
        rounds: options.quick ? 50 : 1000,
      })));
    } catch (error) {
      failures.push(`${file}: ${error.stack ?? error}`);
    }
  }
  return results;
}

function show(number) {
  if (Number.isInteger(number)) return number.toLocaleString("en-US");
  return number.toLocaleString("en-US", { maximumSignificantDigits: 4 });
}

function table(results) {
  const rows = results.map((result) => [
    result.id,
    `${show(result.value)} ${result.unit}`,
    result.anchor ? `${result.anchor}: ${show(result.anchor_value)}` : "",
    result.target === null || result.target === undefined
      ? ""
      : `${result.sense === "max" ? "<=" : ">="} ${show(result.target)}`,
    result.met ? "met" : "NOT MET",
    String(result.rounds?.length ?? 1),
  ]);
  const head = ["what", "value", "beside", "target", "", "rounds"];
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at].length)));
  const line = (row) => row.map((text, at) => text.padEnd(widths[at])).join("  ").trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

const options = readOptions(process.argv.slice(2), process.env);
const failures = [];
const results = [];
for (const measure of [inC, besideOthers]) {
  try {
    results.push(...measure(options));
  } catch (error) {
    failures.push(`${measure.name}: ${error.message}`);
  }
}
results.push(...(await inProcess(options, failures)));
for (const result of results) result.met = isMet(result);
const report = { machine: machine(), commit: commit(), results };
writeFileSync(options.out, `${JSON.stringify(report, null, 1)}\n`);
console.log(`${report.machine.cpu}, ${report.machine.cores} cores, Linux ${report.machine.kernel}, ` +
  `load ${report.machine.loadavg.join(" ")}, ${report.commit}`);
console.log(table(results));
if (!options.data) console.log("no recordings given (DATA_DIR=): what needs them was measured on synthetic ones or left out");
if (options.name && results.length === 0 && failures.length === 0) {
  failures.push(`BENCH=${options.name}: no measure has that in its name; without BENCH all are measured`);
}
for (const failure of failures) console.error(`not measured: ${failure}`);
process.exitCode = failures.length > 0 || results.length === 0 ? 1 : 0;
