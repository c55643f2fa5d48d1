// api-spec/openapi.yaml and the program's own table of routes say the same, both ways.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { ROOT, verb } from "./server.mjs";

const text = readFileSync(join(ROOT, "api-spec/openapi.yaml"), "utf8");

/** "GET /health" of every operation, with the text of the operation: the file's own indents tell. */
function operations() {
  const found = new Map();
  let path = null;
  let name = null;
  for (const line of text.slice(text.indexOf("\npaths:"), text.indexOf("\ncomponents:")).split("\n")) {
    const newPath = /^ {2}(\/\S*):$/.exec(line);
    const newMethod = /^ {4}(get|put|post|patch|delete):$/.exec(line);
    if (newPath) {
      path = newPath[1];
      name = null;
    } else if (newMethod) {
      name = `${newMethod[1].toUpperCase()} ${path}`;
      found.set(name, "");
    } else if (name) {
      found.set(name, `${found.get(name)}${line}\n`);
    }
  }
  return found;
}

function served() {
  const { code, out, err } = verb("spec", "routes");
  assert.equal(code, 0, err);
  const rows = [...out.matchAll(/^\| (\w+) \| `([^`]+)` \| (\w+) \| (.+?) \|$/gm)];
  return new Map(rows.map(([, method, path, role, says]) => [`${method} ${path}`, { role, says }]));
}

test("every route is described and everything described is a route", () => {
  const routes = [...served().keys()].filter((name) => !name.includes(" /local/"));
  assert.ok(routes.length > 40);
  assert.deepEqual([...operations().keys()].sort(), routes.sort());
});

test("summaries are the table's own words", () => {
  for (const [name, { says }] of served()) {
    const described = operations().get(name);
    if (described !== undefined) {
      assert.match(described, new RegExp(`summary: "?${says.replace(/[.?*+^$()[\]{}|\\]/g, "\\$&")}`), name);
    }
  }
});

test("who may call it is the table's own", () => {
  for (const [name, { role }] of served()) {
    const described = operations().get(name);
    if (described !== undefined) {
      assert.equal(/^ {6}x-role: (\w+)$/m.exec(described)?.[1], role, name);
    }
  }
});

test("query arguments are the table's own, both ways", () => {
  const table = readFileSync(join(ROOT, "server/tables/routes.def"), "utf8");
  const rows = [...table.matchAll(/^ROUTE\((\w+),\s*"([^"]+)",\s*\w+,\s*\w+,\s*\w+,\s*\d+,\s*"([^"]*)"/gm)];
  assert.equal(rows.length, operations().size);
  const shared = Object.fromEntries(
    [...text.matchAll(/^ {4}(\w+):\n {6}name: (\w+)\n {6}in: query$/gm)].map(([, name, argument]) => [name, argument]),
  );
  for (const [, method, path, names] of rows) {
    const described = operations().get(`${method} ${path}`);
    const own = [...described.matchAll(/name: (\w+)(?:\n\s+|, )in: query/g)].map(([, name]) => name);
    const used = [...described.matchAll(/components\/parameters\/(\w+)"/g)].map(([, name]) => shared[name]).filter(Boolean);
    assert.deepEqual([...own, ...used].sort(), names.split(" ").filter(Boolean).sort(), `${method} ${path}`);
  }
});

test("what needs no log-in says so, and nothing else does", () => {
  for (const [name, { role }] of served()) {
    const described = operations().get(name);
    if (described !== undefined) {
      assert.equal(described.includes("security: []"), role === "NONE", name);
    }
  }
});

test("every reference leads somewhere and nothing defined is unused", () => {
  const references = new Set([...text.matchAll(/\$ref: "#\/components\/(\w+)\/(\w+)"/g)].map(([, kind, name]) => `${kind}/${name}`));
  const defined = new Set();
  let kind = null;
  for (const line of text.slice(text.indexOf("\ncomponents:")).split("\n")) {
    kind = /^ {2}(\w+):$/.exec(line)?.[1] ?? kind;
    const name = /^ {4}(\w+):/.exec(line)?.[1];
    if (name && kind !== "securitySchemes") {
      defined.add(`${kind}/${name}`);
    }
  }
  assert.deepEqual([...references].sort(), [...defined].sort());
});

test("make spec prints every page that the program has", () => {
  const pages = /^spec_pages := (.*)$/m.exec(readFileSync(join(ROOT, "Makefile"), "utf8"))[1].split(" ");
  const named = verb("spec", "?").err.match(/wanted one of ([a-z ]+)/)[1].trim().split(" ");
  assert.deepEqual(named, pages);
  pages.forEach((page) => assert.match(verb("spec", page).out, /^\| /m, page));
});

test("codes of the venue: what is not known for a refusal is none", () => {
  const { out } = verb("spec", "codes");
  assert.match(out, /^\| 0 \| `done` \| {2}\| taken \|$/m);
  assert.match(out, /^\| 10016 \| `unknown` \| {2}\| /m);
  assert.match(out, /^\| 110007 \| `refused` \| balance \| /m);
  assert.match(out, /^\| 170213 \| `absent` \| late \| /m);
});
