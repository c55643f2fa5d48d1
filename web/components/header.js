// The top line: which instance, which mode, may it trade, is this page live, who is looking.

import { clockOff, serverNow } from "../clock.js";
import { ageText, clockText, countText, DASH, localClockText, zoneText, tradingStateText, uptimeText } from "../format.js";
import { page, stale } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { ActionButton } from "./parts.js";
import { worstVenue } from "./venues.js";

/** @type {Record<string, number>} */
const STRICTNESS = { ACTIVE: 0, REDUCING: 1, HALTED: 2 };

function tradingWords() {
  const firm = page.tradingStates.get("firm");
  if (!firm || STRICTNESS[firm.effective] === 2) {
    return { tone: firm ? "halted" : "unknown", text: tradingStateText(firm?.effective) };
  }
  const below = [...page.tradingStates.values()].filter(
    (row) => STRICTNESS[row.state] > STRICTNESS[firm.state],
  );
  const halted = below.filter((row) => row.state === "HALTED").length;
  const tone = firm.effective === "REDUCING" || below.length > 0 ? "reducing" : "active";
  const rest =
    halted > 0
      ? `, ${countText(halted)} of its scopes HALTED`
      : below.length > 0
        ? ", parts reducing"
        : "";
  return { tone, text: tradingStateText(firm.effective) + rest };
}

function Connection() {
  const stream = page.stream;
  const age =
    stream && Number.isFinite(stream.lastFrameAt) ? performance.now() - stream.lastFrameAt : null;
  const dead = stale();
  const words = !stream?.connected ? "no connection" : dead ? "silent" : "live";
  const reconnects = countText(Math.max(0, stream?.reconnects ?? 0));
  const refusal = stream?.refusal ? `, refused: ${stream.refusal}` : "";
  return html`<span
    class=${`connection ${dead ? "connection-dead" : ""}`}
    title=${`last frame ${ageText(age)} ago, ${countText(stream?.gaps ?? 0)} gaps repaired, ${reconnects} reconnects${refusal}`}
  >
    <span class="dot" aria-hidden="true"></span><span class="connection-words">${words}</span>
    <span class="connection-age">${ageText(age)}</span>
  </span>`;
}

/** @param {{label: string, value: string, title?: string, warn?: boolean, clock?: boolean}} props */
function Fact({ label, value, title, warn = false, clock = false }) {
  return html`<span class=${`fact ${warn ? "fact-warn" : ""} ${clock ? "fact-clock" : ""}`} title=${title}>
    <span class="fact-label">${label}</span><span class="fact-value">${value}</span>
  </span>`;
}

/** A recording plays; a venue is READY, BANNED, .. */
function MarketFact() {
  const venue = ["paper", "live"].includes(page.status?.mode ?? "") ? worstVenue() : null;
  return venue
    ? html`<${Fact} label="venue" value=${venue.text} warn=${venue.warn} title=${venue.title} />`
    : html`<${Fact} label="market" value=${page.status?.market?.state ?? DASH} />`;
}

function Facts() {
  const status = page.status;
  const sequences = `journal ${countText(status?.journal_seq)}, durable ${countText(status?.durable_seq)}, audit ${countText(status?.audit_seq)}`;
  const suspect = status !== null && status.storage !== "ok";
  return html`<div class="facts">
    <${MarketFact} />
    <${Fact} label="storage" value=${status?.storage ?? DASH} warn=${suspect} title=${sequences} />
    <${Fact}
      label="up"
      value=${uptimeText(status?.uptime_s)}
      title=${`version ${status?.version ?? DASH}`}
    />
    <${Fact} clock label="UTC" value=${clockText(serverNow())} />
    <${Fact} clock label="local" value=${localClockText(serverNow())} title=${`this browser's time, ${zoneText(serverNow())}`} />
  </div>`;
}

/** Every time on the page is the server's: whoever compares it with a watch of this machine must know. */
function ClockOff() {
  const off = clockOff();
  const way = off > 0 ? "ahead" : "behind";
  return off === 0
    ? null
    : html`<span class="chip chip-warn" data-test="clock-off" title="Times and ages on this page are by the server's clock"
        >${`This browser's clock is ${ageText(Math.abs(off))} ${way}`}</span
      >`;
}

/** @param {{onLogOut: () => void}} props */
export function Header({ onLogOut }) {
  const mode = page.status?.mode?.toUpperCase() ?? DASH;
  const trading = tradingWords();
  return html`<header class="top">
    <div class="brand"><span class="mark" aria-hidden="true"></span>Pitwall</div>
    <span class="mode" title="what the orders touch">${mode}</span>
    <span class="instance" title="the name of this desk">${page.status?.instance ?? DASH}</span>
    <p class=${`trading trading-${trading.tone}`} role="status" title=${trading.text} data-test="trading">
      ${stale() && page.status ? `Last known: ${trading.text}` : trading.text}
    </p>
    <${ClockOff} />
    <${Facts} />
    <${Connection} />
    <span class="who"
      ><b>${page.session?.user}</b> <span class="role">${page.session?.role}</span></span
    >
    <${ActionButton}
      action="logOut"
      kind="quiet"
      off=${stale() ? "No connection" : ""}
      onPress=${onLogOut}
    />
  </header>`;
}
