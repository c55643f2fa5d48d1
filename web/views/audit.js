// The audit trail.

import { AuditPanel } from "../components/audit.js";
import { html } from "../vendor/preact-htm.js";

export function AuditView() {
  return html`<${AuditPanel} />`;
}
