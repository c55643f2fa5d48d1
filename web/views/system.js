// How the program itself does, and who may use it.

import { TokensPanel, UsersPanel } from "../components/accounts.js";
import { LatencyPanel } from "../components/latency.js";
import { SessionsPanel } from "../components/sessions.js";
import { SystemPanel } from "../components/system.js";
import { html } from "../vendor/preact-htm.js";

export function SystemView() {
  return html`<${SystemPanel} />
    <${LatencyPanel} />
    <${SessionsPanel} />
    <${UsersPanel} />
    <${TokensPanel} />`;
}
