// docs/RUNBOOK.md, "The host is lost", as it stands there: its commands for the cloud, one after the other, before a
// cloud that refuses what the settings of prod make it refuse.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT, scratch } from "../api/server.mjs";
import { readTree } from "../terraform/policies.mjs";
import { readRunbook } from "./runbook.mjs";

const PAGE = readFileSync(join(ROOT, "docs/RUNBOOK.md"), "utf8");
const SECTION = `## The host is lost${PAGE.split(/^## The host is lost$/m)[1].split(/^## /m)[0]}`;

/** Everything that the launch template protects, by the names of the API: disable-api-stop and so on. */
async function protections() {
  const { resources } = await readTree(join(ROOT, "terraform/modules/trading-host"));
  const { body: template } = resources.find(({ type }) => type === "aws_launch_template");
  return Object.keys(template).filter((name) => name.startsWith("disable_api_")).map((name) => name.replaceAll("_", "-"));
}

/** An account in which everything is protected: a file for each protection that was lifted. */
function cloud(names) {
  const dir = scratch();
  const lifted = (name) => `[ -e ${dir}/${name} ] || { echo "OperationNotPermitted: $* (${name})" >&2; exit 254; }`;
  const aws = `#!/bin/bash
echo "aws $*" >> ${dir}/calls
case "$1 $2" in
"ec2 modify-instance-attribute") for word in "$@"; do [[ $word = --no-* ]] && touch "${dir}/\${word#--no-}"; done; exit 0 ;;
"ec2 stop-instances") ${lifted("disable-api-stop")}; touch ${dir}/stopped ;;
"ec2 wait") ${lifted("stopped")} ;;
"s3 cp")
  [ "$4" != - ] || echo '{"version": "1.2.3"}'
  [ "$3" != --recursive ] || { mkdir -p "$5/2026-11-28" && touch "$5/2026-11-28/0001-anchors.ndjson"; } ;;
esac
`;
  const terraform = `#!/bin/bash
echo "terraform $*" >> ${dir}/calls
case "$*" in
*" plan "*) for word in "$@"; do [[ $word != -out=* ]] || touch "${dir}/\${word#-out=}"; done ;;
*" apply "*) ${lifted("stopped")}; ${lifted("disable-api-termination")}; ${lifted("PLAN")} ;;
*) exit 1 ;;
esac
`;
  for (const [name, text] of Object.entries({ aws, terraform })) writeFileSync(join(dir, name), text, { mode: 0o755 });
  assert.ok(names.length >= 2, names.join());
  return dir;
}

const follow = (dir, blocks) =>
  blocks.map(({ block }) =>
    spawnSync("bash", ["-euc", block], { cwd: dir, encoding: "utf8", env: { ...process.env, PATH: `${dir}:${process.env.PATH}` } }),
  );

test("the commands of a lost host pass the protections of its settings, in the order in which they stand", async () => {
  const names = await protections();
  // Those of a person's own machine; what is typed on the new host is another test's (release, host).
  const blocks = readRunbook(SECTION).marked.filter(({ block }) => !/^ *systemctl /m.test(block));
  assert.ok(blocks.length >= 4);
  const dir = cloud(names);
  for (const { status, stderr } of follow(dir, blocks)) assert.equal(status, 0, stderr);
  for (const name of names) assert.ok(existsSync(join(dir, name)), `${name} is never lifted`);
  const calls = readFileSync(join(dir, "calls"), "utf8");
  assert.match(calls, /terraform .* plan -replace=\S+ -out=PLAN\nterraform .* apply PLAN/);
  // ..and the account would have refused what the page said before.
  const bare = blocks.map(({ block }) => ({ block: block.replace(/^ *aws ec2 modify.*$/gm, "") }));
  assert.ok(follow(cloud(names), bare).some(({ stderr }) => /OperationNotPermitted/.test(stderr)));
});
