// testssl.sh looks at TLS from outside, on the main listener and the kill listener. Nothing of severity LOW or
// worse may be found but what EXPECTED says, and nothing but TLS 1.3 may be offered.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server, TLS } from "../api/server.mjs";
import { scan } from "./scanner.mjs";

const SEVERE = ["LOW", "MEDIUM", "HIGH", "CRITICAL"];
const SECONDS = 600;

/** What a certificate signed by itself for names of loopback cannot have, and what is no weakness here. */
const EXPECTED = [
  [/^cert_revocation$/, "no authority, so nobody who could revoke: who does not trust it any more removes it"],
  [/^cert_(ocspURL|crlDistributionPoints)$/, "the same"],
  [/^OCSP_stapling$/, "the same"],
  [/^DNS_CAArecord$/, "a record of the name's zone, which localhost does not have"],
  [/^BREACH$/, "asked of / only: a file, the same for everybody; answers with secrets go unpacked (reply.test.mjs)"],
];

const OLD = ["SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2"];

let server;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET, TLS) });
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

for (const listener of ["main", "kill"]) {
  test(`testssl.sh finds nothing on the ${listener} listener`, { timeout: (SECONDS + 30) * 1000 }, async (context) => {
    const file = join(scratch(), "found.json");
    const { port } = new URL(listener === "main" ? server.url : server.killUrl);
    const { said } = await scan(
      "testssl",
      [
        ...["--quiet", "--warnings", "off", "--color", "0", "--ip", "127.0.0.1", "--nodns", "min"],
        ...["--add-ca", join(server.dir, "tls/cert.pem"), "--jsonfile", file, `localhost:${port}`],
      ],
      { seconds: SECONDS },
    );
    const found = JSON.parse(readFileSync(file, "utf8"));
    const findings = new Map(found.map((row) => [row.id, row]));

    assert.equal(findings.get("scanProblem"), undefined, said);
    OLD.forEach((version) => assert.match(findings.get(version)?.finding ?? said, /^not offered/, version));
    assert.match(findings.get("TLS1_3")?.finding ?? said, /^offered/);
    const severe = found.filter((row) => SEVERE.includes(row.severity));
    const reasonOf = (row) => EXPECTED.find(([id]) => id.test(row.id))?.[1];
    context.diagnostic(`${listener}: ${found.length} findings, severe: ${severe.map((row) => row.id).join(" ")}`);
    assert.deepEqual(severe.filter((row) => !reasonOf(row)), []);
  });
}
