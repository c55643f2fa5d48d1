// How the program itself does.

import { LatencyPanel } from "../components/latency.js";
import { html } from "../vendor/preact-htm.js";

export function SystemView() {
  return html`<${LatencyPanel} />`;
}
