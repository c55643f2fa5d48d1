// Every operation of api-spec/openapi.yaml shows what is sent and what comes back, and what it shows is valid.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { at, everySchema, examples, invalid, operations, place, spec } from "./openapi.mjs";
import { ROOT } from "./server.mjs";

/** [[what it is called, where its media type stands]] of every body that an operation takes or gives. */
function bodies(operation) {
  const asked = operation.what.requestBody ? [["request", [...operation.at, "requestBody"]]] : [];
  const answers = Object.keys(operation.what.responses).map((status) => [status, [...operation.at, "responses", status]]);
  return [...asked, ...answers].flatMap(([name, where]) => {
    const body = place(...where);
    return Object.keys(at(body).content ?? {}).map((type) => [`${operation.name} ${name} ${type}`, [...body, "content", type]]);
  });
}

test("every body has an example", () => {
  const without = operations.flatMap(bodies).filter(([, where]) => examples(at(where)).length === 0);
  assert.deepEqual(without.map(([name]) => name), []);
});

test("every example is what its schema says", () => {
  let seen = 0;
  for (const [name, where] of operations.flatMap(bodies)) {
    for (const value of examples(at(where))) {
      assert.deepEqual(invalid(value, ...where, "schema"), [], `${name}: ${JSON.stringify(value)}`);
      seen++;
    }
  }
  assert.ok(seen > 3 * operations.length, String(seen));
});

test("an example of a problem is of its status, and in the words of the table of errors", () => {
  const text = readFileSync(join(ROOT, "engine/tables/errors.def"), "utf8");
  const rows = [...text.matchAll(/^ERROR\(\w+, +(\w+), +(\d+), \d+, "(.*)"\)$/gm)].map(([, code, status, title]) => [code, { status: Number(status), title }]);
  const table = new Map(rows);
  for (const [name, where] of operations.flatMap(bodies).filter(([, path]) => path.at(-1) === "application/problem+json")) {
    const shown = examples(at(where));
    assert.ok(shown.some(({ status }) => String(status) === name.split(" ")[2]), name);
    shown.filter(({ order }) => !order).forEach(({ code, status, title }) => assert.deepEqual({ status, title }, table.get(code), `${name}: ${code}`));
  }
});

test("every parameter of a path has an example, and every example is valid", () => {
  for (const operation of operations) {
    const own = [operation.at, operation.at.slice(0, 2)].flatMap((base) =>
      (at(base).parameters ?? []).map((_, i) => place(...base, "parameters", i)),
    );
    for (const where of own) {
      const parameter = at(where);
      assert.ok(parameter.in !== "path" || parameter.example !== undefined, `${operation.name} ${parameter.name}`);
      if (parameter.example !== undefined) {
        assert.deepEqual(invalid(parameter.example, ...where, "schema"), [], `${operation.name} ${parameter.name}`);
      }
    }
  }
});

test("every object says what is in it", () => {
  const shapeless = [];
  everySchema(spec, (schema, where) => {
    if ([schema.type].flat().includes("object") && !schema.properties && schema.additionalProperties === undefined) {
      shapeless.push(where);
    }
  });
  assert.deepEqual(shapeless, []);
});

test("an unknown member and a wrong type are noticed", () => {
  const fill = examples(at(place("paths", "/api/v1/fills", "get", "responses", "200")).content["application/json"])[0];
  const where = [...place("paths", "/api/v1/fills", "get", "responses", "200"), "content", "application/json", "schema"];
  assert.deepEqual(invalid(fill, ...where), []);
  const first = fill.items[0];
  assert.equal(invalid({ ...fill, items: [{ ...first, colour: "red" }] }, ...where).length, 1);
  assert.equal(invalid({ ...fill, items: [{ ...first, price: Number(first.price) }] }, ...where).length, 1);
});
