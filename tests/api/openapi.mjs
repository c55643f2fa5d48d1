// api-spec/openapi.yaml, read: its operations, and a JSON Schema validator for what it says of each.
//
// Readers of the API must bear members that they do not know, so the schemas of answers are open. For the tests
// every object that lists its members is closed: a member that the file does not tell of is a difference.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { ROOT } from "./server.mjs";

const METHODS = ["get", "put", "post", "patch", "delete"];
const ID = "https://pitwall.invalid/openapi";

export const spec = parse(readFileSync(join(ROOT, "api-spec/openapi.yaml"), "utf8"), { uniqueKeys: true });

/** What a reference leads to, or the value itself. */
export function resolve(value) {
  return value?.$ref ? value.$ref.slice(2).split("/").reduce((at, name) => at[name], spec) : value;
}

/** Calls `visit` with every schema below `value` that has a type or members. */
export function everySchema(value, visit, at = "#") {
  if (value === null || typeof value !== "object") {
    return;
  }
  if (value.type !== undefined && !Array.isArray(value) && typeof value.type !== "object") {
    visit(value, at);
  } else if (Array.isArray(value.type)) {
    visit(value, at);
  }
  Object.entries(value)
    .filter(([name]) => !["example", "examples"].includes(name))
    .forEach(([name, inner]) => everySchema(inner, visit, `${at}/${name}`));
}

function closed() {
  const copy = structuredClone(spec);
  everySchema(copy, (schema) => {
    if (schema.properties && schema.additionalProperties === undefined) {
      schema.additionalProperties = false;
    }
  });
  return copy;
}

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  formats: { date: /^\d{4}-\d{2}-\d{2}$/ },
});
ajv.addVocabulary(["example", ...Object.keys(spec)]);
ajv.addSchema({ ...closed(), $id: ID }, undefined, undefined, false);

const pointer = (...parts) => parts.map((part) => `/${encodeURIComponent(String(part).replace(/~/g, "~0").replace(/\//g, "~1"))}`).join("");

/** What of `value` is not as the schema at that place says, as lines; none: it is valid. */
export function invalid(value, ...where) {
  const validate = ajv.getSchema(`${ID}#${pointer(...where)}`);
  if (!validate) {
    throw new Error(`no schema at ${where.join("/")}`);
  }
  return validate(value) ? [] : validate.errors.map((one) => `${one.instancePath || "$"} ${one.message} ${JSON.stringify(one.params)}`);
}

/** Where something stands, when references on the way are followed: parts of a path of the file. */
export function place(...parts) {
  let value = spec;
  let at = [];
  for (const part of parts) {
    value = value?.[part];
    at.push(part);
    if (value?.$ref) {
      at = value.$ref.slice(2).split("/");
      value = resolve(value);
    }
  }
  return value === undefined ? null : at;
}

export const at = (parts) => parts.reduce((value, part) => value[part], spec);

/** Every operation: {name: "GET /health", method, path, what, at}. */
export const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    what: item[method],
    at: ["paths", path, method],
  })),
);

/** The examples of a body, each a value. */
export function examples(media) {
  const many = Object.values(media.examples ?? {}).map((one) => resolve(one).value);
  return media.example === undefined ? many : [media.example, ...many];
}
