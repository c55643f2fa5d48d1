// The charts: one Chart.js line chart shape for the page, redrawn at most twice a second while visible.
//
// Points are numbers because pixels are; text (ticks, tooltips) comes from format.js, and tooltips show the
// very decimals the server sent. Chart.js gets a sized, positioned parent and no animation: cost is per
// chart and redraw, hardly per point. Every chart has a table or a sentence beside it that says the same.

import { clockText, pixelText } from "./format.js";

/** @import { Sample } from "./state.js" */

const REDRAW_MS = 500;

/** @param {string} name of a CSS variable */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * @param {object} axis
 * @param {(value: number, step: number) => string} tickText
 */
function valueAxis(axis, tickText) {
  return {
    position: "right",
    grid: { color: colour("--grid"), drawTicks: false },
    border: { display: false },
    ticks: {
      color: colour("--dim"),
      padding: 6,
      maxTicksLimit: 7,
      maxRotation: 0,
      callback(
        /** @type {number} */ value,
        /** @type {number} */ _index,
        /** @type {{value: number}[]} */ ticks,
      ) {
        return tickText(value, ticks.length > 1 ? Math.abs(ticks[1].value - ticks[0].value) : 0);
      },
    },
    // A fixed width: the plot must not jump when a label gets longer.
    afterFit(/** @type {{width: number}} */ scale) {
      scale.width = 62;
    },
    ...axis,
  };
}

/** Ticks at 1, 2 and 5 of each decade: Chart.js's own are too many to label. @param {any} scale */
function decadeTicks(scale) {
  const ticks = [];
  for (let decade = 10 ** Math.floor(Math.log10(scale.min)); decade <= scale.max; decade *= 10) {
    ticks.push(...[1, 2, 5].map((lead) => ({ value: lead * decade })));
  }
  scale.ticks = ticks.filter((tick) => tick.value >= scale.min && tick.value <= scale.max);
}

const TIME_STEPS_MS = [5, 10, 15, 30, 60, 120, 300, 600, 900].map((seconds) => seconds * 1000);

/** A label such as 13:45:30 and the room around it. */
const CLOCK_PX = 76;
const CLOCKS_MOST = 5;

/** Ticks at whole seconds that a clock would show, no more than have room. @param {any} scale */
export function clockTicks(scale) {
  const span = scale.max - scale.min;
  const room = Math.max(1, Math.min(CLOCKS_MOST, Math.floor(scale.width / CLOCK_PX)));
  const step =
    TIME_STEPS_MS.find((candidate) => span / candidate <= room) ??
    TIME_STEPS_MS[TIME_STEPS_MS.length - 1];
  scale.ticks = [];
  for (let value = Math.ceil(scale.min / step) * step; value <= scale.max; value += step) {
    scale.ticks.push({ value });
  }
}

function timeAxis() {
  return {
    type: "linear",
    afterBuildTicks: clockTicks,
    grid: { display: false },
    border: { color: colour("--grid") },
    ticks: {
      color: colour("--dim"),
      maxTicksLimit: 6,
      maxRotation: 0,
      callback: (/** @type {number} */ value) => clockText(value),
    },
  };
}

/** @typedef {{label: string, colour: string, sample: number, fill?: boolean}} Series */

/** @param {Series} series */
function lineOf(series) {
  const line = colour(series.colour);
  return {
    label: series.label,
    data: [],
    borderColor: line,
    backgroundColor: series.fill ? `${line}22` : "transparent",
    fill: series.fill ? "start" : false,
    borderWidth: 1.5,
    pointRadius: 0,
    pointHitRadius: 8,
    tension: 0,
    spanGaps: false,
  };
}

/**
 * @param {(index: number) => Sample} sampleAt
 * @param {Series[]} series
 * @param {(text: string | null) => string} valueText
 */
function tooltipOf(sampleAt, series, valueText) {
  return {
    mode: "index",
    intersect: false,
    animation: false,
    backgroundColor: colour("--raised"),
    borderColor: colour("--line-strong"),
    borderWidth: 1,
    titleColor: colour("--dim"),
    bodyColor: colour("--text"),
    padding: 8,
    callbacks: {
      title: (/** @type {{dataIndex: number}[]} */ items) =>
        items.length ? `${clockText(sampleAt(items[0].dataIndex).x)} UTC` : "",
      label: (/** @type {{dataIndex: number, datasetIndex: number}} */ item) => {
        const line = series[item.datasetIndex];
        return ` ${line.label}  ${valueText(sampleAt(item.dataIndex).texts[line.sample])}`;
      },
    },
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {object} options
 * @param {Sample[]} options.samples read at each redraw
 * @param {Series[]} options.series
 * @param {boolean} options.logarithmic
 * @param {(value: number, step: number) => string} options.tickText
 * @param {(text: string | null) => string} options.valueText for tooltips, of the text as it came
 */
export function chartOpen(canvas, { samples, series, logarithmic, tickText, valueText }) {
  let drawnAt = -Infinity;
  let first = 0;
  const tooltip = tooltipOf((index) => samples[first + index], series, valueText);
  const chart = new Chart(canvas, {
    type: "line",
    data: { datasets: series.map(lineOf) },
    options: {
      animation: false,
      parsing: false,
      normalized: true,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: 6, left: 2 } },
      font: { size: 11 },
      scales: {
        x: timeAxis(),
        y: valueAxis(
          logarithmic
            ? { type: "logarithmic", afterBuildTicks: decadeTicks }
            : { type: "linear", grace: "12%" },
          tickText,
        ),
      },
      plugins: { legend: { display: false }, tooltip },
    },
  });

  return {
    draw() {
      const now = performance.now();
      if (document.hidden || now - drawnAt < REDRAW_MS || canvas.offsetParent === null) {
        return;
      }
      drawnAt = now;
      first = Math.max(
        0,
        samples.findIndex((sample) => sample.values.some((value) => value !== null)),
      );
      series.forEach((line, index) => {
        const points = chart.data.datasets[index].data;
        points.length = 0;
        for (const sample of samples.slice(first)) {
          points.push({ x: sample.x, y: sample.values[line.sample] });
        }
      });
      chart.options.scales.x.min = samples[first]?.x;
      chart.options.scales.x.max = samples[samples.length - 1]?.x;
      chart.update("none");
    },
    close() {
      chart.destroy();
    },
  };
}

/**
 * The points of a sparkline as an SVG path; gaps stay gaps.
 * @param {(number | null)[]} values
 * @param {number} width
 * @param {number} height
 */
export function sparkPath(values, width, height) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) {
    return "";
  }
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const step = width / (values.length - 1);
  let pen = "M";
  let path = "";
  values.forEach((value, index) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const y = height - 1.5 - ((value - low) / span) * (height - 3);
    path += `${pen}${pixelText(index * step)} ${pixelText(y)}`;
    pen = "L";
  });
  return path;
}
