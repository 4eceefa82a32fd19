// What plots are drawn of, in plain SVG: colours and patterns, axes and bars.

const PLOT_LEFT = 64;
const PLOT_BOTTOM = 40;
const PLOT_TOP = 12;
const PLOT_RIGHT = 12;
const PLOT_HEIGHT = 230;
const OUTCOME_NAMES = ["committed", "cancelled", "unknown"];

// Patterns, so that no colour says anything alone.
function plotPatterns() {
  const pattern = (id, ...marks) =>
    svg("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse" }, svg("rect", { width: 6, height: 6, class: "back" }), ...marks);
  return svg(
    "svg",
    { class: "unseen", "aria-hidden": "true", width: 0, height: 0 },
    svg(
      "defs",
      {},
      pattern("hatched", svg("path", { d: "M-1 1L1 -1M0 6L6 0M5 7L7 5", class: "hatch" })),
      pattern("dotted", svg("circle", { cx: 3, cy: 3, r: 1.3, class: "dot" })),
    ),
  );
}

function plotLegend(entries) {
  return element(
    "ul",
    { class: "keys" },
    ...entries.map(([name, look]) =>
      element("li", {}, svg("svg", { width: 16, height: 12, "aria-hidden": "true" }, look === "points" ? pointShape(OUTCOME_NAMES.indexOf(name), 8, 6, 4) : plotRect(1, 1, 14, 10, look)), ` ${name}`),
    ),
  );
}

// A rectangle in its colour, and with its pattern over it.
function plotRect(x, y, width, height, look) {
  const size = { x, y, width: Math.max(0, width), height: Math.max(0, height) };
  const pattern = { cancelled: "url(#hatched)", unknown: "url(#dotted)", others: "url(#hatched)", reads: "url(#hatched)" }[look];
  return svg("g", {}, svg("rect", { ...size, class: `fill-${look}` }), pattern ? svg("rect", { ...size, fill: pattern }) : null);
}

function pointShape(outcome, x, y, size) {
  if (outcome === 0) return svg("circle", { cx: x, cy: y, r: size - 1, class: "point point-committed" });
  if (outcome === 1) return svg("path", { d: `M${x - size} ${y - size}L${x + size} ${y + size}M${x - size} ${y + size}L${x + size} ${y - size}`, class: "point point-cancelled" });
  return svg("path", { d: `M${x} ${y - size}L${x + size} ${y + size}L${x - size} ${y + size}z`, class: "point point-unknown" });
}

// Scales and axes ----------------------------------------------------------------------------

// Round steps from 0 to at least `most`.
function roundTicks(most, about = 5) {
  const rough = Math.max(most, 1) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find((times) => times * power >= rough) * power);
  const ticks = [];
  for (let tick = 0; tick < most + step; tick += step) ticks.push(tick);
  return ticks;
}

// A time as short as it goes: 200 µs, 5 ms, 2 s.
function shortTime(us) {
  if (us < 1000) return `${us} µs`;
  if (us < 1_000_000) return `${+(us / 1000).toPrecision(3)} ms`;
  return `${+(us / 1_000_000).toPrecision(3)} s`;
}

function plotFrame(width, label, height = PLOT_HEIGHT) {
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
}

function plotAxes(frame, { width, ticks, y, yTitle, xTicks, xTitle, height = PLOT_HEIGHT }) {
  const bottom = height - PLOT_BOTTOM;
  for (const { at, text } of ticks) {
    frame.append(
      svg("line", { x1: PLOT_LEFT, x2: width - PLOT_RIGHT, y1: y(at), y2: y(at), class: "grid" }),
      svg("text", { x: PLOT_LEFT - 6, y: y(at) + 4, "text-anchor": "end", class: "tick" }, text),
    );
  }
  for (const { x, text, anchor = "middle" } of xTicks) {
    frame.append(
      svg("line", { x1: x, x2: x, y1: bottom, y2: bottom + 4, class: "axis" }),
      svg("text", { x, y: bottom + 16, "text-anchor": anchor, class: "tick" }, text),
    );
  }
  frame.append(
    svg("line", { x1: PLOT_LEFT, x2: width - PLOT_RIGHT, y1: bottom, y2: bottom, class: "axis" }),
    svg("text", { x: (PLOT_LEFT + width - PLOT_RIGHT) / 2, y: height - 6, "text-anchor": "middle", class: "title" }, xTitle),
    svg("text", { x: 12, y: (PLOT_TOP + bottom) / 2, transform: `rotate(-90 12 ${(PLOT_TOP + bottom) / 2})`, "text-anchor": "middle", class: "title" }, yTitle),
  );
}

function timeAxis(begin, end, width) {
  const x = (us) => PLOT_LEFT + ((width - PLOT_LEFT - PLOT_RIGHT) * (us - begin)) / Math.max(1, end - begin);
  const step = roundTicks((end - begin) / 1000, Math.max(4, Math.floor(width / 90)))[1] * 1000;
  const ticks = [];
  for (let us = Math.ceil(begin / step) * step; us <= end; us += step) ticks.push({ x: x(us), text: shortTime(us) });
  return { x, ticks };
}

// Bars beside each other, each of parts on top of each other.
function barsPlot(bars, { parts, label, xTitle, yTitle, tick, width, every, note }) {
  const frame = plotFrame(width, label);
  const bottom = PLOT_HEIGHT - PLOT_BOTTOM;
  const most = Math.max(...bars.map((bar) => parts.reduce((sum, part) => sum + bar[part], 0)), 1);
  const ticks = roundTicks(most, 4);
  const top = ticks.at(-1);
  const y = (value) => bottom - ((bottom - PLOT_TOP) * value) / top;
  const room = (width - PLOT_LEFT - PLOT_RIGHT) / bars.length;
  const stride = every ?? Math.max(1, Math.ceil(48 / room));
  const xTicks = bars.map((bar, n) => ({ x: PLOT_LEFT + room * n, text: tick(bar), n })).filter(({ n }) => n % stride === 0);
  plotAxes(frame, {
    width,
    ticks: ticks.map((at) => ({ at, text: at.toLocaleString("en") })),
    y,
    yTitle,
    xTicks,
    xTitle,
  });
  bars.forEach((bar, n) => {
    let from = 0;
    const group = svg("g", {}, svg("title", {}, note(bar)));
    for (const part of parts) {
      if (bar[part] === 0) continue;
      const gap = Math.min(2, room / 6);
      group.append(plotRect(PLOT_LEFT + room * n + gap / 2, y(from + bar[part]), room - gap, y(from) - y(from + bar[part]), part));
      from += bar[part];
    }
    frame.append(group);
  });
  return frame;
}

// Bars below each other, each with its name above it: names are long.
function rowsPlot(rows, { parts, label, name, said, width }) {
  const each = 38;
  const height = rows.length * each + 8;
  const frame = plotFrame(width, label, height);
  const most = Math.max(...rows.map((row) => parts.reduce((sum, part) => sum + row[part], 0)), 1);
  rows.forEach((row, n) => {
    const top = n * each + 14;
    frame.append(svg("text", { x: 0, y: top, class: "name" }, name(row)), svg("text", { x: width, y: top, "text-anchor": "end", class: "tick" }, said(row)));
    frame.append(svg("rect", { x: 0, y: top + 5, width, height: 12, class: "track" }));
    let x = 0;
    for (const part of parts) {
      const long = (width * row[part]) / most;
      if (row[part] > 0) frame.append(plotRect(x, top + 5, long, 12, part));
      x += long;
    }
  });
  return frame;
}
