// Makes a private authority and a certificate of 127.0.0.1 and localhost in a folder:
//   node ca.mjs DIR      DIR/ca.pem, DIR/cert.pem, DIR/key.pem
// Node reads NODE_EXTRA_CA_CERTS once, when it starts: so this runs before the tests, not in them.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const EXTENSIONS = `basicConstraints=critical,CA:FALSE
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1
`;

const dir = resolve(process.argv[2] ?? "build/clients-tls");
const openssl = (...args) => execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

if (!["ca.pem", "cert.pem", "key.pem"].every((name) => existsSync(`${dir}/${name}`))) {
  mkdirSync(dir, { recursive: true });
  writeFileSync(`${dir}/extensions`, EXTENSIONS);
  openssl("req", "-x509", ...newKey, "-days", "30", "-subj", "/CN=pitwall tests", "-keyout", "ca.key", "-out", "ca.pem");
  openssl("req", ...newKey, "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "request.pem");
  openssl(
    ...["x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
    ...["-days", "30", "-extfile", "extensions", "-out", "cert.pem"],
  );
  ["ca.key", "ca.srl", "request.pem", "extensions"].forEach((name) => rmSync(`${dir}/${name}`, { force: true }));
}
