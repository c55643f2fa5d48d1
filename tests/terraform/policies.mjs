// What terraform/ may not be, over the files as they are parsed: no plan, no provider, no account. A policy gets the
// whole tree and answers complaints, `FILE: what`. A value that is an expression stands as "${..}".

import { parse } from "@cdktf/hcl2json";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const NAMED_SECRET = /(^|_)(password|passwd|secret_string|secret_binary|private_key|api_key|access_key|token)$/;
const SECRET_TEXT = /AKIA[0-9A-Z]{16}|BEGIN [A-Z ]*PRIVATE KEY|get-secret-value|get-parameter|password|api[_-]?secret/i;
const ZONE_LETTER = /\b[a-z]{2}(-[a-z]+)+-\d[a-z]\b/;
const OPEN = /^(0\.0\.0\.0\/0|::\/0)$/;

const list = (value) => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

function below(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".")) return [];
    return entry.isDirectory() ? below(join(dir, entry.name)) : [join(dir, entry.name)];
  });
}

/** Everything below a folder but the tests of Terraform: {files: [{name, text, hcl}], resources, data}. */
export async function readTree(dir) {
  const files = [];
  for (const path of below(dir).filter((name) => /\.(tf|tfvars|tftpl)$/.test(name))) {
    const text = readFileSync(path, "utf8");
    const hcl = path.endsWith(".tftpl") ? {} : await parse(path, text);
    files.push({ name: relative(dir, path), text, hcl });
  }
  const blocks = (kind) =>
    files.flatMap(({ name, hcl }) =>
      Object.entries(hcl[kind] ?? {}).flatMap(([type, named]) =>
        Object.entries(named).flatMap(([id, bodies]) =>
          bodies.map((body) => ({ file: name, type, id, body, at: `${name}: ${type}.${id}` })),
        ),
      ),
    );
  return { files, resources: blocks("resource"), data: blocks("data") };
}

const ofType = (tree, ...types) => tree.resources.filter(({ type }) => types.includes(type));

/** Nested blocks of a name, those that `dynamic` makes among them. */
function nested(body, name) {
  const dynamic = list(body.dynamic?.[name]).flatMap((block) => list(block.content));
  return [...list(body[name]), ...dynamic];
}

/** Walks every value of parsed HCL with the name that it stands under. */
function* values(node, key = "") {
  if (Array.isArray(node)) for (const item of node) yield* values(item, key);
  else if (node !== null && typeof node === "object")
    for (const [name, item] of Object.entries(node)) {
      yield [name, item];
      yield* values(item, name);
    }
}

const refers = (value, resource) => String(value).includes(`${resource.type}.${resource.id}.`);
/** In the same folder: a bucket and what is said of it stand in one module. */
const beside = (a, b) => a.file.replace(/[^/]*$/, "") === b.file.replace(/[^/]*$/, "");

function noPublicAddress(tree) {
  const bad = [];
  for (const { body, at } of ofType(tree, "aws_subnet"))
    if (body.map_public_ip_on_launch !== false) bad.push(`${at} does not say map_public_ip_on_launch = false`);
  for (const { body, at } of ofType(tree, "aws_launch_template")) {
    if (nested(body, "network_interfaces").length === 0) bad.push(`${at} leaves its interface to the subnet`);
    for (const face of nested(body, "network_interfaces"))
      if (face.associate_public_ip_address !== false) bad.push(`${at} may have a public address`);
  }
  for (const { body, at } of ofType(tree, "aws_instance"))
    if (![undefined, false].includes(body.associate_public_ip_address)) bad.push(`${at} has a public address`);
  for (const { at } of ofType(tree, "aws_eip_association")) bad.push(`${at} gives a public address`);
  for (const eip of ofType(tree, "aws_eip")) {
    const used = ofType(tree, "aws_nat_gateway").some((nat) => beside(nat, eip) && refers(nat.body.allocation_id, eip));
    if (!used || eip.body.instance || eip.body.network_interface) bad.push(`${eip.at} is not the NAT gateway's alone`);
  }
  for (const { body, at } of ofType(tree, "aws_lb", "aws_alb"))
    if (body.internal !== true) bad.push(`${at} faces the Internet`);
  return bad;
}

/** Not even a narrow network: whoever may come in is named by a group. */
function noOpenIngress(tree) {
  const bad = [];
  for (const { body, at } of ofType(tree, "aws_security_group", "aws_default_security_group"))
    if (nested(body, "ingress").length > 0) bad.push(`${at} has a way in of its own; use a rule that names a group`);
  for (const { body, at } of ofType(tree, "aws_vpc_security_group_ingress_rule")) {
    if (body.cidr_ipv4 !== undefined || body.cidr_ipv6 !== undefined || body.prefix_list_id !== undefined)
      bad.push(`${at} lets addresses in`);
    if (!body.referenced_security_group_id) bad.push(`${at} does not say who`);
  }
  for (const { body, at } of ofType(tree, "aws_security_group_rule"))
    if (body.type !== "egress") bad.push(`${at} is a way in`);
  for (const { body, at } of ofType(tree, "aws_network_acl_rule"))
    if (body.egress !== true && OPEN.test(body.cidr_block ?? body.ipv6_cidr_block)) bad.push(`${at} is open`);
  return bad;
}

function egress443(tree) {
  const bad = [];
  for (const { body, at } of ofType(tree, "aws_vpc_security_group_egress_rule"))
    if (body.from_port !== 443 || body.to_port !== 443 || body.ip_protocol !== "tcp")
      bad.push(`${at} is not 443 alone`);
  for (const { body, at } of ofType(tree, "aws_security_group"))
    if (nested(body, "egress").length > 0) bad.push(`${at} has a way out of its own`);
  return bad;
}

function encrypted(tree) {
  const bad = [];
  const keyed = (block, at) => {
    if (block.encrypted !== true || !block.kms_key_id) bad.push(`${at} is not encrypted by our key`);
  };
  for (const { body, at } of ofType(tree, "aws_ebs_volume")) keyed(body, at);
  for (const { body, at } of ofType(tree, "aws_launch_template")) {
    const disks = nested(body, "block_device_mappings").flatMap((mapping) => nested(mapping, "ebs"));
    if (disks.length === 0) bad.push(`${at} leaves its root volume to the image`);
    disks.forEach((disk) => keyed(disk, at));
  }
  for (const { body, at } of ofType(tree, "aws_instance"))
    for (const disk of [...nested(body, "root_block_device"), ...nested(body, "ebs_block_device")]) keyed(disk, at);
  const keys = {
    aws_cloudwatch_log_group: "kms_key_id",
    aws_secretsmanager_secret: "kms_key_id",
    aws_sns_topic: "kms_master_key_id",
  };
  for (const { type, body, at } of ofType(tree, ...Object.keys(keys)))
    if (!body[keys[type]]) bad.push(`${at} has no ${keys[type]}`);
  for (const bucket of ofType(tree, "aws_s3_bucket")) {
    const rules = ofType(tree, "aws_s3_bucket_server_side_encryption_configuration")
      .filter((one) => beside(one, bucket) && refers(one.body.bucket, bucket))
      .flatMap(({ body }) => nested(body, "rule"))
      .flatMap((rule) => nested(rule, "apply_server_side_encryption_by_default"));
    if (!rules.some((rule) => rule.sse_algorithm === "aws:kms" && rule.kms_master_key_id))
      bad.push(`${bucket.at} is not encrypted by our key`);
  }
  for (const { name, hcl } of tree.files)
    for (const terraform of list(hcl.terraform))
      for (const backend of list(terraform.backend?.s3))
        if (backend.encrypt !== true) bad.push(`${name}: the state is not encrypted`);
  return bad;
}

function bucketsClosed(tree) {
  const flags = ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"];
  const bad = [];
  for (const bucket of ofType(tree, "aws_s3_bucket")) {
    const said = (type) => ofType(tree, type).filter((one) => beside(one, bucket) && refers(one.body.bucket, bucket));
    if (!said("aws_s3_bucket_public_access_block").some(({ body }) => flags.every((flag) => body[flag] === true)))
      bad.push(`${bucket.at} can be made public`);
    const versions = said("aws_s3_bucket_versioning").flatMap(({ body }) => nested(body, "versioning_configuration"));
    if (!versions.some(({ status }) => status === "Enabled")) bad.push(`${bucket.at} forgets what is overwritten`);
    const locks = said("aws_s3_bucket_object_lock_configuration").flatMap(({ body }) => nested(body, "rule"));
    if (bucket.body.object_lock_enabled !== true || locks.length === 0) bad.push(`${bucket.at} is not locked`);
  }
  return bad;
}

function zoneById(tree) {
  const bad = [];
  for (const { name, text } of tree.files)
    for (const line of text.split("\n"))
      if (ZONE_LETTER.test(line) && !/error_message/.test(line))
        bad.push(`${name}: a zone by its letter: ${line.trim()}`);
  for (const { body, at } of ofType(tree, "aws_subnet"))
    if (body.availability_zone !== undefined || !body.availability_zone_id)
      bad.push(`${at} is not placed by a zone id`);
  for (const { body, at } of tree.resources)
    if (body.availability_zone !== undefined && !/data\.aws_availability_zone\./.test(body.availability_zone))
      bad.push(`${at} has a zone that does not follow from the id`);
  return bad;
}

function noSecret(tree) {
  const holders =
    /^(aws_secretsmanager_secret_version|aws_ssm_parameter|random_password|tls_private_key|aws_iam_access_key)$/;
  const bad = [];
  for (const { type, at } of [...tree.resources, ...tree.data])
    if (holders.test(type)) bad.push(`${at} keeps its value in the state`);
  for (const { name, text, hcl } of tree.files) {
    for (const [key, value] of values(hcl))
      if (NAMED_SECRET.test(key) && value !== null) bad.push(`${name}: ${key} has a value`);
    for (const key of Object.keys(hcl.variable ?? {}))
      if (NAMED_SECRET.test(key)) bad.push(`${name}: variable ${key} would stand in plan and state`);
    if (/\.(tftpl|tfvars)$/.test(name) && SECRET_TEXT.test(text)) bad.push(`${name}: ${SECRET_TEXT.exec(text)[0]}`);
  }
  return bad;
}

function sessionMetadata(tree) {
  const bad = [];
  const check = (body, at) => {
    const [options] = nested(body, "metadata_options");
    if (options?.http_tokens !== "required" || options?.http_put_response_hop_limit !== 1)
      bad.push(`${at} answers metadata without a session or over a hop`);
  };
  for (const { body, at } of ofType(tree, "aws_launch_template")) check(body, at);
  for (const { body, at } of ofType(tree, "aws_instance"))
    if (nested(body, "launch_template").length === 0) check(body, at);
  return bad;
}

function noSsh(tree) {
  const bad = ofType(tree, "aws_key_pair").map(({ at }) => `${at} is an SSH key`);
  for (const { body, at } of ofType(tree, "aws_launch_template", "aws_instance"))
    if (body.key_name !== undefined) bad.push(`${at} takes an SSH key`);
  for (const { body, at } of tree.resources)
    if (body.from_port <= 22 && body.to_port >= 22) bad.push(`${at} opens port 22`);
  return bad;
}

function narrowRoles(tree) {
  const bad = [];
  for (const { body, at } of tree.data.filter(({ type }) => type === "aws_iam_policy_document"))
    for (const statement of nested(body, "statement")) {
      if (statement.effect === "Deny" || nested(statement, "principals").length > 0) continue;
      if (list(statement.actions).some((action) => /\*/.test(action))) bad.push(`${at} allows a family of actions`);
      if (list(statement.resources).includes("*") && nested(statement, "condition").length === 0)
        bad.push(`${at} allows it everywhere`);
    }
  return bad;
}

/** What a slip of `destroy` must not take. */
function kept(tree) {
  return ofType(tree, "aws_ebs_volume", "aws_s3_bucket", "aws_kms_key", "aws_eip")
    .filter(({ body }) => !nested(body, "lifecycle").some(({ prevent_destroy }) => prevent_destroy === true))
    .map(({ at }) => `${at} can be destroyed by a slip`);
}

/** That nobody judges the program's alerts is a figure of its own, beside them, whose silence alarms. */
const isToldFor = (tree, file) =>
  tree.files.some(({ name, hcl }) => name === file && list(hcl.locals).some((one) => one.figures?.["alerts-age"]));

function silenceAlarms(tree) {
  return ofType(tree, "aws_cloudwatch_metric_alarm")
    .filter(({ body }) => body.treat_missing_data !== "breaching")
    .filter(({ body }) => !/aws_cloudwatch_log_metric_filter/.test(body.metric_name)) // no line is no error
    .filter(({ file, body }) => !(body.metric_name === "firing" && isToldFor(tree, file))) // once, not for each
    .map(({ at }) => `${at} is quiet when its figure does not come`);
}

function pinned(tree) {
  const bad = [];
  for (const { name, hcl } of tree.files) {
    for (const terraform of list(hcl.terraform))
      for (const providers of list(terraform.required_providers))
        for (const [provider, { version }] of Object.entries(providers))
          if (!/^=? ?\d+\.\d+\.\d+$/.test(version ?? "")) bad.push(`${name}: ${provider} is not one version`);
    for (const [id, calls] of Object.entries(hcl.module ?? {}))
      for (const { source } of calls)
        if (!source.startsWith("../")) bad.push(`${name}: module ${id} comes from elsewhere`);
  }
  return bad;
}

function described(tree) {
  return tree.files.flatMap(({ name, hcl }) =>
    ["variable", "output"].flatMap((kind) =>
      Object.entries(hcl[kind] ?? {})
        .filter(([, [body]]) => !body.description)
        .map(([id]) => `${name}: ${kind} ${id} has no description`),
    ),
  );
}

export const POLICIES = {
  no_public_address: noPublicAddress,
  no_open_ingress: noOpenIngress,
  egress_443_alone: egress443,
  encrypted,
  buckets_closed: bucketsClosed,
  zone_by_id: zoneById,
  no_secret: noSecret,
  session_metadata: sessionMetadata,
  no_ssh: noSsh,
  narrow_roles: narrowRoles,
  kept,
  silence_alarms: silenceAlarms,
  pinned,
  described,
};
