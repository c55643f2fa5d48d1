// What is served is what was written: only comments stay behind, and every line is where it is in the source.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import ts from "typescript";
import { ROOT, builtPage } from "./browser.mjs";

const built = join(builtPage(), "static");
const [hash] = readdirSync(built);
const served = (file) => readFileSync(join(built, hash, file), "utf8");
const source = (file) => readFileSync(join(ROOT, "web", file), "utf8");
const filesOf = (folder, end) => readdirSync(join(ROOT, "web", folder)).filter((name) => name.endsWith(end)).map((name) => join(folder, name));

const MODULES = [...filesOf("", ".js"), ...filesOf("components", ".js")];
const SHEETS = [...filesOf("styles", ".css"), "docs.css"];

/** The code alone, by the makers of a compiler. */
function codeOf(text) {
  const compilerOptions = { removeComments: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

const rulesOf = (text) => text.replace(/\/\*[^]*?\*\//g, "").replace(/\s+/g, " ");

function sameLines(file) {
  const [written, sent] = [source(file).split("\n"), served(file).split("\n")];
  assert.equal(sent.length, written.length, file);
  sent.forEach((line, at) => assert.ok(line === "" || line === written[at], `${file}:${at + 1}`));
}

test("a module is served with all its code", () => {
  assert.ok(MODULES.length > 60);
  for (const file of MODULES) {
    sameLines(file);
    assert.equal(codeOf(served(file)), codeOf(source(file)), file);
    assert.doesNotMatch(served(file), /^\s*(\/\/|\/\*\*.*\*\/$)/m, `${file}: a line of comment`);
  }
});

test("a style sheet is served with all its rules", () => {
  for (const file of SHEETS) {
    sameLines(file);
    assert.equal(rulesOf(served(file)), rulesOf(source(file)), file);
  }
});
