// reference.mjs OPENAPI.yaml STATIC > docs.html   the reference page of the REST interface, served at /docs.
//
// Run by web/build.sh. Plain HTML without scripts: it works with any policy, without the server, and in
// print. Everything on it comes from openapi.yaml.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [specFile, staticPath] = process.argv.slice(2);
const require = createRequire(new URL("../web/package.json", import.meta.url));
const spec = require("yaml").parse(readFileSync(specFile, "utf8"), { uniqueKeys: true });

const METHODS = ["get", "put", "post", "patch", "delete"];
const ROLES = {
  NONE: "no log-in",
  ANY: "anybody known",
  PERSON: "a person, no token",
  VIEWER: "viewer or above",
  TRADER: "trader or above",
  RISK: "risk or above",
  ADMIN: "admin",
  MANAGES: "admin, in a session",
  DECIDES: "risk, or admin where a role is granted",
  METRICS: "scope metrics, or admin",
  KILL: "trader or above, or scope kill",
  AUDIT: "risk or above, or scope audit-read",
};

const escape = (text) =>
  String(text).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
/** Prose of the spec: `code` and paragraphs, nothing else. */
const prose = (text) =>
  (text ?? "")
    .trim()
    .split(/\n\s*\n/)
    .filter(Boolean)
    .map((part) => `<p>${escape(part).replace(/`([^`]+)`/g, "<code>$1</code>")}</p>`)
    .join("\n");
const inline = (text) => escape(text ?? "").replace(/`([^`]+)`/g, "<code>$1</code>");

function resolve(value) {
  if (!value?.$ref) {
    return value;
  }
  return value.$ref.slice(2).split("/").reduce((at, name) => at[name], spec);
}

const schemaName = (schema) => /^#\/components\/schemas\/(\w+)$/.exec(schema?.$ref ?? "")?.[1];
const alternatives = (schema) => schema.oneOf ?? schema.anyOf;

/** A schema in a few words, with links to those that have a name. */
function shape(schema) {
  const name = schemaName(schema);
  if (name) {
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (alternatives(schema)) {
    return alternatives(schema).map(shape).join(" or ");
  }
  if (schema.allOf) {
    return schema.allOf.map(shape).join(" and ");
  }
  if (schema.enum) {
    return schema.enum.map((value) => `<code>${escape(JSON.stringify(value))}</code>`).join(" ");
  }
  if (schema.const !== undefined) {
    return `<code>${escape(JSON.stringify(schema.const))}</code>`;
  }
  const type = [schema.type ?? "any"].flat();
  const words = type.map((one) => (one === "array" && schema.items ? `array of ${shape(schema.items)}` : escape(one)));
  const bounds = ["format", "pattern", "minimum", "maximum", "minLength", "maxLength", "default"]
    .filter((key) => schema[key] !== undefined)
    .map((key) => `${key} <code>${escape(schema[key])}</code>`);
  return [words.join(" or "), ...bounds].join(", ");
}

function members(schema, depth = 0) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, raw]) => {
    const value = schemaName(raw) ? raw : resolve(raw);
    const inner = value.properties ? value : value.items?.properties ? value.items : null;
    const needed = schema.required?.includes(name) ? "" : ' <span class="dim">optional</span>';
    return `<tr><td class="depth-${Math.min(depth, 3)}"><code>${escape(name)}</code>${needed}</td><td>${shape(value)}</td><td>${inline(value.description)}</td></tr>${
      inner ? members(inner, depth + 1) : ""
    }`;
  });
  const rest = schema.additionalProperties;
  if (rest && typeof rest === "object") {
    rows.push(`<tr><td class="depth-${Math.min(depth, 3)}"><span class="dim">any name</span></td><td>${shape(rest)}</td><td>${inline(rest.description)}</td></tr>`);
  }
  return rows.join("\n");
}

function body(schema) {
  const own = schemaName(schema) ? null : schema;
  const rows = own ? members(own) : "";
  return rows ? `<table><thead><tr><th>Member</th><th>What</th><th></th></tr></thead><tbody>${rows}</tbody></table>` : `<p>${shape(schema)}</p>`;
}

const example = (value, title) =>
  `<figure><figcaption>${escape(title)}</figcaption><pre>${escape(typeof value === "string" ? value.trimEnd() : JSON.stringify(value, null, 2))}</pre></figure>`;

/** Each media type of a body: what it is, and its examples. */
function contents(content) {
  return Object.entries(content ?? {})
    .map(([type, media]) => {
      const many = Object.entries(media.examples ?? {}).map(([name, one]) => example(resolve(one).value, resolve(one).summary ?? name));
      const one = media.example === undefined ? [] : [example(media.example, "Example")];
      return `<p class="dim">${escape(type)}</p>${body(media.schema ?? {})}${[...one, ...many].join("\n")}`;
    })
    .join("\n");
}

function parameters(list) {
  if (!list?.length) {
    return "";
  }
  const rows = list.map(resolve).map(
    ({ name, in: where, required, schema, description }) =>
      `<tr><td><code>${escape(name)}</code>${required ? "" : ' <span class="dim">optional</span>'}</td><td>${where}</td><td>${shape(schema ?? {})}</td><td>${inline(description)}</td></tr>`,
  );
  return `<h4>Parameters</h4><table><thead><tr><th>Name</th><th>In</th><th>What</th><th></th></tr></thead><tbody>${rows.join("\n")}</tbody></table>`;
}

function answers(responses) {
  const rows = Object.entries(responses).map(([code, raw]) => {
    const answer = resolve(raw);
    const headers = Object.keys(answer.headers ?? {});
    const says = headers.length ? `<p class="dim">Headers: ${headers.map((name) => `<code>${name}</code>`).join(" ")}</p>` : "";
    const inner = code.startsWith("2") ? contents(answer.content) : "";
    return `<dt><code class="code-${code[0]}">${code}</code></dt><dd>${prose(answer.description)}${says}${inner}</dd>`;
  });
  return `<h4>Answers</h4><dl>${rows.join("\n")}</dl>`;
}

function operation({ method, path, shared, what }) {
  const role = what["x-role"];
  const asked = what.requestBody ? `<h4>Body</h4>${contents(resolve(what.requestBody).content)}` : "";
  return `<section id="${what.operationId}">
<h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${escape(path)}</code></h3>
<p class="summary">${inline(what.summary)}${role ? ` <span class="role">${ROLES[role]}</span>` : ""}</p>
${prose(what.description)}
${parameters([...(shared ?? []), ...(what.parameters ?? [])])}
${asked}
${answers(what.responses)}
</section>`;
}

const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({ method, path, shared: item.parameters, what: item[method] })),
);
const ofTag = (name) => operations.filter(({ what }) => what.tags[0] === name);

const menu = spec.tags
  .map(
    ({ name }) =>
      `<h2>${escape(name)}</h2><ul>${ofTag(name)
        .map(({ method, path, what }) => `<li><a href="#${what.operationId}"><span class="method ${method}">${method.toUpperCase()}</span> ${escape(path.replace("/api/v1", ""))}</a></li>`)
        .join("\n")}</ul>`,
  )
  .join("\n");
const chapters = spec.tags
  .map(({ name, description }) => `<h2 id="tag-${escape(name)}">${escape(name)}</h2>${prose(description)}${ofTag(name).map(operation).join("\n")}`)
  .join("\n");
const schemas = Object.entries(spec.components.schemas)
  .map(([name, schema]) => `<section id="schema-${name}"><h3>${name}</h3>${prose(schema.description)}${body(schema)}${schema.example === undefined ? "" : example(schema.example, "Example")}</section>`)
  .join("\n");

process.stdout.write(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(spec.info.title)}: reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${staticPath}/docs.css">
</head>
<body>
<a class="skip" href="#start">To the text</a>
<nav aria-label="Operations"><p class="brand"><a href="/">${escape(spec.info.title)}</a></p>${menu}<h2>Schemas</h2><ul>${Object.keys(spec.components.schemas)
  .map((name) => `<li><a href="#schema-${name}">${name}</a></li>`)
  .join("\n")}</ul></nav>
<main id="start">
<h1>${escape(spec.info.title)} <span class="dim">interface ${escape(spec.info.version)}</span></h1>
<p class="summary">${inline(spec.info.summary)}</p>
${prose(spec.info.description)}
${chapters}
<h2>Schemas</h2>
${schemas}
</main>
</body>
</html>
`);
