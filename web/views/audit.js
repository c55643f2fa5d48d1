// The audit trail: the newest rows as they come, and a search of all.

import { AuditPanel } from "../components/audit.js";
import { AuditSearchPanel } from "../components/audit_search.js";
import { html } from "../vendor/preact-htm.js";

export function AuditView() {
  return html`<${AuditPanel} />
    <${AuditSearchPanel} />`;
}
