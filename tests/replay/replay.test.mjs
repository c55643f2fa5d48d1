// `pitwall replay` on recordings made here, and on the real ones when DATA_DIR names them.
import { test } from 'node:test';
import { Buffer } from 'node:buffer';
import process from 'node:process';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { check } from './check-bbo.mjs';

const BIN = process.env.PITWALL_BIN ?? 'build/pitwall';
const DATA = process.env.DATA_DIR;
const START = 1723161256000000000n;

function withFolder(story) {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  return Promise.resolve(story(folder)).finally(() => rmSync(folder, { recursive: true }));
}

function replay(...args) {
  const run = spawnSync(BIN, ['replay', '--venue', 'binance', '--speed', 'max', ...args],
    { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { code: run.status, stderr: run.stderr, result: run.stdout ? JSON.parse(run.stdout) : null };
}

// Frames, as Binance sends them.
const spot = (U, u, b, a, s = 'BTCUSDT') => `{"stream":"x@depth","data":${JSON.stringify({ e: 'depthUpdate', E: 1, s, U, u, b, a })}}`;
const futures = (U, u, pu, b, a, s = 'BTCUSDT') => `{"stream":"x@depth","data":${JSON.stringify({ e: 'depthUpdate', E: 1, T: 1, s, U, u, pu, b, a })}}`;
const ticker = (u, b, B, a, A, s = 'BTCUSDT') => `{"stream":"x@bookTicker","data":${JSON.stringify({ u, s, b, B, a, A })}}`;
const trade = (t, p, q, s = 'BTCUSDT') => `{"stream":"x@trade","data":${JSON.stringify({ e: 'trade', E: 1, s, t, p, q, T: 1, m: true, M: true })}}`;
const snapshot = (lastUpdateId, bids, asks) => JSON.stringify({ lastUpdateId, bids, asks });

// One line a millisecond.
function recording(frames, from = START, digits = 19) {
  return frames.map((frame, at) => `${(from + BigInt(at) * 1000000n).toString().slice(0, digits)} ${frame}\n`).join('');
}

const write = (path, bytes) => {
  writeFileSync(path, bytes);
  return path;
};

// A book of 99/101 with one diff before the snapshot, one over it, one after it.
const SPOT = [
  spot(5, 8, [['98.00', '9.000']], []),
  spot(9, 12, [['99.00', '2.000']], []),
  snapshot(10, [['99.00', '1.000']], [['101.00', '3.500']]),
  ticker(12, '99.00', '2.000', '101.00', '3.500'),
  trade(1, '99.00', '0.5'),
  spot(13, 13, [], [['100.50', '0.250']]),
  ticker(13, '99.00', '2.000', '100.50', '0.250'),
];
const FUTURES = [
  futures(5, 8, 4, [['98.0', '9']], []),
  futures(9, 12, 8, [['99.0', '2']], []),
  snapshot(10, [['99.0', '1']], [['101.0', '3']]),
  futures(15, 19, 12, [], [['100.5', '4']]),
];

/** Plays frames and lets the independent program recompute everything. */
async function play(folder, files) {
  const paths = Object.entries(files).map(([name, bytes]) => write(join(folder, name), bytes));
  const bbo = join(folder, 'rows.csv');
  const run = replay(...paths, '--bbo-out', bbo);
  assert.equal(run.stderr, '');
  assert.equal(run.code, 0);
  assert.deepEqual((await check(run.result, bbo, paths)).differences, []);
  return { instruments: run.result.instruments, rows: readFileSync(bbo, 'utf8').trimEnd().split('\n').slice(1), run };
}

test('spot starts with the diff that covers lastUpdateId + 1', () => withFolder(async (folder) => {
  const { instruments, rows } = await play(folder, { 'a.txt': recording(SPOT) });
  const btc = instruments['binance-spot:BTCUSDT'];
  assert.equal(btc.lines, 7);
  assert.equal(btc.depth_events, 3);
  assert.equal(btc.applied, 2);
  assert.equal(btc.level_changes, 2);
  assert.equal(btc.trades, 1);
  assert.equal(btc.sequence_gaps, 0);
  assert.deepEqual([btc.ticker_checks, btc.ticker_price_equal, btc.ticker_equal], [2, 2, 2]);
  assert.deepEqual(btc.final_bbo, { bid: '99', bidqty: '2', ask: '100.5', askqty: '0.25' });
  assert.deepEqual(btc.final_levels, { bids: 1, asks: 2 });
  assert.deepEqual(rows, ['binance-spot:BTCUSDT,12,99,2,101,3.5', 'binance-spot:BTCUSDT,13,99,2,100.5,0.25']);
}));

test('a spot diff right behind the snapshot starts the chain', () => withFolder(async (folder) => {
  const { instruments } = await play(folder, {
    'a.txt': recording([snapshot(10, [['99', '1']], [['101', '3']]), spot(11, 12, [['99', '2']], [])]) });
  assert.equal(instruments['binance-spot:BTCUSDT'].applied, 1);
  assert.equal(instruments['binance-spot:BTCUSDT'].sequence_gaps, 0);
}));

test('futures start with the diff that holds lastUpdateId, then follow pu', () => withFolder(async (folder) => {
  const { instruments, rows } = await play(folder, { 'a.txt': recording(FUTURES) });
  const btc = instruments['binance-usdm:BTCUSDT'];
  assert.equal(btc.applied, 2);
  assert.equal(btc.sequence_gaps, 0);
  assert.deepEqual(rows.at(-1), 'binance-usdm:BTCUSDT,19,99,2,100.5,4');
}));

test('a futures diff that begins behind the snapshot is a gap', () => withFolder(async (folder) => {
  const { instruments } = await play(folder, {
    'a.txt': recording([snapshot(10, [['99', '1']], [['101', '3']]), futures(11, 12, 9, [['99', '2']], [])]) });
  const btc = instruments['binance-usdm:BTCUSDT'];
  assert.equal(btc.applied, 0);
  assert.equal(btc.sequence_gaps, 1);
  assert.equal(btc.stale, true);
}));

test('a spot diff that begins two behind the snapshot is a gap', () => withFolder(async (folder) => {
  const { instruments } = await play(folder, {
    'a.txt': recording([snapshot(10, [['99', '1']], [['101', '3']]), spot(12, 13, [['99', '2']], [])]) });
  assert.equal(instruments['binance-spot:BTCUSDT'].sequence_gaps, 1);
  assert.equal(instruments['binance-spot:BTCUSDT'].applied, 0);
}));

test('a gap makes the book stale until the next snapshot', () => withFolder(async (folder) => {
  const { instruments, rows } = await play(folder, { 'a.txt': recording([
    ...SPOT,
    spot(15, 16, [['99.50', '7']], []), // 14 is missing
    spot(17, 17, [['99.60', '7']], []),
    snapshot(16, [['98.00', '1']], [['102.00', '1']]),
    spot(18, 18, [['98.10', '4']], []),
  ]) });
  const btc = instruments['binance-spot:BTCUSDT'];
  assert.equal(btc.sequence_gaps, 1);
  assert.equal(btc.applied, 4);
  assert.equal(btc.stale, false);
  assert.deepEqual(rows.slice(2), ['binance-spot:BTCUSDT,17,99.6,7,102,1', 'binance-spot:BTCUSDT,18,99.6,7,102,1']);
}));

test('a crossed book is counted and not applied', () => withFolder(async (folder) => {
  const { instruments } = await play(folder, {
    'a.txt': recording([...SPOT, spot(14, 14, [['100.50', '1']], [])]) });
  const btc = instruments['binance-spot:BTCUSDT'];
  assert.equal(btc.crossed, 1);
  assert.equal(btc.applied, 2);
  assert.equal(btc.stale, true);
}));

test('two parts split at midnight are one market, in any order, and members of a gzip follow each other', () => withFolder(async (folder) => {
  const first = recording(SPOT.slice(0, 5));
  const second = recording(SPOT.slice(5), START + 100000000n);
  const half = first.indexOf('\n') + 1;
  const { instruments } = await play(folder, {
    'b.gz': gzipSync(second),
    'z.gz': Buffer.concat([gzipSync(first.slice(0, half)), gzipSync(first.slice(half))]),
  });
  assert.equal(instruments['binance-spot:BTCUSDT'].applied, 2);
  assert.equal(instruments['binance-spot:BTCUSDT'].lines, 7);
}));

test('a clock of microseconds', () => withFolder(async (folder) => {
  const { instruments } = await play(folder, { 'a.gz': gzipSync(recording(SPOT, START, 16)) });
  assert.equal(instruments['binance-spot:BTCUSDT'].applied, 2);
}));

test('several instruments are merged by local time', () => withFolder(async (folder) => {
  const coin = FUTURES.map((frame) => frame.replaceAll('BTCUSDT', 'BTCUSD_PERP'));
  const { instruments, rows } = await play(folder, {
    'a.txt': recording(SPOT), 'b.txt': recording(FUTURES, START + 500000n), 'c.txt': recording(coin, START + 10000000n) });
  assert.deepEqual(Object.keys(instruments).sort(), ['binance-coinm:BTCUSD_PERP', 'binance-spot:BTCUSDT', 'binance-usdm:BTCUSDT']);
  assert.deepEqual(rows.map((row) => row.split(',').slice(0, 2).join()), [
    'binance-spot:BTCUSDT,12', 'binance-usdm:BTCUSDT,12', 'binance-usdm:BTCUSDT,19',
    'binance-spot:BTCUSDT,13', 'binance-coinm:BTCUSD_PERP,12', 'binance-coinm:BTCUSD_PERP,19']);
}));

test('blanks and another order of keys change nothing', () => withFolder(async (folder) => {
  const other = SPOT.map((frame) => {
    const parsed = JSON.parse(frame);
    const data = parsed.data ?? parsed;
    const turned = Object.fromEntries(Object.entries(data).reverse());
    return JSON.stringify(parsed.data ? { data: turned, stream: 'x' } : turned, null, 1).replace(/\n/g, ' ');
  });
  const { instruments } = await play(folder, { 'a.txt': recording(other) });
  assert.equal(instruments['binance-spot:BTCUSDT'].ticker_equal, 2);
}));

test('a value far behind the first MiB that needs finer ticks is not rounded', () => withFolder(async (folder) => {
  const many = [...SPOT];
  for (let u = 14; u < 12000; u++) many.push(spot(u, u, [['90.00', String(u % 1000)]], []));
  many.push(spot(12000, 12000, [['99.001', '0.00001']], []));
  const { rows } = await play(folder, { 'a.gz': gzipSync(recording(many)) });
  assert.equal(rows.at(-1), 'binance-spot:BTCUSDT,12000,99.001,0.00001,100.5,0.25');
}));

test('a cut gzip: the rest is used, said and exits 65', () => withFolder((folder) => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647);
  const many = [...SPOT];
  for (let u = 14; u < 4000; u++) many.push(spot(u, u, [[`9${random() % 9}.${10 + (random() % 90)}`, String(1 + random() % 1000)]], []));
  const whole = gzipSync(recording(many));
  const path = write(join(folder, 'cut.gz'), whole.subarray(0, whole.length / 2));
  const run = replay(path);
  const btc = run.result.instruments['binance-spot:BTCUSDT'];
  assert.equal(run.code, 65);
  assert.match(run.stderr, /cut\.gz:\d+: cut gzip/);
  assert.ok(btc.applied > 1000 && btc.applied < 3000, `applied ${btc.applied}`);
  assert.equal(btc.sequence_gaps, 0);
  assert.equal(run.result.damaged, 1);
  assert.equal(run.result.damage[0].file, path);
}));

test('damaged lines: each is said with file and line, the others are used', () => withFolder((folder) => {
  const lines = recording(SPOT).split('\n');
  lines.splice(4, 0,
    'no time at all',
    '1723161256004000000 {"stream":"x@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"-1","q":"1","m":true}}',
    '1723161256004000000 {"stream":"x@tra',
    `1723161256004000000 ${trade(2, '1', '1', 'ETHUSDT')}`,
    'x'.repeat(2 << 20));
  const path = write(join(folder, 'a.txt'), lines.join('\n'));
  const run = replay(path);
  const btc = run.result.instruments['binance-spot:BTCUSDT'];
  assert.equal(run.code, 65);
  assert.equal(btc.applied, 2);
  assert.equal(btc.lines, 12);
  assert.equal(btc.damaged, 5);
  assert.deepEqual(run.result.damage.map(({ line }) => line), [5, 6, 7, 8, 9]);
  for (const why of [/a\.txt:5: no local time/, /:6: frame refused: negative: "-1"/, /:7: .*ends in the middle/,
    /:8: .*another symbol.*ETHUSDT/, /:9: line longer than 1 MiB/]) assert.match(run.stderr, why);
}));

test('one file without frames does not stop the others', () => withFolder((folder) => {
  const good = write(join(folder, 'a.txt'), recording(SPOT));
  const bad = write(join(folder, 'b.gz'), Buffer.from([0x1f, 0x8b, 8, 0]));
  const run = replay(good, bad);
  assert.equal(run.code, 65);
  assert.equal(run.result.instruments['binance-spot:BTCUSDT'].applied, 2);
  assert.match(run.stderr, /b\.gz:0: no frame of Binance or Bybit/);
}));

test('wrong calls are refused with a reason', () => withFolder((folder) => {
  const good = write(join(folder, 'a.txt'), recording(SPOT));
  const empty = write(join(folder, 'empty.txt'), '');
  const cases = [
    [[], 64, /no recording is given/],
    [['--speed', 'fast', good], 64, /--speed/],
    [['--venue', 'nasdaq', good], 64, /--venue binance/],
    [['--nonsense', good], 64, /unknown option/],
    [[join(folder, 'nowhere.gz')], 69, /nowhere\.gz: No such file/],
    [[empty], 65, /empty\.txt: no frame of Binance or Bybit/],
    [['--bbo-out', join(folder, 'no', 'rows.csv'), good], 69, /rows\.csv: No such file/],
  ];
  for (const [args, code, says] of cases) {
    const run = replay(...args);
    assert.equal(run.code, code, args.join(' '));
    assert.match(run.stderr, says);
  }
}));

test('the independent check notices a missing and a changed row', () => withFolder(async (folder) => {
  const path = write(join(folder, 'a.txt'), recording(SPOT));
  const bbo = join(folder, 'rows.csv');
  const { result } = replay(path, '--bbo-out', bbo);
  const rows = readFileSync(bbo, 'utf8');
  writeFileSync(bbo, rows.split('\n').filter((_, at) => at !== 1).join('\n'));
  assert.equal((await check(result, bbo, [path])).differences.length, 1);
  writeFileSync(bbo, rows.replace('100.5,0.25', '100.5,0.26'));
  assert.equal((await check(result, bbo, [path])).differences.length, 1);
  writeFileSync(bbo, rows);
  result.instruments['binance-spot:BTCUSDT'].ticker_equal--;
  assert.equal((await check(result, bbo, [path])).differences.length, 1);
}));

const recorded = (folder) => readdirSync(join(DATA, folder)).filter((name) => name.endsWith('.gz')).map((name) => join(DATA, folder, name));
const why = !DATA ? 'DATA_DIR not given' : !existsSync(join(DATA, 'binance-20240808')) ? 'no binance-20240808 in DATA_DIR' : false;

test('replay_recorded', { skip: why }, () => withFolder(async (folder) => {
  const paths = recorded('binance-20240808');
  const bbo = join(folder, 'rows.csv');
  const { code, result, stderr } = replay(...paths, '--bbo-out', bbo);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const of = (id) => result.instruments[id];
  const checks = (id) => [of(id).ticker_equal, of(id).ticker_checks];
  assert.equal(Object.values(result.instruments).reduce((sum, { lines }) => sum + lines, 0), 370228);
  assert.deepEqual(checks('binance-coinm:BTCUSD_PERP'), [44772, 44772]);
  assert.deepEqual(checks('binance-coinm:ETHUSD_PERP'), [39133, 39133]);
  assert.deepEqual(checks('binance-usdm:BTCUSDT'), [6547, 6547]);
  assert.deepEqual(checks('binance-spot:BTCUSDT'), [6491, 6493]);
  assert.deepEqual(of('binance-usdm:BTCUSDT').final_levels, { bids: 5018, asks: 4578 });
  for (const { sequence_gaps, crossed, damaged } of Object.values(result.instruments)) {
    assert.deepEqual([sequence_gaps, crossed, damaged], [0, 0, 0]);
  }
  const { differences, compared } = await check(result, bbo, paths);
  assert.deepEqual(differences, []);
  assert.equal(compared, 96945);
}));

test('replay_recorded_nexo', { skip: why }, () => withFolder(async (folder) => {
  const paths = recorded('binance-nexo-202407');
  const bbo = join(folder, 'rows.csv');
  const { code, result } = replay(join(DATA, 'binance-nexo-202407'), '--bbo-out', bbo);
  const nexo = result.instruments['binance-spot:NEXOUSDT'];
  assert.equal(code, 0);
  assert.equal(nexo.ticker_equal, nexo.ticker_checks);
  assert.deepEqual((await check(result, bbo, paths)).differences, []);
}));
