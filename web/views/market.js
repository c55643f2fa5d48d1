// The market: top of book of each instrument, and the depth of the chosen one.

import { DepthPanel } from "../components/depth.js";
import { MarketPanel } from "../components/market.js";
import { html } from "../vendor/preact-htm.js";

export function MarketView() {
  return html`<${MarketPanel} />
    <${DepthPanel} />`;
}
