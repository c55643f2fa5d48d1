#!/usr/bin/env node
// deploy/sbom.mjs BUILD [OUT]   prints, or writes to OUT, what the image is made of, as CycloneDX 1.5: the
// program, the Debian packages of the libraries that it is linked with (ldd, dpkg), and what of npm is on the
// page (web/package-lock.json). Needs Debian: a library that no package owns is an error, not a gap.
// The same inputs give the same bytes; SOURCE_DATE_EPOCH, or the program's own time, is the document's.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
// htm's standalone file, which is what is served, has preact inside.
const BUNDLES = { properties: [{ name: "pitwall:bundles", value: "preact" }] };
const AUTHORITIES = "ca-certificates"; // copied into the image, linked with nothing

const run = (command, ...args) => execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const sha256 = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");

/** The files that the loader maps, by their real names. */
function librariesOf(program) {
  const said = run("ldd", program);
  if (said.includes("not found")) {
    throw new Error(`${program}: a library is not there:\n${said}`);
  }
  const names = [...said.matchAll(/(?:=>\s+)?(\/\S+)\s+\(0x/g)].map(([, name]) => name);
  return [...new Set(names.map((name) => realpathSync(name)))].sort();
}

/** dpkg knows a file by the name that its package was made with, before /lib became a link to /usr/lib. */
function packageOf(file) {
  for (const name of [file, file.replace(/^\/usr\/lib/, "/lib")]) {
    try {
      return run("dpkg-query", "-S", name).split(":")[0];
    } catch (error) {
      if (error.status !== 1) {
        throw error;
      }
    }
  }
  throw new Error(`${file} is of no Debian package`);
}

function debian(name, files) {
  const [version, arch, source] = run(
    "dpkg-query",
    ...["-W", "-f", "${Version}\\t${Architecture}\\t${source:Package}@${source:Version}\\n", name],
  )
    .split("\n")[0]
    .split("\t");
  const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}&distro=debian-12`;
  return {
    type: files.length > 0 ? "library" : "data",
    "bom-ref": purl,
    name,
    version,
    purl,
    properties: [
      { name: "debian:source", value: source },
      ...files.map((file) => ({ name: "pitwall:file", value: `${file} sha256:${sha256(file)}` })),
    ],
  };
}

function debianComponents(program) {
  const files = new Map([[AUTHORITIES, []]]);
  for (const file of librariesOf(program)) {
    const name = packageOf(file);
    files.set(name, [...(files.get(name) ?? []), file]);
  }
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, list]) => debian(name, list));
}

/** Of the lock file, all that is not for development only. `yaml` makes a page and is not on it. */
function npmComponents() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "web/package-lock.json"), "utf8"));
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== "" && !dev)
    .map(([path, { version, license, integrity }]) => {
      const name = path.replace(/^.*node_modules\//, "");
      const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
      const [, algorithm, base64] = /^(sha512)-(.+)$/.exec(integrity);
      return {
        type: "library",
        "bom-ref": purl,
        name,
        version,
        hashes: [{ alg: algorithm.replace("sha", "SHA-"), content: Buffer.from(base64, "base64").toString("hex") }],
        licenses: [{ license: { id: license } }],
        purl,
        scope: name === "yaml" ? "excluded" : "required",
        ...(name === "htm" ? BUNDLES : {}),
      };
    });
}

/** A UUID that follows from what is described. */
function serialOf(text) {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = ((parseInt(hex[16], 16) & 3) | 8).toString(16);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`];
  return `urn:uuid:${groups.join("-")}-${hex.slice(20, 32)}`;
}

export function sbom(build) {
  const program = join(build, "pitwall");
  const version = /^pitwall (\S+)/.exec(run(program, "version"))[1];
  const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? Math.floor(statSync(program).mtimeMs / 1000));
  const self = {
    type: "application",
    "bom-ref": "pitwall",
    name: "pitwall",
    version,
    hashes: [{ alg: "SHA-256", content: sha256(program) }],
    licenses: [{ license: { id: "Apache-2.0" } }],
  };
  const components = [...debianComponents(program), ...npmComponents()];
  const refs = components.map((component) => component["bom-ref"]);
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.5.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    serialNumber: serialOf(JSON.stringify([self, components])),
    version: 1,
    metadata: { timestamp: new Date(seconds * 1000).toISOString(), component: self },
    components,
    dependencies: [{ ref: "pitwall", dependsOn: refs }, ...refs.map((ref) => ({ ref }))],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [build, out] = process.argv.slice(2);
  if (!build) {
    console.error("usage: sbom.mjs BUILD [OUT]");
    process.exit(64);
  }
  writeFileSync(out ?? 1, `${JSON.stringify(sbom(build), null, 2)}\n`);
}
