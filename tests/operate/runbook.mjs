// The commands of docs/RUNBOOK.md: what stands in blocks marked sh, and what stands in backticks and begins like a
// command. A comment `<!-- not run by the test: WHY -->` before a block keeps it from being run; one that begins with a
// command in backticks excuses that command, or all of a program that stands there alone. Nothing else does.

import { statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../api/server.mjs";

const FENCE = /^ *```(\S*)\s*$/;
const MARK = /<!-- not run by the test: (.*?) -->/;
const PROGRAMS =
  "(?:build/|NEW/)?pitwall|curl|kill|sudo|systemctl|journalctl|chronyc|mkfs\\.ext4|nproc|ulimit|aws|terraform";
const COMMAND = new RegExp(`^(?:${PROGRAMS})(?: |$)`);
const REQUEST = /^(?:GET|POST|PUT|PATCH|DELETE) +(?:URL|KILL)\//;

/** A script of ours, not a folder or a file that is only named. */
function isScript(path) {
  if (!path.startsWith("deploy/")) return false;
  const file = statSync(join(ROOT, path), { throwIfNoEntry: false });
  return file === undefined || (file.isFile() && (file.mode & 0o100) !== 0);
}

/** `pitwall kill: ..` is what it says, not what it is told. */
const isCommand = (text) =>
  text !== "pitwall" && !/^pitwall \w+:/.test(text) && (COMMAND.test(text) || isScript(text.split(" ")[0]));

/** Lines of a block as commands: what ends in a backslash goes on; a block that sets a variable is one command. */
function commandsOf(block) {
  const lines = block
    .join("\n")
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith("#"));
  return /^[A-Z]+=/.test(lines[0] ?? "") ? [lines.join("\n")] : lines;
}

/** Calls `text(line, at)` for each line outside of blocks, `block(lines, language, at)` for each block. */
function walk(page, { text, block }) {
  const lines = page.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const fence = FENCE.exec(lines[at]);
    if (!fence) {
      text(lines[at], at + 1);
      continue;
    }
    const begin = at + 1;
    while (++at < lines.length && !FENCE.test(lines[at]));
    block(lines.slice(begin, at), fence[1], begin + 1);
  }
}

/** {commands: [{text, line}..], marked: [{block, why, line}..], wrong: [..]}. */
export function readRunbook(page) {
  const found = { commands: [], marked: [], wrong: [] };
  const excused = [...page.matchAll(/<!-- not run by the test: `([^`]+)`/g)].map(([, command]) => command);
  const isExcused = (text) => excused.includes(text) || excused.includes(text.split(" ")[0]);
  let mark = null;
  walk(page, {
    text(line, at) {
      const [, why] = MARK.exec(line) ?? [];
      if (why || line.trim()) mark = why ?? null;
      if (why) return;
      if (/^ {4}/.test(line) && isCommand(line.trim()))
        found.wrong.push(`line ${at}: a command that only stands indented: ${line.trim()}`);
      for (const [, text] of line.matchAll(/`([^`]+)`/g))
        if ((isCommand(text) || REQUEST.test(text)) && !isExcused(text)) found.commands.push({ text, line: at });
    },
    block(lines, language, at) {
      const commands = commandsOf(lines);
      if (language !== "sh") {
        commands.filter(isCommand).forEach((text) => found.wrong.push(`line ${at}: not in a block marked sh: ${text}`));
        commands.filter((text) => REQUEST.test(text)).forEach((text) => found.commands.push({ text, line: at }));
      } else if (mark) found.marked.push({ block: lines.join("\n"), why: mark, line: at });
      else commands.forEach((text) => found.commands.push({ text, line: at }));
      mark = null;
    },
  });
  return found;
}
