// Rows in order: numbers by their exact value, text by code point, unknown last, and no work where nothing changed.

import assert from "node:assert/strict";
import test from "node:test";
import { filtered, orderOf, sorterMake, textCompare } from "../../web/sort.js";

const UP = { as: "decimal", down: false };
const DOWN = { as: "decimal", down: true };
const sorted = (keys, way) => orderOf(keys, way).map((at) => keys[at]);

test("decimals sort by value with every digit", () => {
  const rising = ["-90071992547409931", "-1.5", "-0.00000001", "0.00000001", "9", "10.0", "90071992547409931", "90071992547409931.5"];
  const mixed = [4, 0, 7, 2, 6, 1, 5, 3].map((at) => rising[at]);
  assert.deepEqual(sorted(mixed, UP), rising);
  assert.deepEqual(sorted(mixed, DOWN), [...rising].reverse());
  // As binary fractions these are one number.
  const near = ["0.30000000000000004", "0.3", "0.300000000000000001"];
  assert.deepEqual(sorted(near, UP), ["0.3", "0.300000000000000001", "0.30000000000000004"]);
});

test("what is not known stands last, whichever way, and in the order in which it came", () => {
  const keys = [null, "2", undefined, "1", "", "1e5", "3"];
  const unknown = [null, undefined, "", "1e5"];
  assert.deepEqual(sorted(keys, UP), ["1", "2", "3", ...unknown]);
  assert.deepEqual(sorted(keys, DOWN), ["3", "2", "1", ...unknown]);
  const texts = [undefined, "b", null, "a"];
  assert.deepEqual(sorted(texts, { as: "text", down: false }), ["a", "b", undefined, null]);
  assert.deepEqual(sorted(texts, { as: "text", down: true }), ["b", "a", undefined, null]);
});

test("equal rows keep their places, turned or not", () => {
  const keys = ["1.0", "0", "1", "-0", "1.00", "0.0"];
  assert.deepEqual(orderOf(keys, UP), [1, 3, 5, 0, 2, 4]);
  assert.deepEqual(orderOf(keys, DOWN), [0, 2, 4, 1, 3, 5]);
});

test("text sorts by code point, alike in each language", () => {
  const rising = ["", "10", "9", "B", "a", "ab", "z", "\u00e4", "\ud7ff", "\uffee", "\u{1f600}"];
  assert.deepEqual([...rising].reverse().sort(textCompare), rising);
});

test("it sorts again only when a key has changed", (t) => {
  const original = Array.prototype.sort;
  let sorts = 0;
  Array.prototype.sort = function counted(compare) {
    sorts++;
    return original.call(this, compare);
  };
  t.after(() => (Array.prototype.sort = original));
  const sort = sorterMake();
  const key = ({ price }) => price;
  const at = (prices) => prices.map((price, id) => ({ id, price, filled: Math.random() }));
  const ids = (rows) => rows.map(({ id }) => id);
  assert.deepEqual(ids(sort(at(["3", "1", "2"]), key, UP)), [1, 2, 0]);
  const fresh = at(["3", "1", "2"]);
  const again = sort(fresh, key, UP);
  assert.equal(sorts, 1, "what is not sorted by may change");
  assert.equal(again[0], fresh[1], "the rows are the new ones");
  assert.deepEqual(ids(sort(at(["3", "1", "4"]), key, UP)), [1, 0, 2]);
  assert.deepEqual(ids(sort(at(["3", "1", "4"]), key, DOWN)), [2, 0, 1]);
  assert.deepEqual(ids(sort(at(["3", "1"]), key, DOWN)), [0, 1]);
  assert.equal(sorts, 4);
});

test("two thousand rows that all change are sorted in a small part of 50 ms", (t) => {
  const sort = sorterMake();
  const took = Array.from({ length: 21 }, (_, round) => {
    const rows = Array.from({ length: 2000 }, (_row, at) => ({ filled: `${(at * 7919 + round * 104729) % 2003}.${at % 10}` }));
    const begun = performance.now();
    sort(rows, ({ filled }) => filled, DOWN);
    return performance.now() - begun;
  });
  const median = took.sort((a, b) => a - b)[10];
  t.diagnostic(`median ${median.toFixed(2)} ms`);
  assert.ok(median < 25, `${median} ms`);
});

test("a filter wants each of its words, in either case; a blank one wants nothing", () => {
  const rows = [["sim:BTCUSDT", "buy", null], ["sim:BTCUSDT", "sell", "maker"], ["sim:ETHUSDT", "buy", "maker"]];
  const found = (filter) => filtered(rows, filter, (row) => row).map((row) => rows.indexOf(row));
  assert.deepEqual(found("  btcusdt  BUY "), [0]);
  assert.deepEqual(found("maker"), [1, 2]);
  assert.deepEqual(found("null"), []);
  assert.deepEqual(found("(*["), []);
  assert.equal(filtered(rows, "   ", (row) => row), rows);
});
