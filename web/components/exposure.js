// How near everything is to its limit: one bar each, the nearest first.
//
// Use moves with the market while the limits stay, so it is asked for, not streamed: its age is its own.

import { limitsUseRead } from "../api.js";
import { ageText, DASH, decimalCompare, decimalText, nameText, scopeText, valueText } from "../format.js";
import { page, stale } from "../state.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { Panel } from "./parts.js";

/** @import { Limits } from "../types/shapes.js" */

/** @typedef {{scope: string, name: string, used: string | null, limit: unknown}} Use */

const READ_MS = 2000;
const OLD_MS = 5000;
const SHOWN = 14;
const NEAR = "80";
const FULL = "100";

/** Of these something stays in use as long as there are positions: without a figure it is not known. */
const SUMS = ["max_gross_notional", "max_net_notional", "max_daily_loss", "max_drawdown_ratio"];

/**
 * What is not known first, for it may be anything; then the nearest to its limit. Limits on single orders
 * have no use that stays.
 * @param {Limits[]} rows
 * @returns {Use[]}
 */
export function usesByNearness(rows) {
  const uses = rows.flatMap((row) =>
    Object.entries(row.used_percent ?? {}).flatMap(([name, used]) =>
      used === null && (!SUMS.includes(name) || row.limits[name] === null)
        ? []
        : [{ scope: row.scope, name, used, limit: row.limits[name] }],
    ),
  );
  return uses.sort((a, b) =>
    a.used === null || b.used === null
      ? Number(b.used === null) - Number(a.used === null)
      : (decimalCompare(b.used, a.used) ?? 0),
  );
}

/** @param {string | null} used per cent */
function tone(used) {
  if (used === null) {
    return "use-unknown";
  }
  if ((decimalCompare(used, FULL) ?? 0) >= 0) {
    return "use-full";
  }
  return (decimalCompare(used, NEAR) ?? 0) >= 0 ? "use-near" : "use-far";
}

/** @type {Record<string, string>} */
const TONE_WORDS = { "use-full": "reached", "use-near": "near", "use-far": "", "use-unknown": "unknown" };

/** @param {{use: Use}} props */
function UseRow({ use }) {
  const look = tone(use.used);
  const width = (decimalCompare(use.used, FULL) ?? 0) > 0 ? FULL : (use.used ?? "0");
  return html`<li class=${`use ${look}`} data-use=${`${use.scope} ${use.name}`}>
    <span class="use-name">${nameText(use.name)} <span class="use-scope minor">${scopeText(use.scope)}</span></span>
    <span class="use-bar" aria-hidden="true"><span style=${{ width: `${width}%` }}></span></span>
    <span class="use-value num" title=${`limit ${valueText(use.limit)}`}>${use.used === null ? DASH : `${decimalText(use.used)} %`}</span>
    <span class="use-words">${TONE_WORDS[look]}</span>
  </li>`;
}

/** @param {{at: number}} props of the page's monotonic clock */
function Age({ at }) {
  const age = performance.now() - at;
  return html`<span class=${`minor ${age > OLD_MS ? "age-late" : ""}`} data-test="use-age">${`asked ${ageText(age)} ago`}</span>`;
}

export function LimitUsePanel() {
  const [seen, setSeen] = useState(/** @type {{uses: Use[], at: number} | null} */ (null));

  useEffect(() => {
    let ended = false;
    async function load() {
      const at = performance.now(); // what comes is at least so old
      const answer = await limitsUseRead();
      if (!ended && answer.body) {
        const uses = usesByNearness(answer.body.items).slice(0, SHOWN);
        setSeen((held) => (held && held.at > at ? held : { uses, at }));
      }
    }
    load();
    const timer = setInterval(load, READ_MS);
    return () => {
      ended = true;
      clearInterval(timer);
    };
  }, []);

  const uses = seen?.uses ?? [];
  const old = seen !== null && (stale() || performance.now() - seen.at > OLD_MS);
  return html`<${Panel} id="limit-use" title="Nearest to their limits" topic="limits" extra=${seen ? html`<${Age} at=${seen.at} />` : null}>
    <ul class=${`uses ${old ? "is-stale" : ""}`}>
      ${uses.map((use) => html`<${UseRow} key=${`${use.scope} ${use.name}`} use=${use} />`)}
    </ul>
    ${uses.length === 0 ? html`<p class="nothing">${seen ? "Nothing is in use" : page.status ? "Asking\u2026" : "Waiting for data\u2026"}</p>` : null}
  <//>`;
}
