// The bill of materials: a CycloneDX document by its own schema, with every library that the loader maps and every
// package of npm that is on the page.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import test from "node:test";
import { ROOT } from "../api/server.mjs";

const BUILD = dirname(process.env.PITWALL_BIN ?? join(ROOT, "build/pitwall"));
const { Validation, Spec } = createRequire(join(ROOT, "tests/deploy/package.json"))("@cyclonedx/cyclonedx-library");
const make = () => execFileSync(join(ROOT, "deploy/sbom.mjs"), [BUILD], { encoding: "utf8" });

test("the bill of materials is valid by the strict schema, and the schema notices a wrong field", async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5);
  const text = make();
  assert.equal(await validator.validate(text), null);
  for (const [from, to] of [['"type": "application"', '"type": "programme"'], ['"bomFormat"', '"bomFormats"'],
    ['"serialNumber": "urn:uuid:', '"serialNumber": "']]) {
    assert.notEqual(text.replace(from, to), text);
    assert.notEqual(await validator.validate(text.replace(from, to)), null, to);
  }
  assert.equal(make(), text, "the same inputs give the same bytes");
});

test("it has a package for every library that is mapped, and hashes", () => {
  const { components } = JSON.parse(make());
  const files = components.flatMap(({ properties = [] }) =>
    properties.filter(({ name }) => name === "pitwall:file").map(({ value }) => value),
  );
  const mapped = execFileSync("ldd", [join(BUILD, "pitwall")], { encoding: "utf8" });
  const libraries = [...mapped.matchAll(/^\s+(?:\S+ => )?(\/\S+)/gm)].map(([, path]) => path);
  assert.ok(libraries.length > 15);
  for (const path of libraries) {
    const real = execFileSync("realpath", [path], { encoding: "utf8" }).trim();
    assert.ok(files.some((file) => file.startsWith(`${real} sha256:`)), `${real} is in no component`);
  }
  assert.ok(components.some(({ name }) => name === "ca-certificates"));
});

test("npm itself finds the same packages for the page", (context) => {
  const asked = spawnSync("npm", ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--omit", "dev"],
    { cwd: join(ROOT, "web"), encoding: "utf8" });
  if (asked.status !== 0) {
    context.skip("npm here has no sbom (10 and later have)");
    return;
  }
  const ours = JSON.parse(make()).components.filter(({ purl }) => purl.startsWith("pkg:npm/"));
  const theirs = JSON.parse(asked.stdout).components;
  const ids = (list) => list.map(({ purl }) => purl).sort();
  assert.deepEqual(ids(ours), ids(theirs));
});
