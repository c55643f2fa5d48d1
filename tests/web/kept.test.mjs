// What is kept of how a person likes the page: read back with distrust, written within bounds.

import assert from "node:assert/strict";
import test from "node:test";

const STORE = "pitwall-layout";
const MOST_CHARS = 250000;
let modules = 0;

/** The module as a page loads it, over a store that holds `text`. */
async function load(text) {
  const held = new Map(text === null ? [] : [[STORE, text]]);
  globalThis.localStorage = { getItem: (key) => held.get(key) ?? null, setItem: (key, value) => held.set(key, value) };
  globalThis.matchMedia = () => ({ matches: false, addEventListener: () => {} });
  globalThis.document = { documentElement: { dataset: {} } };
  const module = await import(`../../web/layout.js?${++modules}`);
  return { ...module, written: () => held.get(STORE) ?? "" };
}

const AS_IT_COMES = (await load(null)).layoutOf(null);
const LONG = "x".repeat(101);

test("what a person arranged comes back as it was", async () => {
  const { layoutEnter, layoutSet, layoutTable, layout, layoutReset, rowPx, written } = await load(null);
  layoutEnter("ann");
  layoutTable("orders", { sort: { by: "price", down: true }, hidden: ["type", "filled"], filter: "btc buy" });
  layoutSet({ density: "comfortable", search: { ...layout.search, kind: "kill", q: "50 %" } });
  const mine = JSON.parse(JSON.stringify(layout));
  assert.equal(rowPx(), 33);
  const again = await load(written());
  assert.deepEqual({ ...again.layout }, mine, "before the log-in too");
  again.layoutEnter("bob");
  assert.deepEqual({ ...again.layout }, AS_IT_COMES);
  again.layoutEnter("ann");
  assert.deepEqual({ ...again.layout }, mine);
  again.layoutReset();
  assert.deepEqual({ ...again.layout }, AS_IT_COMES);
  assert.deepEqual(JSON.parse(again.written()).users.ann, AS_IT_COMES);
  layoutReset();
  assert.equal(rowPx(), 25);
});

const FOREIGN = [
  null, 7, "text", [], true,
  { tables: 7, search: 7, density: 7, folded: 7, tabs: 7 },
  { tables: [], search: [], density: ["comfortable"], selected: {} },
  { tables: { positions: null, orders: "x", fills: { sort: "qty", hidden: "qty", filter: 7 } } },
  { tables: { orders: { sort: { by: "constructor", down: true }, hidden: ["nonsense", 7, {}], filter: LONG } } },
  { tables: { orders: { sort: { by: ["price"] } }, more: { sort: { by: "price" } } } },
  { search: { q: LONG, kind: 7, actor: {}, scope: null, from: [], more: "x" } },
  { density: "airy", theme: "pink", nav: "gone" },
];

test("what is not one of the known values is dropped, and nothing breaks", async () => {
  for (const value of FOREIGN) {
    const { layout, layoutOf, layoutSet, written } = await load(JSON.stringify({ last: "ann", users: { ann: value } }));
    assert.deepEqual(layoutOf(value), AS_IT_COMES, JSON.stringify(value));
    assert.deepEqual({ ...layout }, AS_IT_COMES);
    layoutSet({});
    assert.deepEqual(JSON.parse(written()).users.ann, AS_IT_COMES, "and it is replaced");
  }
  for (const text of ["", "{", "null", "7", '"x"', "[]", '{"users":[]}', '{"users":"x","last":{}}', '{"last":"__proto__"}']) {
    assert.deepEqual({ ...(await load(text)).layout }, AS_IT_COMES, text);
  }
});

test("of a list that is half good the good half stays, once each", async () => {
  const { layoutOf } = await load(null);
  const kept = { hidden: ["price", "price", "nonsense", "side"], sort: { by: "qty", down: "yes" } };
  const { orders, fills } = layoutOf({ tables: { orders: kept, fills: { hidden: ["filled"] } } }).tables;
  assert.deepEqual(orders.hidden, ["side", "price"]);
  assert.deepEqual(orders.sort, { by: "qty", down: false });
  assert.deepEqual(fills.hidden, [], "a column of another table");
  const unseen = { hidden: ["qty"], sort: { by: "qty", down: true } };
  assert.deepEqual(layoutOf({ tables: { orders: unseen } }).tables.orders, { hidden: ["qty"], sort: null, filter: "" });
});

test("the store stays small, whoever wrote there what", async () => {
  const junk = { folded: Array(500).fill("y".repeat(100)), search: { q: "x".repeat(1e5) }, more: "x".repeat(1e5) };
  const users = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`u${at}`, junk]));
  users["z".repeat(1e5)] = junk;
  const { layoutEnter, written } = await load(JSON.stringify({ last: "u1", users }));
  layoutEnter("ann");
  const kept = JSON.parse(written()).users;
  assert.ok(written().length < MOST_CHARS, `${written().length} characters`);
  assert.equal(Object.keys(kept).length, 20);
  assert.deepEqual(kept.ann, AS_IT_COMES);
  assert.ok(Object.keys(kept).every((name) => name.length < 10), "a name that is none");
  assert.equal(JSON.stringify(kept).includes("more"), false);
});
