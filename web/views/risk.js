// Limits.

import { LimitsPanel } from "../components/limits.js";
import { html } from "../vendor/preact-htm.js";

export function RiskView() {
  return html`<${LimitsPanel} />`;
}
