// Venues in trouble now.

import { VenuesPanel } from "../components/venues.js";
import { html } from "../vendor/preact-htm.js";

export function AlertsView() {
  return html`<${VenuesPanel} />`;
}
