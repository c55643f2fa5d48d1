// What pages people, who has it, the hand-over, and venues in trouble.

import { AlertsPanel } from "../components/alerts.js";
import { VenuesPanel } from "../components/venues.js";
import { html } from "../vendor/preact-htm.js";

export function AlertsView() {
  return html`<${AlertsPanel} />
    <${VenuesPanel} />`;
}
