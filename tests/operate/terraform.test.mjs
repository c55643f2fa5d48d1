// The policies of tests/terraform over terraform/ as it is parsed, and each of them against a sample that breaks it.
// What Terraform itself says is `make terraform-check`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { ROOT } from "../api/server.mjs";
import { POLICIES, readTree } from "../terraform/policies.mjs";

const SAMPLES = join(ROOT, "tests/terraform/broken");

test("terraform/ has what the policies are about", async () => {
  const { resources } = await readTree(join(ROOT, "terraform"));
  const types = new Set(resources.map(({ type }) => type));
  for (const type of [
    "aws_subnet",
    "aws_launch_template",
    "aws_ebs_volume",
    "aws_s3_bucket",
    "aws_cloudwatch_log_group",
    "aws_vpc_security_group_ingress_rule",
    "aws_secretsmanager_secret",
    "aws_flow_log",
    "aws_placement_group",
  ])
    assert.ok(types.has(type), `no ${type}: a policy would pass by having nothing to look at`);
});

for (const [name, policy] of Object.entries(POLICIES))
  test(`terraform policy ${name}`, async () => {
    assert.deepEqual(policy(await readTree(join(ROOT, "terraform"))), []);
  });

// A sample breaks the policy that its name begins with, and no other: else a policy complains of everything.
for (const file of readdirSync(SAMPLES))
  test(`terraform sample ${file} is noticed`, async () => {
    const dir = mkdtempSync(join(tmpdir(), "pitwall-terraform-"));
    copyFileSync(join(SAMPLES, file), join(dir, file));
    const tree = await readTree(dir);
    rmSync(dir, { recursive: true });
    const noticed = Object.keys(POLICIES).filter((name) => POLICIES[name](tree).length > 0);
    assert.deepEqual(noticed, [file.split(/[-.]/)[0]]);
  });

test("user data is a shell's, and names a script of ours", () => {
  const template = readFileSync(join(ROOT, "terraform/modules/trading-host/user-data.sh.tftpl"), "utf8");
  const rendered = template.replace(/\$\{[^}]*\}/g, "x-1");
  const check = (text) => spawnSync("bash", ["-n"], { input: text, encoding: "utf8" }).status;
  assert.equal(check(rendered), 0);
  assert.notEqual(check(rendered.replace("END\n", "END\nfi\n")), 0);
  const [, script] = /^exec \/opt\/pitwall\/(\S+) /m.exec(rendered);
  assert.ok(existsSync(join(ROOT, script)), script);
  const set = [...rendered.matchAll(/^(PITWALL_\w+)=/gm)].map(([, name]) => name);
  for (const file of ["aws/first-boot", "aws/pitwall-secrets", "aws/pitwall-figures", "backup/to-s3"])
    for (const [, name] of readFileSync(join(ROOT, "deploy", file), "utf8").matchAll(/\$\{(PITWALL_\w+):\?\}/g))
      assert.ok(set.includes(name), `${file} wants ${name}, and user data does not say it`);
});

test("every terraform policy has a sample that breaks it", () => {
  const broken = new Set(readdirSync(SAMPLES).map((file) => file.split(/[-.]/)[0]));
  assert.deepEqual(
    Object.keys(POLICIES).filter((name) => !broken.has(name)),
    [],
  );
});
