// All that a glance must tell: may it trade, what is held, what was made, is everything well.

import { LastAlerts } from "../components/alerts.js";
import { LimitUsePanel } from "../components/exposure.js";
import { LatencyPanel } from "../components/latency.js";
import { PnlPanel } from "../components/pnl.js";
import { PositionsPanel } from "../components/positions.js";
import { ScopesPanel } from "../components/states.js";
import { VenuesPanel } from "../components/venues.js";
import { html } from "../vendor/preact-htm.js";

export function OverviewView() {
  return html`<${ScopesPanel} />
    <${VenuesPanel} />
    <${LastAlerts} />
    <${PnlPanel} />
    <${LimitUsePanel} />
    <${PositionsPanel} />
    <${LatencyPanel} />`;
}
