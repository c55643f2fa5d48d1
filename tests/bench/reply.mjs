// What the HTTP side costs beside libmicrohttpd's bare handler: the same requests, over the same number
// of connections, answered with as many bytes, in the same run and by turns. CPU time is that of the
// thread that answers (/proc, schedstat); the load runs on the other core.
import { Program, measureLoad, median, requestText, startBare } from "./program.mjs";

export const ids = ["i6.positions_vs_bare", "i6.connections", "i6.metrics_vs_constant"];

const CONNECTIONS = [1, 16, 127, 128, 129, 256, 512];
const DEPTH = 16; // requests on their way of each connection: one alone loads it, and one turn costs the same at 512

/** Interleaved rounds of the program's path and of the bare handler: {ours, bare}, lists of measures. */
async function duel(program, benches, path, token, rounds, ms) {
  const text = requestText(path, token);
  const bytes = (await program.get(path, token)).text.length;
  const bare = await startBare(benches, program.apiCore, bytes);
  const load = { core: program.engineCore, connections: 16, ms, text };
  const ours = [];
  const theirs = [];
  try {
    for (let round = 0; round < rounds; round++) {
      ours.push(await measureLoad(benches, { ...load, port: program.port, pid: program.pid, thread: "http" }));
      theirs.push(await measureLoad(benches, { ...load, port: bare.port, pid: bare.pid }));
    }
  } finally {
    await bare.stop();
  }
  return { ours, bare: theirs, bytes };
}

function ratioResult(id, target, { ours, bare, bytes }) {
  const rounds = ours.map(({ cpuNs }, i) => cpuNs / bare[i].cpuNs);
  return {
    id, value: median(rounds), unit: "x", target, sense: "max", rounds,
    anchor: "bare handler, CPU ns per answer", anchor_value: Math.round(median(bare.map(({ cpuNs }) => cpuNs))),
    note: `${bytes} bytes; ours ${Math.round(median(ours.map(({ cpuNs }) => cpuNs)))} ns, ` +
      `${Math.round(median(ours.map(({ rate }) => rate)))}/s beside ${Math.round(median(bare.map(({ rate }) => rate)))}/s`,
  };
}

async function ratesOver(benches, server, core, text, ms) {
  const rates = [];
  for (const connections of CONNECTIONS) {
    rates.push((await measureLoad(benches, { ...server, core, connections, depth: DEPTH, ms, text })).rate);
  }
  return rates;
}

/** Rates over numbers of connections, each the median of the rounds; the worst as a share of the best. */
async function overConnections(program, benches, rounds, ms) {
  const path = "/api/v1/positions";
  const text = requestText(path, program.viewer);
  const bare = await startBare(benches, program.apiCore, (await program.get(path)).text.length);
  const ours = [];
  const theirs = [];
  try {
    for (let round = 0; round < rounds; round++) {
      ours.push(await ratesOver(benches, { port: program.port, pid: program.pid, thread: "http" }, program.engineCore, text, ms));
      theirs.push(await ratesOver(benches, { port: bare.port, pid: bare.pid }, program.engineCore, text, ms));
    }
  } finally {
    await bare.stop();
  }
  const medians = (of) => CONNECTIONS.map((_, i) => median(of.map((rates) => rates[i])));
  const share = (rates) => Math.min(...rates) / Math.max(...rates);
  const shown = (of) => medians(of).map((rate, i) => `${CONNECTIONS[i]}: ${Math.round(rate)}/s`).join(", ");
  return {
    id: ids[1], value: share(medians(ours)), unit: "min/max", target: 0.7, sense: "min", rounds: ours.map(share),
    anchor: "bare handler", anchor_value: share(medians(theirs)), note: `ours ${shown(ours)}; bare ${shown(theirs)}`,
  };
}

export async function bench({ bin, benches, quick, wants }) {
  const rounds = quick ? 2 : 7;
  const ms = quick ? 200 : 1000;
  const program = await Program.start(bin);
  const results = [];
  try {
    if (wants(ids[0])) results.push(ratioResult(ids[0], 1.25, await duel(program, benches, "/api/v1/positions", program.viewer, rounds, ms)));
    if (wants(ids[1])) results.push(await overConnections(program, benches, quick ? 1 : 3, quick ? 100 : 500));
    if (wants(ids[2])) results.push(ratioResult(ids[2], 1.5, await duel(program, benches, "/metrics", program.token("scraper", "--scope", "metrics"), rounds, ms)));
  } finally {
    await program.stop();
  }
  return results;
}
