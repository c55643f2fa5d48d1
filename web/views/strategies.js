// Strategies.

import { StrategiesPanel } from "../components/strategies.js";
import { html } from "../vendor/preact-htm.js";

export function StrategiesView() {
  return html`<${StrategiesPanel} />`;
}
