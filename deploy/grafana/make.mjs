// node deploy/grafana/make.mjs [FOLDER]   writes the dashboards, dashboards/*.json, from boards/*.mjs. They are made,
// not clicked together: a panel is a line there, its place and its variables follow. Whoever changes one in Grafana
// brings the change back there.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import controlPlane from "./boards/control-plane.mjs";
import engineHost from "./boards/engine-host.mjs";
import latency from "./boards/latency.mjs";
import trading from "./boards/trading.mjs";
import venues from "./boards/venues.mjs";

const folder = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), "dashboards");
mkdirSync(folder, { recursive: true });
const all = { trading, latency, venues, "engine-host": engineHost, "control-plane": controlPlane };
for (const [name, content] of Object.entries(all)) {
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`);
}
