// As much of Alloy's grammar as deploy/alloy/config.alloy needs: blocks, attributes, values, references. It is no
// substitute for `alloy fmt` and a start of the real program, which this machine does not have.

const COMPONENTS = ["loki.source.journal", "loki.source.file", "local.file_match", "loki.process", "loki.write"];
const STAGES = ["match", "json", "logfmt", "timestamp", "labels", "structured_metadata", "limit"];
const BLOCKS = ["endpoint", "tls_config", "wal"];
const LABELS = ["job", "instance", "level", "area"];
const FORMATS = ["RFC3339", "RFC3339Nano", "Unix"];
const EXPORTS = { "loki.process": ["receiver"], "loki.write": ["receiver"], "local.file_match": ["targets"] };
const TOKEN = /\s+|\/\/[^\n]*|("(?:[^"\\\n]|\\.)*")|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?)|([{}[\]()=,])/y;

function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`cannot be read: ${text.slice(at, at + 20)}`);
    const [, string, word, number, mark] = match;
    if (string ?? word ?? number ?? mark) found.push({ string, word, number, mark });
  }
  return found;
}

/** A file as [{name, label, body} or {name, value}..]; a value is a string, number, list, object, {ref} or {call}. */
export function parse(text) {
  const list = tokens(text);
  let at = 0;
  const peek = (mark) => list[at]?.mark === mark;
  const take = (mark) => {
    if (!peek(mark)) throw new Error(`wanted ${mark}, found ${JSON.stringify(list[at])}`);
    at++;
  };
  function sequence(end, one) {
    const items = [];
    while (!peek(end)) {
      items.push(one());
      if (!peek(end)) take(",");
    }
    take(end);
    return items;
  }
  function value() {
    const token = list[at++];
    if (token === undefined) throw new Error("ends in a value");
    if (token.string) return JSON.parse(token.string);
    if (token.number) return Number(token.number);
    if (token.mark === "[") return sequence("]", value);
    if (token.mark === "{") return Object.fromEntries(sequence("}", () => [key(), (take("="), value())]));
    if (!token.word) throw new Error(`a value cannot begin with ${token.mark}`);
    if (token.word === "true" || token.word === "false") return token.word === "true";
    if (!peek("(")) return { ref: token.word };
    at++;
    return { call: token.word, args: sequence(")", value) };
  }
  function key() {
    const token = list[at++];
    return token.word ?? JSON.parse(token.string);
  }
  function body(end) {
    const parts = [];
    while (end ? !peek(end) : at < list.length) {
      const { word } = list[at++] ?? {};
      if (!word) throw new Error(`wanted a name, found ${JSON.stringify(list[at - 1])}`);
      if (peek("=")) {
        at++;
        parts.push({ name: word, value: value() });
      } else {
        const label = list[at]?.string ? JSON.parse(list[at++].string) : null;
        take("{");
        parts.push({ name: word, label, body: body("}") });
      }
    }
    if (end) take(end);
    return parts;
  }
  return body(null);
}

export const components = (file) => file.filter(({ body }) => body);

function* all(parts) {
  for (const part of parts) {
    yield part;
    if (part.body) yield* all(part.body);
  }
}

function* references(value) {
  if (Array.isArray(value)) for (const one of value) yield* references(one);
  else if (value?.ref) yield value.ref;
  else if (value !== null && typeof value === "object") for (const one of Object.values(value)) yield* references(one);
}

function checkStage(stage) {
  const bad = [];
  const kind = stage.name.slice("stage.".length);
  const get = (name) => stage.body.find((part) => part.name === name)?.value;
  if (!STAGES.includes(kind)) bad.push(`${stage.name} is no stage`);
  if (kind === "labels")
    Object.keys(get("values"))
      .filter((name) => !LABELS.includes(name))
      .forEach((name) => bad.push(`label ${name} has too many values`));
  if (kind === "timestamp" && !FORMATS.includes(get("format"))) bad.push(`${get("format")} is no format of time`);
  if (kind === "match" && !/^\{job="pitwall"\} (\|~|!~) ".*"$/.test(get("selector")))
    bad.push(`${get("selector")} selects nothing of ours`);
  if (kind === "match") new RegExp(JSON.parse(/"([^"]*)"$/.exec(get("selector"))[0]));
  return bad;
}

/** What does not hold together: unknown components and stages, references to nothing, labels of many values. */
export function check(file) {
  const bad = [];
  for (const { name, label, body } of file) {
    if (!body) bad.push(`${name} stands outside of a block`);
    else if (!COMPONENTS.includes(name)) bad.push(`${name} is no component that this file may use`);
    else if (!label) bad.push(`${name} has no label`);
  }
  const known = components(file).flatMap(({ name, label }) =>
    (EXPORTS[name] ?? []).map((one) => `${name}.${label}.${one}`),
  );
  for (const part of all(file)) {
    if (part.body && part.name.startsWith("stage.")) bad.push(...checkStage(part));
    else if (part.body && !COMPONENTS.includes(part.name) && !BLOCKS.includes(part.name))
      bad.push(`${part.name} is no block`);
    for (const ref of references(part.value ?? null)) if (!known.includes(ref)) bad.push(`${ref} is not there`);
    if (part.name === "matches" && part.value !== "_SYSTEMD_UNIT=pitwall.service")
      bad.push(`${part.value} is not our unit`);
    if (part.name === "labels" && !part.body)
      Object.keys(part.value)
        .filter((name) => !LABELS.includes(name))
        .forEach((name) => bad.push(`label ${name} has too many values`));
  }
  return bad;
}
