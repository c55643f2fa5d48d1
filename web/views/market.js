// The market: top of book of each instrument, and depth and trades of the chosen one.

import { DepthPanel } from "../components/depth.js";
import { MarketPanel } from "../components/market.js";
import { TapePanel } from "../components/tape.js";
import { html } from "../vendor/preact-htm.js";

export function MarketView() {
  return html`<${MarketPanel} />
    <${DepthPanel} />
    <${TapePanel} />`;
}
