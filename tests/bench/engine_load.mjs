// The bar that sells it: does the engine notice that the other core is saturated? By turns, idle and
// loaded: requests at full rate, 1,000 streams of which half do not read, a scrape each second, and
// facts for the audit writer. All loads run on the API's core, beside what they load. The figure is the
// engine's own histogram of its steps; percentiles between two looks are interpolated in a bucket.
import { setTimeout as sleep } from "node:timers/promises";
import { Program, median, requestText, startLoad, startStreams } from "./program.mjs";

export const ids = ["i6.engine_step_p99_loaded", "i6.engine_step_p999_loaded"];

const CLIENTS = 1000;
// A spinning engine, and a market fast enough for the 999th of a thousand steps to mean something.
const EDITS = [
  [/^( +)idle: auto\b/m, "$1inline_gateway: true\n$1idle: spin"],
  [/^( +speed:) real\b/m, "$1 x50"],
  [/max_daily_loss: "\d+"/g, 'max_daily_loss: "1000000000"'],
  [/max_drawdown_ratio: "[\d.]+"/g, 'max_drawdown_ratio: "1"'],
];

async function look(program) {
  const { stages } = JSON.parse((await program.get("/api/v1/latency?buckets=true")).text);
  return stages.step.buckets.map(({ max_ns: max, count }) => ({ max: Number(max), count }));
}

/** Counts of `after` without those of `before`. */
function between(before, after) {
  const was = new Map(before.map(({ max, count }) => [max, count]));
  return after.map(({ max, count }) => ({ max, count: count - (was.get(max) ?? 0) }));
}

/** The lowest value of the bucket that ends at `max`: 8 buckets to each power of two. */
function lowest(max) {
  return max < 8 ? max : max + 1 - 2 ** Math.floor(Math.log2(max + 0.5) - 3);
}

export function percentile(buckets, part) {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  let below = 0;
  for (const { max, count } of buckets) {
    if (below + count >= part * total) return lowest(max) + (max + 1 - lowest(max)) * ((part * total - below) / count);
    below += count;
  }
  return Infinity;
}

async function phase(program, ms) {
  const before = await look(program);
  await sleep(ms);
  return between(before, await look(program));
}

/** Everything at once; what it ran at. */
async function loaded(program, benches, scraper, clients, ms) {
  const core = program.apiCore;
  const streams = await startStreams(benches, { port: program.port, core, clients, token: program.viewer });
  const load = startLoad(benches, { port: program.port, core, connections: 16, ms: ms + 1500, text: requestText("/api/v1/positions", program.viewer) });
  const scrapes = setInterval(() => program.get("/metrics", scraper).catch(() => {}), 1000);
  const facts = setInterval(() => program.get("/api/v1/users").catch(() => {}), 50); // refused, and recorded
  try {
    await sleep(700);
    const buckets = await phase(program, ms);
    return { buckets, rate: await load.done.then(({ answers, ns }) => (answers / ns) * 1e9) };
  } finally {
    clearInterval(scrapes);
    clearInterval(facts);
    await streams.stop();
  }
}

export async function bench({ bin, benches, quick, clients = CLIENTS }) {
  const rounds = quick ? 2 : 9;
  const ms = quick ? 2000 : 10_000;
  const program = await Program.start(bin, EDITS);
  const figures = [];
  try {
    const scraper = program.token("scraper", "--scope", "metrics");
    await sleep(quick ? 500 : 5000);
    for (let round = 0; round < rounds; round++) {
      const idle = await phase(program, ms);
      const { buckets, rate } = await loaded(program, benches, scraper, clients, ms);
      figures.push({ idle, buckets, rate });
      await sleep(500);
    }
  } finally {
    await program.stop();
  }
  const steps = (buckets) => buckets.reduce((sum, { count }) => sum + count, 0);
  const note = `${clients} streams, ${Math.round(median(figures.map(({ rate }) => rate)))} requests/s, ` +
    `${Math.round(median(figures.map(({ idle }) => steps(idle))))} steps idle and ${Math.round(median(figures.map(({ buckets }) => steps(buckets))))} loaded a round`;
  return [[ids[0], 0.99, 1.03], [ids[1], 0.999, 1.5]].map(([id, part, target]) => {
    const of = figures.map(({ idle, buckets }) => percentile(buckets, part) / percentile(idle, part));
    return {
      id, value: median(of), unit: "x", target, sense: "max", rounds: of,
      anchor: "idle, ns", anchor_value: Math.round(median(figures.map(({ idle }) => percentile(idle, part)))),
      note: `${note}; loaded ${Math.round(median(figures.map(({ buckets }) => percentile(buckets, part))))} ns`,
    };
  });
}
