// Limits: how near everything is, what is in force, what was.

import { LimitUsePanel } from "../components/exposure.js";
import { LimitsPanel } from "../components/limits.js";
import { LimitsPastPanel } from "../components/limits_past.js";
import { html } from "../vendor/preact-htm.js";

export function RiskView() {
  return html`<${LimitsPanel} />
    <${LimitUsePanel} />
    <${LimitsPastPanel} />`;
}
