// A private authority of a test, by the openssl program: it issues certificates for servers and clients.

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";

function openssl(...args) {
  const done = spawnSync("openssl", args, { encoding: "utf8", timeout: 30000 });
  if (done.status !== 0) {
    throw new Error(`openssl ${args[0]}: ${done.stderr}`);
  }
  return done.stdout;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Makes the authority in `dir`. */
export class Authority {
  constructor(dir, name = "test authority") {
    this.dir = dir;
    this.file = join(dir, "ca.pem");
    openssl(
      ...["req", "-x509", ...NEW_KEY, "-keyout", join(dir, "ca.key"), "-out", this.file],
      ...["-subj", `/CN=${name}`, "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    );
    this.ca = readFileSync(this.file);
  }

  /** A certificate and its key, for localhost and loopback, as files and as bytes; `days` below 0: over. */
  issue(name, { use = "serverAuth", days = 30 } = {}) {
    const key = join(this.dir, `${name}.key`);
    const cert = join(this.dir, `${name}.pem`);
    const request = join(this.dir, `${name}.csr`);
    openssl(
      ...["req", ...NEW_KEY, "-keyout", key, "-out", request, "-subj", `/CN=${name}`],
      ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", `extendedKeyUsage=${use}`],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
    );
    openssl(
      ...["x509", "-req", "-in", request, "-out", cert, "-days", String(days), "-copy_extensions", "copyall"],
      ...["-CA", this.file, "-CAkey", join(this.dir, "ca.key")],
    );
    chmodSync(key, 0o600);
    return { name, certFile: cert, keyFile: key, cert: readFileSync(cert), key: readFileSync(key) };
  }
}

/** Puts what `pair` names where the server reads, the way it should be done: each file at once. */
export function install(pair, { certFile, keyFile }) {
  copyFileSync(pair.keyFile, `${keyFile}.new`);
  chmodSync(`${keyFile}.new`, 0o600);
  copyFileSync(pair.certFile, `${certFile}.new`);
  renameSync(`${keyFile}.new`, keyFile);
  renameSync(`${certFile}.new`, certFile);
}
