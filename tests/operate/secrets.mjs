// Secrets as a volume of Kubernetes has them: root's, readable by the group, each behind two links, so that all are
// exchanged at once.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const METRICS_TOKEN = "0123456789abcdef0123456789abcdef";

/** An authority (ca.crt, ca.key) and a certificate of its for `names`, in `folder`; needs openssl. */
export function makeCertificate(folder, name, names) {
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const openssl = (...args) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  openssl("req", "-x509", ...curve, "-days", "2", "-subj", "/CN=test", "-keyout", "ca.key", "-out", "ca.crt");
  const files = ["-keyout", `${name}.key`, "-out", `${name}.csr`];
  openssl("req", ...curve, "-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`, ...files);
  openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
    "-copy_extensions", "copyall", "-out", `${name}.crt`);
}

/** A folder with tls.crt, tls.key, ca.crt and metrics-token. `mode` is that of the files. */
export function secretsAsMounted(folder, mode = 0o440) {
  const real = join(folder, "..2026_11_28");
  mkdirSync(real);
  makeCertificate(real, "tls", "DNS:localhost,IP:127.0.0.1");
  writeFileSync(join(real, "metrics-token"), `${METRICS_TOKEN}\n`);
  writeFileSync(join(real, "venue-key"), '{"key":"k","secret":"s"}\n');
  symlinkSync("..2026_11_28", join(folder, "..data"));
  for (const name of ["tls.crt", "tls.key", "ca.crt", "metrics-token", "venue-key"]) {
    chmodSync(join(real, name), mode);
    symlinkSync(join("..data", name), join(folder, name));
  }
  return folder;
}
