// Numbers as text: exact, padded, never rounded, and a dash for what is not known.

import assert from "node:assert/strict";
import test from "node:test";
import { changeText } from "../../web/audit_words.js";
import { clockTicks } from "../../web/charts.js";
import { csvOf } from "../../web/export.js";
import { denialText } from "../../web/orderform.js";
import * as format from "../../web/format.js";

test("a decimal is shown with every digit it came with", () => {
  assert.equal(format.decimalText("0.1234567890123456789"), "0.1234567890123456789");
  assert.equal(format.decimalText("90071992547409931"), "90071992547409931");
  assert.equal(format.decimalText("-12.5", 4), "-12.5000");
  assert.equal(format.decimalText("12.56789", 2), "12.56789");
  assert.equal(format.decimalText("007.50"), "7.50");
});

test("what is not known is a dash and never zero", () => {
  for (const unknown of [null, undefined, "", "NaN", "1e5", "1,000", {}, NaN]) {
    assert.equal(format.decimalText(unknown), format.DASH);
    assert.equal(format.percentText(unknown), format.DASH);
    assert.equal(format.decimalSubtract(unknown, "1"), null);
    assert.equal(format.decimalCompare("1", unknown), null);
  }
  assert.equal(format.countText(null), format.DASH);
  assert.equal(format.durationText(null), format.DASH);
  assert.equal(format.ageText(null), format.DASH);
  assert.equal(format.timeText(null), format.DASH);
  assert.equal(format.uptimeText(null), format.DASH);
});

test("a time of another day says which", () => {
  const ns = (iso) => `${Date.parse(iso)}000000`;
  const now = Date.parse("2026-11-28T07:42:22.500Z");
  assert.equal(format.whenText(ns("2026-11-28T00:00:01.250Z"), now), "00:00:01");
  assert.equal(format.whenText(ns("2026-11-28T00:00:01.250Z"), now, true), "00:00:01.250");
  assert.equal(format.whenText(ns("2026-11-27T23:59:59.999Z"), now), "27 Nov 23:59");
  assert.equal(format.whenText(ns("2026-11-27T23:59:59.999Z"), now, true), "27 Nov 23:59");
  assert.equal(format.whenText(ns("2025-11-28T07:42:22.500Z"), now), "28 Nov 2025");
  assert.equal(format.whenText(null, now), format.DASH);
});

test("the value of an order is an exact product", () => {
  assert.equal(format.decimalMultiply("0.015", "61675.9"), "925.1385");
  assert.equal(format.decimalMultiply("-2", "0.1"), "-0.2");
  assert.equal(format.decimalMultiply("0.1", null), null);
  assert.equal(format.decimalMultiply("3", "1e2"), null);
});

test("the spread is an exact difference", () => {
  assert.equal(format.decimalSubtract("65000.10", "65000.0"), "0.10");
  assert.equal(format.decimalSubtract("0.3", "0.1"), "0.2");
  assert.equal(format.decimalSubtract("99.99", "100"), "-0.01");
  assert.equal(
    format.decimalSubtract("90071992547409931.00000001", "90071992547409931"),
    "0.00000001",
  );
});

test("a multiple of a tick is told exactly", () => {
  assert.equal(format.decimalIsMultiple("65000.3", "0.1"), true);
  assert.equal(format.decimalIsMultiple("65000.30", "0.10"), true);
  assert.equal(format.decimalIsMultiple("65000.35", "0.1"), false);
  assert.equal(format.decimalIsMultiple("90071992547409931.00000003", "0.00000003"), false);
  assert.equal(format.decimalIsMultiple("7", "5"), false);
  assert.equal(format.decimalIsMultiple("10", "5"), true);
  for (const [value, step] of [["x", "1"], ["1", null], ["1", "0"]]) {
    assert.equal(format.decimalIsMultiple(value, step), false);
  }
});

test("decimals compare by value, not by spelling", () => {
  assert.equal(format.decimalCompare("1.50", "1.5"), 0);
  assert.equal(format.decimalCompare("9", "10"), -1);
  assert.equal(format.decimalCompare("-1", "-2"), 1);
  assert.equal(format.decimalSign("-0.00000001"), -1);
  assert.equal(format.decimalSign("0.000"), 0);
});

test("a ratio becomes percent by moving the point", () => {
  assert.equal(format.percentText("0.0125"), "1.25\u202f%");
  assert.equal(format.percentText("1"), "100\u202f%");
  assert.equal(format.percentText("0"), "0\u202f%");
  assert.equal(format.percentText("-0.3"), "-30\u202f%");
  assert.equal(format.percentText("0.00000001"), "0.000001\u202f%");
});

test("groups of digits join to the same text again", () => {
  const groups = format.decimalGroups("-1234567.890123", 2);
  assert.deepEqual(groups, { sign: "-", groups: ["1", "234", "567"], head: "89", tail: "0123" });
});

test("times of nanoseconds keep the millisecond", () => {
  assert.equal(format.timeText("1723075200123456789"), "00:00:00.123");
  assert.equal(format.dateTimeText("1723075200123456789"), "2024-08-08 00:00:00.123 UTC");
});

test("durations and ages pick a unit that reads well", () => {
  assert.equal(format.durationText("850"), "850\u202fns");
  assert.equal(format.durationText("12400"), "12.4\u202f\u00b5s");
  assert.equal(format.durationText("3080000"), "3.08\u202fms");
  assert.equal(format.durationText("2500000000"), "2.50\u202fs");
  assert.equal(format.durationTickText(2000), "2\u202f\u00b5s");
  assert.equal(format.ageText(240), "0.2\u202fs");
  assert.equal(format.ageText(14500), "14\u202fs");
  assert.equal(format.ageText(200000), "3\u202fmin");
});

test("places come from the tick", () => {
  assert.equal(format.decimalPlaces("0.10"), 1);
  assert.equal(format.decimalPlaces("5"), 0);
  assert.equal(format.decimalPlaces("0.00001"), 5);
  assert.equal(format.decimalPlaces(undefined), 0);
});

test("a change is told by what differs", () => {
  const change = changeText(
    { max_open_orders: 50, generation: 1 },
    { max_open_orders: 49, generation: 2 },
  );
  assert.equal(change, "max open orders 50 \u2192 49, generation 1 \u2192 2");
  assert.equal(changeText(null, { state: "HALTED", incident: null }), "state HALTED");
  const settings = { "audit.anchor_s": "30" };
  assert.equal(changeText({ "audit.anchor_s": "60" }, { version: 1, settings }), "audit.anchor_s 60 \u2192 30, version 1");
  assert.equal(changeText("pending", "applied"), "pending \u2192 applied");
  assert.equal(changeText(null, null), "");
  const diff = [{ name: "max_order_lots", old: 500, new: 900 }];
  assert.equal(
    changeText(null, { id: "A1", diff }),
    "id A1, max order lots 500 \u2192 900",
  );
});

test("a denial is told whole, its name once", () => {
  const of = (code, detail) => denialText({ code, detail });
  assert.equal(of("balance", "the balance does not cover it"), "Balance: the balance does not cover it");
  assert.equal(of("max_order_lots", "max_order_lots 9 > 5 of firm: lots"), "Max order lots: 9 > 5 of firm: lots");
  assert.match(of("self_match", "self_match it would trade with our own order"), /our own order; cancel that, or stop the strategy/);
  assert.match(of("reducing_only", "reducing_only by firm: only what shrinks a position may pass"), /what manual orders hold.*kill with Flatten/);
  assert.doesNotMatch(of("reducing_only", "reducing_only by firm: .."), /by firm/, "the firm may be ACTIVE");
});

test("a venue's short name tells sisters apart", () => {
  assert.equal(format.venueText("binance-usdm"), "usdm");
  assert.equal(format.venueText("sim"), "sim");
  assert.equal(format.venueText(undefined), format.DASH);
});

test("a price becomes the nearest tick, a half away from zero", () => {
  assert.equal(format.decimalRound("61657.35", "0.10"), "61657.4");
  assert.equal(format.decimalRound("-61657.35", "0.1"), "-61657.4");
  assert.equal(format.decimalRound("61657.349999999999999999", "0.1"), "61657.3");
  assert.equal(format.decimalRound("12.6", "5"), "15");
  assert.equal(format.decimalRound("12.6", "0.25"), "12.50");
  assert.equal(format.decimalRound("12.6", undefined), "12.6");
  assert.equal(format.decimalRound(null, "0.1"), null);
});

test("a file for a spreadsheet keeps every digit, and nothing in it is computed", () => {
  const samples = [
    { x: 0, values: [1, 2], texts: ["0.1234567890123456789", "-2"] },
    { x: 1000, values: [null, 3], texts: [null, "=1+1"] },
  ];
  const series = [{ label: "A, B", colour: "", sample: 0 }, { label: "C", colour: "", sample: 1 }];
  assert.equal(
    csvOf(samples, series),
    'time_utc,"A, B",C\n1970-01-01T00:00:00.000Z,0.1234567890123456789,-2\n1970-01-01T00:00:01.000Z,,\'=1+1\n',
  );
});

test("labels of a chart's time have room on a phone as on a wall", () => {
  const LABEL_PX = 60;
  for (const width of [140, 220, 290, 340, 700, 1400]) {
    for (const seconds of [7, 15, 24, 40, 100, 333, 900]) {
      const scale = { min: 1_700_000_003_000, max: 1_700_000_003_000 + seconds * 1000, width };
      clockTicks(scale);
      const at = scale.ticks.map(({ value }) => ((value - scale.min) * width) / (scale.max - scale.min));
      const nearest = Math.min(...at.slice(1).map((px, before) => px - at[before]));
      assert.ok(nearest >= LABEL_PX, `${seconds} s in ${width} px: labels ${nearest} px apart`);
      assert.ok(at.length <= 6, `${seconds} s in ${width} px: ${at.length} labels`);
    }
  }
});

test("a moment is told in UTC, in local time with its distance, and in nanoseconds", () => {
  const zone = process.env.TZ;
  process.env.TZ = "America/St_Johns";
  assert.equal(
    format.momentText("1790000000123456789"),
    "2026-09-21 14:13:20.123 UTC, 11:43:20 local (UTC-02:30), 1790000000123456789 ns",
  );
  process.env.TZ = "Asia/Kolkata";
  assert.equal(format.localClockText(1790000000123), "19:43:20");
  assert.equal(format.zoneText(1790000000123), "UTC+05:30");
  assert.equal(format.momentText(null), format.DASH);
  if (zone === undefined) {
    delete process.env.TZ;
  } else {
    process.env.TZ = zone;
  }
});
