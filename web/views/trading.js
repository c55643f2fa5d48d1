// The order ticket, what is held and what works, for whoever trades by hand.

import { DepthPanel } from "../components/depth.js";
import { OrdersPanel } from "../components/orders.js";
import { PositionsPanel } from "../components/positions.js";
import { TicketPanel } from "../components/ticket.js";
import { html } from "../vendor/preact-htm.js";

export function TradingView() {
  return html`<${TicketPanel} />
    <${DepthPanel} />
    <${PositionsPanel} />
    <${OrdersPanel} />`;
}
