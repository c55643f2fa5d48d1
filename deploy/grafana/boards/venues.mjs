// Is each venue there, fresh, and does it take what we send.

import { dashboard, lines, LOG, logs, map, OURS, perSecond, quantile, share, states } from "../panels.mjs";

const CONNECTED = map({ 0: ["down", "red"], 1: ["connected", "green"] });

export default dashboard({
  uid: "venues",
  title: "Venues",
  description: "Is each venue there, fresh, honest about our position, and does it take what we send.",
  withLogs: true,
  panels: [
    states(
      "Connections",
      "Is the venue's market data running. RUNBOOK: Venue down.",
      [[`min by (venue) (pitwall_stream_connected{${OURS}})`, "{{venue}}"]],
      CONNECTED,
      { height: 6 },
    ),
    lines(
      "Age of market data",
      "Since the newest update of each book, by our clock and not by the exporter's.",
      "s",
      [
        [
          `time() - max by (venue, instrument) (pitwall_market_data_last_update_timestamp_seconds{${OURS}})`,
          "{{instrument}}",
        ],
      ],
      {
        steps: [
          [null, "green"],
          [5, "red"],
        ],
      },
    ),
    lines("Connections made anew", "How often in the interval.", "none", [
      [`sum by (venue) (increase(pitwall_stream_reconnects_total{${OURS}}[$__rate_interval]))`, "{{venue}}"],
    ]),
    lines("Clock of the venue", "Less ours. RUNBOOK: alert-clock_offset.", "s", [
      [`max by (venue) (pitwall_clock_offset_seconds{${OURS}})`, "{{venue}}"],
    ]),
    lines(
      "Drift of positions",
      "How far our count and the venue's differ. RUNBOOK: Position drift.",
      "percentunit",
      [[`max by (venue, instrument) (pitwall_position_drift_ratio{${OURS}})`, "{{instrument}}"]],
      {
        steps: [
          [null, "green"],
          [0.01, "red"],
        ],
      },
    ),
    lines("Orders sent", "By venue.", "ops", [[perSecond("pitwall_orders_sent_total", "venue"), "{{venue}}"]]),
    lines("Fills", "By venue.", "ops", [[perSecond("pitwall_fills_total", "venue"), "{{venue}}"]]),
    lines(
      "Share that the venue refuses",
      "Of the orders sent. RUNBOOK: alert-reject_ratio.",
      "percentunit",
      [
        [
          share(perSecond("pitwall_orders_rejected_total", "venue"), perSecond("pitwall_orders_sent_total", "venue")),
          "{{venue}}",
        ],
      ],
      {
        steps: [
          [null, "green"],
          [0.03, "red"],
        ],
      },
    ),
    lines(
      "Why it refuses",
      "Requests that were not taken, by class; late is a cancel that lost the race. RUNBOOK: alert-reject_ratio.",
      "ops",
      [[perSecond("pitwall_refusals_by_class_total", "class"), "{{class}}"]],
    ),
    lines("Round trip, p99", "From sending to the acknowledgement.", "s", [
      [quantile(0.99, "pitwall_order_ack_seconds", ["venue"]), "{{venue}}"],
    ]),
    lines("Books with a gap, frames refused", "What the decoder could not use.", "ops", [
      [perSecond("pitwall_sequence_gaps_total"), "gaps"],
      [perSecond("pitwall_frames_refused_total"), "frames"],
    ]),
    lines(
      "Surprises",
      "Reports that an order's state did not expect, and orders that a kill stopped in the gateway.",
      "none",
      [
        [`sum(increase(pitwall_order_anomalies_total{${OURS}}[$__rate_interval]))`, "anomalies"],
        [`sum(increase(pitwall_orders_unsent_total{${OURS}}[$__rate_interval]))`, "stopped by a kill"],
      ],
    ),
    lines("Market updates", "Handed to the engine.", "ops", [[perSecond("pitwall_market_updates_total"), "updates"]]),
    lines(
      "Messages used",
      "Share of the messages a second that may leave. RUNBOOK: alert-rate_budget.",
      "percentunit",
      [[`max by (scope) (pitwall_limit_used_ratio{${OURS},limit="max_messages_per_s"})`, "{{scope}}"]],
      {
        steps: [
          [null, "green"],
          [0.7, "orange"],
          [1, "red"],
        ],
      },
    ),
    logs(
      "What the gateways say",
      "Warnings and errors of connections and reconciliation.",
      `${LOG} | area="gateway" | level=~"warn|error"`,
    ),
  ],
});
