// Trading state of each scope, and what each kill did.

import { IncidentPanel } from "../components/incident.js";
import { OtherWaysPanel } from "../components/killways.js";
import { ReceiptsPanel } from "../components/receipts.js";
import { StatesPanel } from "../components/states.js";
import { html } from "../vendor/preact-htm.js";

export function KillView() {
  return html`<${StatesPanel} />
    <${ReceiptsPanel} />
    <${IncidentPanel} />
    <${OtherWaysPanel} />`;
}
