// Lets the venue make its authority and certificate in a folder, before the tests over TLS begin:
//   node authority.mjs DIR      DIR/ca.pem is for NODE_EXTRA_CA_CERTS
// Node reads that variable once, when it starts: so this runs before the tests, not in them.

import { resolve } from "node:path";
import { Venue } from "../venue/venue.mjs";

const dir = resolve(process.argv[2] ?? "build/test/clients-tls");
const venue = await Venue.start("--market", "none", "--tls", "--tls-dir", dir);
process.exitCode = await venue.stop();
