// make instructions: counts the instructions of the loops in loops.c by cachegrind, and compares them
// with tests/bench/instructions.json. Noise cannot move them, so one per cent more is a change of
// the code, and fails.
//
// Each loop runs at two lengths; the difference, divided by the turns between, is what one turn
// takes, start and end left out. Environment, arguments and working directory are fixed, and libc
// is told to use its plain SSE2 copies, so that neither the machine's processor nor the length of a
// path moves the stack or picks another memcpy. What is stored holds for one compiler and one libc:
// with others the comparison is skipped, and says so.
//
//   BENCHES=build/release/benches CC=gcc node instructions.mjs [--accept]
//   prints `ok NAME`, `FAIL NAME: why`, `skip NAME: why`; exit code 1 after a FAIL.
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";

const TURNS = [1000, 5000];
const ALLOWED = 1.01;
const AT_ONCE = 2;
const stored = join(dirname(fileURLToPath(import.meta.url)), "instructions.json");
const benches = process.env.BENCHES ?? "build/release/benches";
const run = promisify(execFile);
const scratch = mkdtempSync(join(tmpdir(), "pitwall-instructions-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

const environment = {
  PATH: "/usr/bin:/bin",
  GLIBC_TUNABLES: "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,-ERMS,-FSRM,-SSSE3,-SSE4_1,-SSE4_2",
};

function firstLine(command, ...args) {
  const said = spawnSync(command, args, { encoding: "utf8" });
  return said.status === 0 ? said.stdout.split("\n")[0].trim() : null;
}

function madeWith() {
  return {
    compiler: firstLine(process.env.CC || "gcc", "--version"),
    libc: firstLine("ldd", "--version"),
    valgrind: firstLine("valgrind", "--version"),
  };
}

// Sum over the functions of cachegrind's file, the dynamic loader's left out: what that takes to read
// its environment differs by a few instructions from run to run.
function sumOf(text) {
  let total = 0;
  let counts = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("fn=")) counts = !/^fn=_?_(dl|rtld|tunable)/.test(line);
    else if (counts && /^\d+ \d+$/.test(line)) total += Number(line.split(" ")[1]);
  }
  return total;
}

async function countRun(name, turns) {
  const out = join(scratch, `${name}-${turns}`);
  await run("valgrind", ["--tool=cachegrind", "--cache-sim=no", `--cachegrind-out-file=${out}`,
    "./benches", "loop", name, String(turns).padStart(6, "0")], { cwd: dirname(benches), env: environment });
  const total = sumOf(readFileSync(out, "utf8"));
  if (total === 0) throw new Error(`${name}: cachegrind counted nothing`);
  return total;
}

async function countTurn(name) {
  const counts = [];
  for (const turns of TURNS) counts.push(await countRun(name, turns));
  return Math.round((counts[1] - counts[0]) / (TURNS[1] - TURNS[0]) * 100) / 100;
}

async function countAll(names) {
  const loops = {};
  const waiting = [...names];
  const worker = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) loops[name] = await countTurn(name);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return loops;
}

function judge(name, count, before) {
  if (before === undefined) return `FAIL ${name}: ${count} a turn, and none stored: make instructions-accept`;
  const change = `${count} instructions a turn, stored ${before} (${((count / before - 1) * 100).toFixed(2)} %)`;
  if (count > before * ALLOWED)
    return `FAIL ${name}: ${change}; if that is worth it, make instructions-accept`;
  return `ok ${name}: ${change}`;
}

function readStored() {
  try {
    return JSON.parse(readFileSync(stored, "utf8"));
  } catch {
    return { made_with: {}, loops: {} };
  }
}

async function accept(names, tools) {
  const loops = await countAll(names);
  const again = await countAll(names);
  for (const name of names)
    if (loops[name] !== again[name]) throw new Error(`${name}: counted ${loops[name]}, then ${again[name]}`);
  const sorted = Object.fromEntries(names.map((name) => [name, loops[name]]));
  writeFileSync(stored, `${JSON.stringify({ made_with: tools, loops: sorted }, null, 1)}\n`);
  for (const name of names) console.log(`ok ${name}: ${loops[name]} instructions a turn, stored`);
}

async function compare(names, before) {
  const loops = await countAll(names);
  const gone = Object.keys(before.loops).filter((name) => !(name in loops));
  const lines = [...names.map((name) => judge(name, loops[name], before.loops[name])),
    ...gone.map((name) => `FAIL ${name}: stored, but there is no such loop`)];
  for (const line of lines) console.log(line);
  return lines.every((line) => line.startsWith("ok "));
}

const tools = madeWith();
const before = readStored();
const accepting = process.argv.includes("--accept");
const different = Object.keys(tools).filter((tool) => tools[tool] !== before.made_with[tool]);
if (!tools.valgrind) {
  console.log("skip counts: valgrind is not here");
} else if (!accepting && different.length > 0) {
  console.log(`skip counts: stored with another ${different.join(" and ")}: ` +
    different.map((tool) => `${before.made_with[tool]}, here ${tools[tool]}`).join("; "));
} else {
  const names = spawnSync(benches, ["loops"], { encoding: "utf8" }).stdout.trim().split("\n");
  if (accepting) await accept(names, tools);
  else if (!(await compare(names, before))) process.exitCode = 1;
}
