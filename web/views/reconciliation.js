// Ours against the venue's.

import { ReconciliationPanel } from "../components/reconciliation.js";
import { html } from "../vendor/preact-htm.js";

export function ReconciliationView() {
  return html`<${ReconciliationPanel} />`;
}
