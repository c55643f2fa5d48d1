// Requests, streams, alerts, audit, log.

import {
  counted,
  dashboard,
  figure,
  lines,
  LOG,
  logs,
  NONE_IS_WELL,
  OURS,
  perSecond,
  share,
  table,
} from "../panels.mjs";

export default dashboard({
  uid: "control-plane",
  title: "Control plane",
  description: "Requests, streams, alerts, audit: what people and programs use, and whether it is on record.",
  withLogs: true,
  panels: [
    figure(
      "Alerts firing",
      "Pages of the program's own. RUNBOOK: Alerts.",
      "none",
      `sum(pitwall_alert_firing{${OURS},severity="page",alert!="watchdog"})`,
      { width: 6, steps: NONE_IS_WELL },
    ),
    figure(
      "Alerts last judged",
      "Since nobody has looked: the alerts' own thread hangs above ten seconds.",
      "s",
      `time() - min(pitwall_alerts_last_evaluation_timestamp_seconds{${OURS}})`,
      {
        width: 6,
        steps: [
          [null, "green"],
          [10, "red"],
        ],
      },
    ),
    figure(
      "Newest signed head",
      "Age of the newest signed head of the audit. RUNBOOK: alert-anchor_late.",
      "s",
      `time() - min(pitwall_audit_anchor_timestamp_seconds{${OURS}})`,
      {
        width: 6,
        steps: [
          [null, "green"],
          [180, "red"],
        ],
      },
    ),
    figure(
      "Certificate",
      "Until it ends; no figure without TLS. RUNBOOK: The certificate ends.",
      "s",
      `min(pitwall_tls_certificate_expiry_timestamp_seconds{${OURS}}) - time()`,
      {
        width: 6,
        steps: [
          [null, "red"],
          [1814400, "green"],
        ],
      },
    ),
    lines(
      "Requests by answer",
      "Codes of the REST interface.",
      "reqps",
      [[perSecond("pitwall_http_requests_total", "code"), "{{code}}"]],
      { width: 12 },
    ),
    lines(
      "Requests by route",
      "The eight that are asked most.",
      "reqps",
      [[`topk(8, ${perSecond("pitwall_http_requests_total", "route")})`, "{{route}}"]],
      { width: 12 },
    ),
    lines(
      "Share of 5xx",
      "The objective is less than one in a thousand.",
      "percentunit",
      [
        [
          share(perSecond("pitwall_http_requests_total", "", ',code=~"5.."'), perSecond("pitwall_http_requests_total")),
          "5xx",
        ],
      ],
      {
        steps: [
          [null, "green"],
          [0.001, "red"],
        ],
      },
    ),
    lines("Refused", "401, 403 and 429: guesses, stale sessions, floods.", "reqps", [
      [perSecond("pitwall_http_requests_total", "code", ',code=~"401|403|429"'), "{{code}}"],
    ]),
    lines("Streams", "Open WebSocket streams.", "none", [[`sum(pitwall_ws_clients{${OURS}})`, "open"]]),
    lines(
      "Slow streams",
      "Frames of states that were left out, streams that were closed, topics taken up again.",
      "ops",
      [
        [perSecond("pitwall_ws_drops_total"), "left out"],
        [perSecond("pitwall_ws_laggards_total"), "closed"],
        [perSecond("pitwall_ws_resumes_total"), "taken up"],
      ],
    ),
    lines("TLS connections", "By listener, now.", "none", [
      [`sum by (listener) (pitwall_tls_connections{${OURS}})`, "{{listener}}"],
    ]),
    lines("TLS handshakes", "By what became of them.", "ops", [
      [perSecond("pitwall_tls_handshakes_total", "result"), "{{result}}"],
    ]),
    lines("Audit rows", "Committed in each second.", "ops", [
      [`sum(rate(pitwall_audit_sequence{${OURS}}[$__rate_interval]))`, "rows"],
    ]),
    table(
      "Alerts",
      "Places in which each fires now.",
      "none",
      `sum by (alert, severity) (pitwall_alert_firing{${OURS}}) > 0`,
      { width: 8 },
    ),
    lines(
      "Alerts lost or not on record",
      "Neither must happen.",
      "none",
      [
        [`sum(increase(pitwall_alerts_lost_total{${OURS}}[$__rate_interval]))`, "lost"],
        [`sum(increase(pitwall_alerts_not_audited_total{${OURS}}[$__rate_interval]))`, "not on record"],
      ],
      { steps: NONE_IS_WELL },
    ),
    counted("Lines by level", "Of the log.", "none", `sum by (level) (count_over_time(${LOG} [$__auto]))`, "{{level}}"),
    counted(
      "Errors by area",
      "Where they come from.",
      "none",
      `sum by (area) (count_over_time(${LOG} | level="error" [$__auto]))`,
      "{{area}}",
    ),
    logs("Warnings and errors", "Newest first.", `${LOG} | level=~"warn|error"`),
  ],
});
