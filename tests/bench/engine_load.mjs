// The bar that sells it: does the engine notice that the other core is saturated? By turns, idle and
// loaded: requests at full rate, 1,000 streams of which half do not read, a scrape each second, and
// facts for the audit writer. All loads run on the API's core, beside what they load. The figure is the
// engine's own histogram of its steps; percentiles between two looks are interpolated in a bucket.
//
// A few steps in a hundred send an order and take ten to a hundred times as long as the others, and how many
// do depends on where the market is, which comes and goes within half a minute: a percentile of one phase may
// be of a step with an order and of the other's of one without, which makes ratios of 0.1 and of 8. So the
// rounds are many and short, idle comes first in one and last in the next, and the figure is the median of
// their ratios; what all idle and all loaded steps together give, which two such rounds can move by a fifth,
// stands in the note.
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

/** The steps of all rounds in one histogram. */
function together(histograms) {
  const counts = new Map();
  for (const buckets of histograms)
    for (const { max, count } of buckets) counts.set(max, (counts.get(max) ?? 0) + count);
  return [...counts].sort(([a], [b]) => a - b).map(([max, count]) => ({ max, count }));
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
  const rounds = quick ? 2 : 40;
  const ms = quick ? 2000 : 2500;
  const program = await Program.start(bin, EDITS);
  const figures = [];
  try {
    const scraper = program.token("scraper", "--scope", "metrics");
    await sleep(quick ? 500 : 5000);
    for (let round = 0; round < rounds; round++) {
      const first = round % 2 === 0 ? await phase(program, ms) : null;
      const { buckets, rate } = await loaded(program, benches, scraper, clients, ms);
      await sleep(300);
      figures.push({ idle: first ?? (await phase(program, ms)), buckets, rate });
    }
  } finally {
    await program.stop();
  }
  const idle = together(figures.map((figure) => figure.idle));
  const busy = together(figures.map((figure) => figure.buckets));
  const steps = (buckets) => buckets.reduce((sum, { count }) => sum + count, 0);
  const note = `${clients} streams, ${Math.round(median(figures.map(({ rate }) => rate)))} requests/s, ` +
    `${steps(idle)} steps idle and ${steps(busy)} loaded`;
  return [[ids[0], 0.99, 1.03], [ids[1], 0.999, 1.5]].map(([id, part, target]) => {
    const ratios = figures.map((figure) => percentile(figure.buckets, part) / percentile(figure.idle, part));
    const [whole, loadedNs] = [percentile(idle, part), percentile(busy, part)].map(Math.round);
    return {
      id, value: median(ratios), unit: "x", target, sense: "max", rounds: ratios,
      anchor: "idle, ns", anchor_value: whole,
      note: `${note}; all together: loaded ${loadedNs} ns, ${(loadedNs / whole).toFixed(3)} x`,
    };
  });
}
