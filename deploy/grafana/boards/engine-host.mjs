// Does the engine have its core, does the disk follow, does the host disturb.

import { dashboard, figure, HOSTS, lines, NONE_IS_WELL, OURS, perSecond, three } from "../panels.mjs";

export default dashboard({
  uid: "engine-host",
  title: "Engine and host",
  description:
    "Does the engine have its core, does the disk follow, does the host disturb. The host's own figures are those of " +
    "the node exporter, with --collector.interrupts.",
  host: true,
  panels: [
    figure(
      "Journal behind",
      "Records that are not on disk yet. RUNBOOK: alert-journal_late.",
      "none",
      `max(pitwall_journal_sequence{${OURS}} - pitwall_journal_durable_sequence{${OURS}})`,
      { width: 6 },
    ),
    figure(
      "Storage suspect",
      "1 after a failed write or sync. RUNBOOK: Storage is suspect.",
      "none",
      `max(pitwall_storage_suspect{${OURS}})`,
      { width: 6, steps: NONE_IS_WELL },
    ),
    figure("Free room", "Of the data directory's file system.", "bytes", `min(pitwall_storage_free_bytes{${OURS}})`, {
      width: 6,
    }),
    figure(
      "Restarts in an hour",
      "Counters that began anew. RUNBOOK: alert-restart_loop.",
      "none",
      `max(resets(pitwall_market_updates_total{${OURS}}[1h]))`,
      {
        width: 6,
        steps: [
          [null, "green"],
          [1, "orange"],
          [3, "red"],
        ],
      },
    ),
    lines("Step of the engine", "Half, 95 and 99 of 100 are faster.", "s", three("pitwall_engine_step_seconds")),
    lines("Steps", "The engine's work in each second.", "ops", [
      [perSecond("pitwall_engine_step_seconds_count"), "steps"],
    ]),
    lines(
      "Engine busy",
      "Share of a second that went into steps.",
      "percentunit",
      [[perSecond("pitwall_engine_step_seconds_sum"), "busy"]],
      { min: 0 },
    ),
    lines("Rings", "Bytes that wait; the orders' ring is the one that costs money.", "bytes", [
      [`max by (ring, gateway) (pitwall_ring_depth{${OURS}})`, "{{ring}} {{gateway}}"],
    ]),
    lines(
      "Readers overtaken",
      "A reader of the engine's events missed some.",
      "none",
      [[`sum by (ring) (increase(pitwall_ring_overflows_total{${OURS}}[$__rate_interval]))`, "{{ring}}"]],
      { steps: NONE_IS_WELL },
    ),
    lines("Journal", "Records a second, said and on disk.", "ops", [
      [`sum(rate(pitwall_journal_sequence{${OURS}}[$__rate_interval]))`, "said"],
      [`sum(rate(pitwall_journal_durable_sequence{${OURS}}[$__rate_interval]))`, "on disk"],
    ]),
    lines(
      "Use of each core",
      "The engine's shows 100 % when it spins: that is as it should be.",
      "percentunit",
      [[`1 - avg by (cpu) (rate(node_cpu_seconds_total{${HOSTS},mode="idle"}[$__rate_interval]))`, "cpu {{cpu}}"]],
      { width: 12, min: 0, max: 1 },
    ),
    lines(
      "Run delay",
      "Time that something waited for each core while it could have run; on the engine's core there should be none.",
      "percentunit",
      [[`sum by (cpu) (rate(node_schedstat_waiting_seconds_total{${HOSTS}}[$__rate_interval]))`, "cpu {{cpu}}"]],
      { width: 12 },
    ),
    lines(
      "Interrupts",
      "By core; those on the engine's core are disturbances.",
      "ops",
      [[`sum by (cpu) (rate(node_interrupts_total{${HOSTS}}[$__rate_interval]))`, "cpu {{cpu}}"]],
      { width: 12 },
    ),
    lines(
      "Stolen time",
      "Taken by the machine below: nothing on this host can mend it.",
      "percentunit",
      [[`avg by (cpu) (rate(node_cpu_seconds_total{${HOSTS},mode="steal"}[$__rate_interval]))`, "cpu {{cpu}}"]],
      { width: 12 },
    ),
    lines("Disk busy", "Share of a second in which it worked.", "percentunit", [
      [`max by (device) (rate(node_disk_io_time_seconds_total{${HOSTS}}[$__rate_interval]))`, "{{device}}"],
    ]),
    lines("Memory", "What can be had without swapping.", "bytes", [
      [`min(node_memory_MemAvailable_bytes{${HOSTS}})`, "available"],
    ]),
    lines("Clock", "The kernel's estimate of its own error.", "s", [
      [`max(abs(node_timex_offset_seconds{${HOSTS}}))`, "offset"],
    ]),
  ],
});
