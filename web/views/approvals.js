// Changes that wait for a second person.

import { ApprovalsPanel } from "../components/approvals.js";
import { html } from "../vendor/preact-htm.js";

export function ApprovalsView() {
  return html`<${ApprovalsPanel} />`;
}
