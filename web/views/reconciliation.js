// Ours against the venue's.

import { ReconciliationPanel } from "../components/reconciliation.js";
import { AccountPanels } from "../components/venueaccount.js";
import { html } from "../vendor/preact-htm.js";

export function ReconciliationView() {
  return html`<${ReconciliationPanel} />
    <${AccountPanels} />`;
}
