// The reference page at /docs: built from api-spec/openapi.yaml, whole, and without a link to nowhere.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { builtPage, ROOT } from "./browser.mjs";

const page = readFileSync(join(builtPage(), "docs.html"), "utf8");
const spec = readFileSync(join(ROOT, "api-spec/openapi.yaml"), "utf8");
const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));

test("every operation and every schema has its place", () => {
  const operations = [...spec.matchAll(/^ {6}operationId: (\w+)$/gm)].map(([, id]) => id);
  assert.ok(operations.length > 40);
  assert.deepEqual(operations.filter((id) => !ids.has(id)), []);
  const schemas = spec.slice(spec.indexOf("\n  schemas:"), spec.length).matchAll(/^ {4}([A-Z]\w+):/gm);
  const named = [...schemas].map(([, name]) => `schema-${name}`);
  assert.ok(named.length > 20);
  assert.deepEqual(named.filter((id) => !ids.has(id)), []);
});

test("every link leads somewhere, and nothing was left unsaid", () => {
  const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
  assert.deepEqual(links.filter((id) => !ids.has(id)), []);
  assert.doesNotMatch(page, />undefined<|\[object |>NaN</);
  assert.doesNotMatch(page, /<script|<[^>]* (style|on\w+)="/i);
});
