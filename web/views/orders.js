// Orders and fills.

import { OrdersPanel } from "../components/orders.js";
import { html } from "../vendor/preact-htm.js";

export function OrdersView() {
  return html`<${OrdersPanel} />`;
}
