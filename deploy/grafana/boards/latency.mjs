// From market data to an order, to the venue and back.

import { dashboard, figure, heat, lines, perSecond, quantile, share, three } from "../panels.mjs";

export default dashboard({
  uid: "latency",
  title: "Latency",
  description: "From market data to an order, to the venue and back. Buckets are powers of two from 250 ns.",
  panels: [
    figure(
      "Tick to order, p99",
      "From the receipt of market data to the order on the ring. RUNBOOK: alert-tick_to_order.",
      "s",
      quantile(0.99, "pitwall_tick_to_order_seconds"),
      {
        width: 6,
        steps: [
          [null, "green"],
          [0.00001, "orange"],
          [0.0001, "red"],
        ],
      },
    ),
    figure("Step, p99", "One step of the engine.", "s", quantile(0.99, "pitwall_engine_step_seconds"), { width: 6 }),
    figure(
      "Acknowledgement, p99",
      "From sending to the venue's acknowledgement: the round trip.",
      "s",
      quantile(0.99, "pitwall_order_ack_seconds"),
      {
        width: 6,
        steps: [
          [null, "green"],
          [0.1, "orange"],
          [1, "red"],
        ],
      },
    ),
    figure(
      "Fill, p99",
      "From sending to the execution; orders that rest are among them. RUNBOOK: alert-fill_latency.",
      "s",
      quantile(0.99, "pitwall_fill_latency_seconds"),
      { width: 6 },
    ),
    lines("Tick to order", "Half, 95 and 99 of 100 are faster.", "s", three("pitwall_tick_to_order_seconds"), {
      width: 12,
    }),
    heat("Tick to order, spread", "How many orders took how long.", "pitwall_tick_to_order_seconds"),
    lines("Step of the engine", "Half, 95 and 99 of 100 are faster.", "s", three("pitwall_engine_step_seconds"), {
      width: 12,
    }),
    heat("Steps, spread", "How many steps took how long.", "pitwall_engine_step_seconds"),
    lines(
      "Round trip to the venue",
      "From sending to the acknowledgement, by venue.",
      "s",
      three("pitwall_order_ack_seconds", ["venue"], " {{venue}}"),
      { width: 12 },
    ),
    heat("Acknowledgements, spread", "How many took how long.", "pitwall_order_ack_seconds"),
    lines(
      "Fills",
      "From sending to the execution, by venue.",
      "s",
      three("pitwall_fill_latency_seconds", ["venue"], " {{venue}}"),
      { width: 12 },
    ),
    heat("Fills, spread", "How many took how long.", "pitwall_fill_latency_seconds"),
    lines(
      "Share of orders within 8 us",
      "Of tick to order; the objective is 99 of 100.",
      "percentunit",
      [
        [
          share(
            perSecond("pitwall_tick_to_order_seconds_bucket", "", ',le="8e-06"'),
            perSecond("pitwall_tick_to_order_seconds_count"),
          ),
          "within",
        ],
      ],
      { width: 12, max: 1, min: 0 },
    ),
    lines(
      "How many were measured",
      "A percentile of few says little.",
      "ops",
      [
        [perSecond("pitwall_tick_to_order_seconds_count"), "orders by market data"],
        [perSecond("pitwall_order_ack_seconds_count"), "acknowledgements"],
        [perSecond("pitwall_fill_latency_seconds_count"), "fills"],
      ],
      { width: 12 },
    ),
  ],
});
