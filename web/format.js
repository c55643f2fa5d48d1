// The only place that turns values into text.
//
// A decimal (price, quantity, money, ratio) arrives as a JSON string and is never made a Number here:
// comparing, subtracting and padding work on digits with BigInt, so what the desk reads is what the
// engine holds. Unknown (null, undefined, not a decimal) is a dash and never 0. Times arrive as strings
// of nanoseconds since the epoch and are shown in UTC; a title adds local time and the nanoseconds.

export const DASH = "\u2014";
const MINUS = "-";
const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/;

/**
 * @param {unknown} value
 * @returns {{negative: boolean, whole: string, fraction: string} | null}
 */
export function decimalParts(value) {
  if (typeof value !== "string" && typeof value !== "number") {
    return null;
  }
  const match = DECIMAL.exec(String(value));
  if (!match) {
    return null;
  }
  const whole = match[2].replace(/^0+(?=\d)/, "");
  return { negative: match[1] === MINUS, whole, fraction: match[3] ?? "" };
}

/** @param {unknown} value */
export function isDecimal(value) {
  return decimalParts(value) !== null;
}

/**
 * The value as an integer of 10^-places.
 * @param {{negative: boolean, whole: string, fraction: string}} parts
 * @param {number} places
 */
function scaled(parts, places) {
  const magnitude = BigInt(parts.whole + parts.fraction.padEnd(places, "0"));
  return parts.negative ? -magnitude : magnitude;
}

/**
 * @param {bigint} value in units of 10^-places
 * @param {number} places
 */
function unscaled(value, places) {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places);
  return (value < 0n ? MINUS : "") + whole + (places > 0 ? "." + fraction : "");
}

/**
 * -1, 0 or 1; null when either is unknown.
 * @param {unknown} left
 * @param {unknown} right
 */
export function decimalCompare(left, right) {
  const a = decimalParts(left);
  const b = decimalParts(right);
  if (!a || !b) {
    return null;
  }
  const places = Math.max(a.fraction.length, b.fraction.length);
  const x = scaled(a, places);
  const y = scaled(b, places);
  return x < y ? -1 : x > y ? 1 : 0;
}

/**
 * A column as integers of one unit, exact: what it is sorted by. null where a value is unknown.
 * @param {unknown[]} values
 * @returns {(bigint | null)[]}
 */
export function decimalColumn(values) {
  const column = values.map(decimalParts);
  const places = column.reduce((most, parts) => Math.max(most, parts?.fraction.length ?? 0), 0);
  return column.map((parts) => parts && scaled(parts, places));
}

/**
 * left - right, exact; null when either is unknown.
 * @param {unknown} left
 * @param {unknown} right
 */
export function decimalSubtract(left, right) {
  const a = decimalParts(left);
  const b = decimalParts(right);
  if (!a || !b) {
    return null;
  }
  const places = Math.max(a.fraction.length, b.fraction.length);
  return unscaled(scaled(a, places) - scaled(b, places), places);
}

/**
 * left * right, exact; null when either is unknown.
 * @param {unknown} left
 * @param {unknown} right
 */
export function decimalMultiply(left, right) {
  const a = decimalParts(left);
  const b = decimalParts(right);
  if (!a || !b) {
    return null;
  }
  const [x, y] = [a.fraction.length, b.fraction.length];
  return unscaled(scaled(a, x) * scaled(b, y), x + y);
}

/**
 * Is the value a whole number of steps? False when either is unknown or the step is 0.
 * @param {unknown} value
 * @param {unknown} step a tick or lot size
 */
export function decimalIsMultiple(value, step) {
  const a = decimalParts(value);
  const b = decimalParts(step);
  if (!a || !b || decimalSign(step) === 0) {
    return false;
  }
  const places = Math.max(a.fraction.length, b.fraction.length);
  return scaled(a, places) % scaled(b, places) === 0n;
}

/**
 * The multiple of the step that is nearest, a half away from zero: what a price means where only ticks
 * trade. As it came when either is unknown or the step is 0.
 * @param {unknown} value
 * @param {unknown} step a tick size
 */
export function decimalRound(value, step) {
  const a = decimalParts(value);
  const b = decimalParts(step);
  if (!a || !b || decimalSign(step) === 0) {
    return value;
  }
  const places = Math.max(a.fraction.length, b.fraction.length);
  const [amount, unit] = [scaled(a, places), scaled(b, places)];
  const half = amount < 0n ? -unit / 2n : unit / 2n;
  const text = unscaled(((amount + half) / unit) * unit, places);
  const dropped = places - decimalPlaces(step);
  return dropped > 0 ? text.slice(0, -dropped).replace(/\.$/, "") : text;
}

/** @param {unknown} value */
export function decimalSign(value) {
  return decimalCompare(value, "0");
}

/**
 * How many decimals a tick or lot size needs: "0.10" -> 1, "5" -> 0.
 * @param {unknown} step
 */
export function decimalPlaces(step) {
  return decimalParts(step)?.fraction.replace(/0+$/, "").length ?? 0;
}

/**
 * The decimal with zeros added up to `places`, so that a column lines up. Never cuts a digit.
 * @param {unknown} value
 * @param {number} [places]
 */
export function decimalText(value, places = 0) {
  const parts = decimalParts(value);
  if (!parts) {
    return DASH;
  }
  const fraction = parts.fraction.padEnd(places, "0");
  return (parts.negative ? MINUS : "") + parts.whole + (fraction ? "." + fraction : "");
}

/**
 * A ratio as percent by moving the point, exact: "0.0125" -> "1.25 %".
 * @param {unknown} ratio
 */
export function percentText(ratio) {
  const parts = decimalParts(ratio);
  if (!parts) {
    return DASH;
  }
  const fraction = parts.fraction.padEnd(2, "0");
  const whole = (parts.whole + fraction.slice(0, 2)).replace(/^0+(?=\d)/, "");
  const rest = fraction.slice(2).replace(/0+$/, "");
  return (parts.negative ? MINUS : "") + whole + (rest ? "." + rest : "") + "\u202f%";
}

/**
 * Splits decimal text for display: groups of three in the whole part (spaced by the style sheet, so that
 * copied text stays a plain number) and a head and a tail of the fraction (the tail is dimmed).
 * @param {string} text
 * @param {number} bright digits of the fraction that stay bright
 */
export function decimalGroups(text, bright) {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) {
    return null;
  }
  const groups = [];
  for (let end = match[2].length; end > 0; end -= 3) {
    groups.unshift(match[2].slice(Math.max(0, end - 3), end));
  }
  const fraction = match[3] ?? "";
  return { sign: match[1], groups, head: fraction.slice(0, bright), tail: fraction.slice(bright) };
}

/** A decimal for words: groups of three by a narrow space that does not break. @param {unknown} value */
export function decimalWords(value) {
  const parts = decimalGroups(decimalText(value), Infinity);
  return parts ? parts.sign + parts.groups.join("\u202f") + (parts.head && `.${parts.head}`) : DASH;
}

/** @param {unknown} count an integer @returns {string} */
export function countText(count) {
  return typeof count === "number" && Number.isFinite(count) ? String(count) : DASH;
}

/** @param {unknown} id @returns {string} */
export function idText(id) {
  return id === null || id === undefined || id === "" ? DASH : String(id);
}

/** @param {unknown} ns nanoseconds, a string of digits or a number @returns {bigint | null} */
function nanoseconds(ns) {
  if (typeof ns === "number" && Number.isFinite(ns)) {
    return BigInt(Math.round(ns));
  }
  return typeof ns === "string" && /^-?\d+$/.test(ns) ? BigInt(ns) : null;
}

/**
 * Nanoseconds as a JavaScript number of milliseconds, for ages and for a chart's x axis only.
 * @param {unknown} ns
 * @returns {number | null}
 */
export function millisecondsOf(ns) {
  const value = nanoseconds(ns);
  return value === null ? null : Number(value / 1000n) / 1000;
}

/**
 * A duration at three significant digits: 850 ns, 12.4 µs, 3.08 ms, 2.50 s.
 * @param {unknown} ns
 * @returns {string}
 */
export function durationText(ns) {
  const value = nanoseconds(ns);
  if (value === null) {
    return DASH;
  }
  const amount = Number(value);
  for (const [unit, size] of /** @type {[string, number][]} */ ([
    ["s", 1e9],
    ["ms", 1e6],
    ["\u00b5s", 1e3],
  ])) {
    if (Math.abs(amount) >= size) {
      const scaledAmount = amount / size;
      return `${scaledAmount.toFixed(scaledAmount >= 100 ? 0 : scaledAmount >= 10 ? 1 : 2)}\u202f${unit}`;
    }
  }
  return `${amount.toFixed(0)}\u202fns`;
}

/** A duration on an axis, without the zeros. @param {number} ns @returns {string} 500 ns, 2 µs */
export function durationTickText(ns) {
  return durationText(ns).replace(/\.0+(?=\D)/, "");
}

/**
 * An age, short and of steady width: 0.2 s, 14 s, 3 min, 2 h, 4 d.
 * @param {number | null | undefined} ms
 * @returns {string}
 */
export function ageText(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) {
    return DASH;
  }
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) {
    return `${(Math.floor(seconds * 10) / 10).toFixed(1)}\u202fs`;
  }
  if (seconds < 120) {
    return `${Math.floor(seconds)}\u202fs`;
  }
  if (seconds < 7200) {
    return `${Math.floor(seconds / 60)}\u202fmin`;
  }
  return seconds < 172800
    ? `${Math.floor(seconds / 3600)}\u202fh`
    : `${Math.floor(seconds / 86400)}\u202fd`;
}

/** @param {number | null | undefined} seconds @returns {string} uptime, h:mm:ss */
export function uptimeText(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) {
    return DASH;
  }
  const whole = Math.floor(seconds);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** @param {unknown} ns since the epoch @returns {string} UTC time of day with milliseconds */
export function timeText(ns) {
  const ms = millisecondsOf(ns);
  return ms === null ? DASH : new Date(ms).toISOString().slice(11, 23);
}

/**
 * A time in a list: that of another day than today's says which day it is of.
 * @param {unknown} ns since the epoch
 * @param {number} now ms since the epoch
 * @param {boolean} [exact] with milliseconds
 * @returns {string} UTC: 07:42:22 today, 27 Nov 07:42 this year, 27 Nov 2025
 */
export function whenText(ns, now, exact = false) {
  const ms = millisecondsOf(ns);
  if (ms === null) {
    return DASH;
  }
  const [at, today] = [ms, now].map((time) => new Date(time).toUTCString());
  if (at.slice(0, 16) === today.slice(0, 16)) {
    return timeText(ns).slice(0, exact ? 12 : 8);
  }
  const isThisYear = at.slice(12, 16) === today.slice(12, 16);
  return at.slice(5, 12) + (isThisYear ? at.slice(17, 22) : at.slice(12, 16));
}

/** For files: 2026-01-31T12:00:00.000Z @param {number} ms */
export function isoText(ms) {
  return new Date(ms).toISOString();
}

/** @param {number} ms since the epoch @returns {string} UTC time of day */
export function clockText(ms) {
  return new Date(ms).toISOString().slice(11, 19);
}

/** @param {number} value */
function twoDigits(value) {
  return String(value).padStart(2, "0");
}

/** @param {number} ms since the epoch @returns {string} time of day where this browser is */
export function localClockText(ms) {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(":");
}

/** How far local time is ahead of UTC then. @param {number} ms since the epoch @returns {string} UTC+01:00 */
export function zoneText(ms) {
  const minutes = -new Date(ms).getTimezoneOffset();
  const ahead = Math.abs(minutes);
  return `UTC${minutes < 0 ? MINUS : "+"}${twoDigits(Math.floor(ahead / 60))}:${twoDigits(ahead % 60)}`;
}

/** @param {unknown} ns since the epoch @returns {string} for a title: in UTC, in local time, and as it came */
export function momentText(ns) {
  const ms = millisecondsOf(ns);
  return ms === null ? DASH : `${dateTimeText(ns)}, ${localClockText(ms)} local (${zoneText(ms)}), ${ns} ns`;
}

/** @param {unknown} ns since the epoch @returns {string} UTC date and time */
export function dateTimeText(ns) {
  const ms = millisecondsOf(ns);
  return ms === null ? DASH : new Date(ms).toISOString().replace("T", " ").replace("Z", " UTC");
}

/**
 * A number that exists only as a pixel position (axis ticks of a chart).
 * @param {number} value
 * @param {number} step distance of two ticks, decides the decimals
 * @returns {string}
 */
export function axisText(value, step) {
  const places = step > 0 ? Math.min(8, Math.max(0, Math.ceil(-Math.log10(step)))) : 2;
  return value.toFixed(places);
}

/** A coordinate of a drawing. @param {number} value @returns {string} */
export function pixelText(value) {
  return value.toFixed(1);
}

/** A part of a whole as the width of a bar. @param {number} part @param {number} whole @returns {string} */
export function shareText(part, whole) {
  return `${whole > 0 ? Math.min(100, (part / whole) * 100).toFixed(1) : 0}%`;
}

/** @param {string} name max_order_lots; ms is left to the unit beside it @returns {string} Max order lots */
export function nameText(name) {
  const words = name
    .replaceAll("_", " ")
    .replace(/ ms$/, "")
    .replace(/ per s$/, " per second");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {string | null | undefined} scope firm, venue/sim
 * @param {boolean} [first] begins a sentence
 * @returns {string} the whole firm, venue sim
 */
export function scopeText(scope, first = false) {
  const words = !scope ? DASH : scope === "firm" ? "the whole firm" : scope.replace("/", " ");
  return first ? words.charAt(0).toUpperCase() + words.slice(1) : words;
}

/** @param {unknown} value a limit's value or a state: text as it came, a dash when not set @returns {string} */
export function valueText(value) {
  return value === null || value === undefined
    ? DASH
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
}

/**
 * A limit's unit, short; money limits say "reporting currency", the desk knows which one that is.
 * @param {string} unit
 * @param {string | null | undefined} currency
 * @returns {string}
 */
export function unitText(unit, currency) {
  return unit === "reporting currency" ? (currency ?? "money") : unit;
}

/**
 * A venue's short name: what tells it from its sisters.
 * @param {string | undefined} venue binance-usdm
 * @returns {string} usdm
 */
export function venueText(venue) {
  return venue ? venue.slice(venue.lastIndexOf("-") + 1) : DASH;
}

/** @type {Record<string, string>} */
const STATE_WORDS = {
  ACTIVE: "Trading is active",
  REDUCING: "Reducing only: orders may only shrink positions",
  HALTED: "Trading is halted: no new order passes",
};

/** @param {string | null | undefined} state @returns {string} */
export function tradingStateText(state) {
  return (state && STATE_WORDS[state]) || "Trading state unknown";
}

/** @param {string} state PARTLY_FILLED @returns {string} partly filled */
export function orderStateText(state) {
  return state.replaceAll("_", " ").toLowerCase();
}
