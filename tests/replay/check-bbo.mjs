#!/usr/bin/env node
// check-bbo.mjs RESULT.json BBO.csv FILE...
//
// Recomputes what `pitwall replay` has printed (RESULT.json) from the raw recordings and its
// --bbo-out file. Shares no code with the program: books are Maps from price text to size text,
// decimals are compared as BigInt at 18 places, frames are parsed by JSON.parse. Says every
// difference and ends with exit code 1 if there is one: a row that is missing, twice or other, a
// count that differs.
import { Buffer } from 'node:buffer';
import console from 'node:console';
import process from 'node:process';
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

const PLACES = 18;

/** Decimal text as BigInt units of 1e-18, exact. */
export function units(text) {
  const [, whole, part = ''] = /^(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined || part.length > PLACES) throw new Error(`no decimal: ${text}`);
  return BigInt(whole + part.padEnd(PLACES, '0'));
}

/** Units back to the shortest decimal text. */
export function shortest(value) {
  const digits = value.toString().padStart(PLACES + 1, '0');
  const part = digits.slice(-PLACES).replace(/0+$/, '');
  return digits.slice(0, -PLACES) + (part && `.${part}`);
}

async function* linesOf(path) {
  let stream = createReadStream(path);
  if (readFileSync(path).subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) {
    stream = stream.pipe(createGunzip());
  }
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (line) yield line;
  }
}

class Side {
  constructor(better) {
    this.better = better;
    this.sizes = new Map();
    this.best = null; // cached; null: look again
  }

  set(price, size) {
    const key = units(price);
    const lots = units(size);
    if (lots === 0n) {
      this.sizes.delete(key);
      if (key === this.best) this.best = null;
    } else {
      this.sizes.set(key, lots);
      if (this.best !== null && this.better(key, this.best)) this.best = key;
    }
  }

  touch() {
    if (this.best === null) {
      for (const key of this.sizes.keys()) {
        if (this.best === null || this.better(key, this.best)) this.best = key;
      }
    }
    return this.best === null ? null : [this.best, this.sizes.get(this.best)];
  }
}

/** One instrument: the start rule, the chain of ids, a book, the exchange's own tickers. */
class Instrument {
  constructor(futures) {
    this.futures = futures;
    this.counts = { lines: 0, depth_events: 0, applied: 0, level_changes: 0, book_tickers: 0, trades: 0,
      sequence_gaps: 0, crossed: 0 };
    this.waiting = [];
    this.last = null; // id of the last event in the book; null: no snapshot
    this.started = false;
    this.tickers = [];
    this.rows = []; // [u, bid, ask] of each applied diff
  }

  snapshot(frame) {
    if (this.last !== null && frame.lastUpdateId < this.last) return;
    this.bids = new Side((a, b) => a > b);
    this.asks = new Side((a, b) => a < b);
    for (const [price, size] of frame.bids) this.bids.set(price, size);
    for (const [price, size] of frame.asks) this.asks.set(price, size);
    this.last = frame.lastUpdateId;
    this.started = false;
    const waiting = this.waiting;
    this.waiting = [];
    for (const event of waiting) this.depth(event);
  }

  follows(event) {
    if (this.started) return this.futures ? event.pu === this.last : event.U === this.last + 1;
    return this.futures
      ? event.U <= this.last || event.pu === this.last
      : event.U <= this.last + 1;
  }

  depth(event) {
    if (this.last === null) {
      this.waiting.push(event);
      return;
    }
    if (event.u <= this.last) return;
    if (!this.follows(event)) {
      this.counts.sequence_gaps++;
      this.last = null;
      this.waiting.push(event);
      return;
    }
    for (const [price, size] of event.b) this.bids.set(price, size);
    for (const [price, size] of event.a) this.asks.set(price, size);
    this.started = true;
    this.last = event.u;
    const bid = this.bids.touch();
    const ask = this.asks.touch();
    if (bid && ask && bid[0] >= ask[0]) {
      this.counts.crossed++;
      this.last = null;
      return;
    }
    this.counts.applied++;
    this.counts.level_changes += event.b.length + event.a.length;
    this.rows.push([event.u, bid, ask]);
  }

  frame(frame) {
    const event = frame.data ?? frame;
    this.counts.lines++;
    if (event.lastUpdateId !== undefined) this.snapshot(event);
    else if (event.e === 'depthUpdate') {
      this.counts.depth_events++;
      this.depth(event);
    } else if (event.e === 'trade' || event.e === 'aggTrade') this.counts.trades++;
    else if (event.B !== undefined) {
      this.counts.book_tickers++;
      this.tickers.push(event);
    }
  }

  /** Each row against the ticker with the greatest u that is not above its own. */
  selfCheck() {
    const tickers = this.tickers.map((t, at) => [t, at])
      .sort(([a, i], [b, j]) => a.u - b.u || i - j).map(([t]) => t);
    const result = { ticker_checks: 0, ticker_price_equal: 0, ticker_equal: 0 };
    let at = 0;
    for (const [u, bid, ask] of this.rows) {
      while (at < tickers.length && tickers[at].u <= u) at++;
      const ticker = tickers[at - 1];
      if (!ticker) continue;
      const price = bid?.[0] === units(ticker.b) && ask?.[0] === units(ticker.a);
      const size = bid?.[1] === units(ticker.B) && ask?.[1] === units(ticker.A);
      result.ticker_checks++;
      result.ticker_price_equal += price;
      result.ticker_equal += price && size;
    }
    return result;
  }
}

/** What a file holds, by its first frames. */
async function identify(path) {
  let symbol;
  let first;
  for await (const line of linesOf(path)) {
    const [time, text] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
    first ??= time.length === 16 ? BigInt(time) * 1000n : BigInt(time);
    const frame = JSON.parse(text);
    const event = frame.data ?? frame;
    symbol ??= event.s ?? event.symbol;
    if (event.e !== 'depthUpdate') continue;
    const market = event.s.includes('_') ? 'coinm' : event.pu !== undefined ? 'usdm' : 'spot';
    return { path, first, id: `binance-${market}:${symbol}`, futures: market !== 'spot' };
  }
  throw new Error(`${path}: no depthUpdate`);
}

export async function recompute(paths) {
  const files = await Promise.all(paths.map(identify));
  files.sort((a, b) => (a.first < b.first ? -1 : 1));
  const instruments = new Map();
  for (const file of files) {
    if (!instruments.has(file.id)) instruments.set(file.id, new Instrument(file.futures));
    const instrument = instruments.get(file.id);
    for await (const line of linesOf(file.path)) {
      instrument.frame(JSON.parse(line.slice(line.indexOf(' ') + 1)));
    }
  }
  return instruments;
}

const levelText = (level) => (level ? `${shortest(level[0])},${shortest(level[1])}` : ',');

function rowsOf(path) {
  const rows = new Map();
  const [head, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  if (head !== 'instrument,u,bid,bidqty,ask,askqty') throw new Error(`${path}: another heading: ${head}`);
  for (const line of lines) {
    const id = line.slice(0, line.indexOf(','));
    if (!rows.has(id)) rows.set(id, []);
    rows.get(id).push(line);
  }
  return rows;
}

function compareRows(id, want, have, say) {
  for (let at = 0; at < Math.max(want.length, have.length); at++) {
    const row = want[at] && `${id},${want[at][0]},${levelText(want[at][1])},${levelText(want[at][2])}`;
    if (row !== have[at]) {
      say(`${id}: row ${at + 1} is ${have[at] ?? 'missing'}, not ${row ?? 'there'}`);
      return;
    }
  }
}

function compareResult(id, instrument, have, say) {
  const want = { ...instrument.counts, ...instrument.selfCheck() };
  for (const [key, value] of Object.entries(want)) {
    if (have[key] !== value) say(`${id}: ${key} is ${have[key]}, not ${value}`);
  }
  if (!instrument.bids) return;
  const levels = have.final_levels;
  if (levels.bids !== instrument.bids.sizes.size || levels.asks !== instrument.asks.sizes.size) {
    say(`${id}: final_levels are ${levels.bids}/${levels.asks}, not ` +
      `${instrument.bids.sizes.size}/${instrument.asks.sizes.size}`);
  }
  const bbo = have.final_bbo;
  const want_touch = `${levelText(instrument.bids.touch())},${levelText(instrument.asks.touch())}`;
  const have_touch = [bbo.bid, bbo.bidqty, bbo.ask, bbo.askqty].map((text) => text ?? '').join(',');
  if (want_touch !== have_touch) say(`${id}: final_bbo is ${have_touch}, not ${want_touch}`);
}

/** All differences, as sentences; and how many rows were compared. */
export async function check(result, bboPath, paths) {
  const differences = [];
  const say = (text) => differences.push(text);
  const instruments = await recompute(paths);
  const rows = rowsOf(bboPath);
  const ids = new Set([...instruments.keys(), ...Object.keys(result.instruments), ...rows.keys()]);
  let compared = 0;
  for (const id of ids) {
    const instrument = instruments.get(id);
    if (!instrument || !result.instruments[id]) {
      say(`${id}: only in ${instrument ? 'the recordings' : 'the result'}`);
      continue;
    }
    compareRows(id, instrument.rows, rows.get(id) ?? [], say);
    compareResult(id, instrument, result.instruments[id], say);
    compared += instrument.rows.length;
  }
  return { differences, compared };
}

if (process.argv[1]?.endsWith('check-bbo.mjs')) {
  const [, , resultPath, bboPath, ...paths] = process.argv;
  if (paths.length === 0) {
    console.error('usage: check-bbo.mjs RESULT.json BBO.csv FILE...');
    process.exit(64);
  }
  const { differences, compared } = await check(
    JSON.parse(readFileSync(resultPath, 'utf8')), bboPath, paths);
  for (const difference of differences) console.log(difference);
  console.log(`${compared} applied diffs compared, ${differences.length} differences`);
  process.exitCode = differences.length > 0 ? 1 : 0;
}
