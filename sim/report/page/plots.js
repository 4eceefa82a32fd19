// Plots: plain SVG, drawn for the width that there is, each with a table that says the same.

const PLOT_LEFT = 64;
const PLOT_BOTTOM = 40;
const PLOT_TOP = 12;
const PLOT_RIGHT = 12;
const PLOT_HEIGHT = 230;
const OUTCOME_NAMES = ["committed", "cancelled", "unknown"];

function mountPlots(section, RUN, view) {
  const data = RUN.plots;
  const known = new Set(RUN.calls.map((call) => call.call));
  const plots = [
    latencyPlot(data.latency),
    pointsPlot(data.points, RUN, view, known),
    overTimePlot(data.over_time, view),
    reasonsPlot(data.reasons),
    itemsPlot(data.items),
    messagesPlot(data.messages),
  ];
  const grid = element("div", { class: "plots" });
  section.append(plotPatterns(), grid);
  for (const plot of plots) {
    plot.place = element("div", { class: "drawing" });
    grid.append(
      element(
        "figure",
        { class: "box plot" },
        element("figcaption", {}, element("h3", {}, plot.title), element("p", { class: "soft" }, plot.about)),
        plot.legend ? plotLegend(plot.legend) : null,
        plot.place,
        plotTable(plot),
      ),
    );
  }
  const drawAll = () => {
    for (const plot of plots) {
      const width = Math.floor(plot.place.clientWidth);
      if (width > 0 && width !== plot.width) {
        plot.width = width;
        plot.place.replaceChildren(plot.isEmpty ? element("p", {}, "Nothing to draw.") : plot.draw(width));
      }
    }
    markMoment();
  };
  // The moment at which time travel stands, in the plots that have time along their axis.
  const markMoment = () => {
    for (const { place, at } of plots) {
      const line = place.querySelector(".moment");
      if (!line) continue;
      const x = view.t === null ? null : at(view.t);
      line.setAttribute("visibility", x === null ? "hidden" : "visible");
      if (x !== null) for (const name of ["x1", "x2"]) line.setAttribute(name, x);
    }
  };
  view.on((changed) => {
    if (changed.includes("t")) markMoment();
  });
  new ResizeObserver(drawAll).observe(grid);
  drawAll();
}

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

function plotTable({ columns, rows }) {
  const body = element("tbody", {});
  const table = element(
    "details",
    {},
    element("summary", {}, "The same as a table"),
    element(
      "div",
      { class: "scroll" },
      element("table", { class: "small" }, element("thead", {}, element("tr", {}, ...columns.map((title) => element("th", { scope: "col" }, title)))), body),
    ),
  );
  table.addEventListener("toggle", () => {
    if (!body.hasChildNodes()) {
      body.append(...rows().map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell)))));
    }
  });
  return table;
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

// The plots ----------------------------------------------------------------------------------

const outcomesSaid = (bar) => OUTCOME_NAMES.filter((name) => bar[name]).map((name) => `${bar[name]} ${name}`).join(", ") || "none";
const outcomeLegend = OUTCOME_NAMES.map((name) => [name, name]);

function latencyPlot(bars) {
  const span = (bar) => `${shortTime(bar.from_us)} to ${shortTime(bar.to_us)}`;
  return {
    title: "How long transactions took",
    about: "Virtual time from the first attempt to the last answer; each bar is twice as long as the last, or 2.5 times.",
    legend: outcomeLegend,
    isEmpty: bars.length === 0,
    columns: ["took", ...OUTCOME_NAMES],
    rows: () => bars.map((bar) => [span(bar), ...OUTCOME_NAMES.map((name) => bar[name])]),
    draw: (width) =>
      barsPlot(bars, {
        parts: OUTCOME_NAMES,
        label: `Transactions by latency: ${bars.map((bar) => `${span(bar)} ${outcomesSaid(bar)}`).join("; ")}`,
        xTitle: "latency, from",
        yTitle: "transactions",
        tick: (bar) => shortTime(bar.from_us),
        note: (bar) => `${span(bar)}: ${outcomesSaid(bar)}`,
        width,
      }),
  };
}

function pointShape(outcome, x, y, size) {
  if (outcome === 0) return svg("circle", { cx: x, cy: y, r: size - 1, class: "point point-committed" });
  if (outcome === 1) return svg("path", { d: `M${x - size} ${y - size}L${x + size} ${y + size}M${x - size} ${y + size}L${x + size} ${y - size}`, class: "point point-cancelled" });
  return svg("path", { d: `M${x} ${y - size}L${x + size} ${y + size}L${x - size} ${y + size}z`, class: "point point-unknown" });
}

function timeAxis(begin, end, width) {
  const x = (us) => PLOT_LEFT + ((width - PLOT_LEFT - PLOT_RIGHT) * (us - begin)) / Math.max(1, end - begin);
  const step = roundTicks((end - begin) / 1000, Math.max(4, Math.floor(width / 90)))[1] * 1000;
  const ticks = [];
  for (let us = Math.ceil(begin / step) * step; us <= end; us += step) ticks.push({ x: x(us), text: shortTime(us) });
  return { x, ticks };
}

function pointsPlot(points, RUN, view, known) {
  const begin = Math.min(...points.us, RUN.meta.end_us);
  const end = Math.max(...points.us, begin + 1);
  const thinned = points.stride > 1 ? ` Every ${points.stride}th of them is drawn.` : "";
  const plot = {
    title: "How long it took, over time",
    about: `All operations, by the moment when they were asked for. Choose one to see it alone.${thinned}`,
    legend: OUTCOME_NAMES.map((name) => [name, "points"]),
    isEmpty: points.us.length === 0,
    columns: ["call", "asked at", "took", "outcome"],
    rows: () => points.us.map((us, n) => [points.call[n], inMs(us, 1), inMs(points.took_us[n], 1), OUTCOME_NAMES[points.outcome[n]]]),
    at: () => null,
  };
  plot.draw = (width) => {
    const longest = Math.max(...points.took_us, 1000);
    const frame = plotFrame(width, `Latency over time of ${points.us.length} operations, the longest ${shortTime(longest)}`);
    const bottom = PLOT_HEIGHT - PLOT_BOTTOM;
    const low = Math.floor(Math.log10(Math.max(100, Math.min(...points.took_us))));
    const high = Math.max(low + 1, Math.ceil(Math.log10(longest)));
    const y = (us) => bottom - ((bottom - PLOT_TOP) * (Math.log10(Math.max(us, 10 ** low)) - low)) / (high - low);
    const { x, ticks } = timeAxis(begin, end, width);
    plot.at = (us) => (us >= begin && us <= end ? x(us) : null);
    const powers = Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n));
    plotAxes(frame, { width, ticks: powers.map((at) => ({ at, text: shortTime(at) })), y, yTitle: "latency", xTicks: ticks, xTitle: "virtual time" });
    points.us.forEach((us, n) => {
      const shape = pointShape(points.outcome[n], x(us), y(points.took_us[n]), 3.5);
      shape.append(svg("title", {}, `${points.call[n]}: ${OUTCOME_NAMES[points.outcome[n]]} after ${inMs(points.took_us[n], 1)}`));
      shape.dataset.n = n;
      frame.append(shape);
    });
    frame.append(svg("line", { class: "moment", y1: PLOT_TOP, y2: bottom, visibility: "hidden" }));
    frame.addEventListener("click", (event) => {
      const n = event.target.closest("[data-n]")?.dataset.n;
      if (n !== undefined && known.has(points.call[n])) view.set({ transaction: points.call[n], t: points.us[n] });
    });
    return frame;
  };
  return plot;
}

function overTimePlot(bars, view) {
  const span = (bar) => `${inMs(bar.from_us, 0)} to ${inMs(bar.to_us, 0)}`;
  const plot = {
    title: "Outcomes over time",
    about: "Transactions, by the moment when their clients learned what came of them. Choose a bar to go there.",
    legend: outcomeLegend,
    isEmpty: bars.length === 0,
    columns: ["from", ...OUTCOME_NAMES],
    rows: () => bars.map((bar) => [span(bar), ...OUTCOME_NAMES.map((name) => bar[name])]),
    at: () => null,
  };
  plot.draw = (width) => {
    const frame = barsPlot(bars, {
      parts: OUTCOME_NAMES,
      label: `Outcomes over time in ${bars.length} spans`,
      xTitle: "virtual time, from",
      yTitle: "transactions",
      tick: (bar) => shortTime(bar.from_us),
      note: (bar) => `${span(bar)}: ${outcomesSaid(bar)}`,
      width,
      every: Math.max(1, Math.ceil(bars.length / Math.max(2, Math.floor(width / 80)))),
    });
    const [begin, end] = [bars[0].from_us, bars.at(-1).to_us];
    const room = width - PLOT_LEFT - PLOT_RIGHT;
    plot.at = (us) => (us >= begin && us <= end ? PLOT_LEFT + (room * (us - begin)) / (end - begin) : null);
    frame.append(svg("line", { class: "moment", y1: PLOT_TOP, y2: PLOT_HEIGHT - PLOT_BOTTOM, visibility: "hidden" }));
    frame.addEventListener("click", (event) => {
      const part = (event.clientX - frame.getBoundingClientRect().left - PLOT_LEFT) / room;
      if (part >= 0 && part <= 1) view.set({ t: begin + part * (end - begin) });
    });
    return frame;
  };
  return plot;
}

function reasonsPlot(rows) {
  return {
    title: "Why items were the reason",
    about: "Cancellation reasons item by item, and refusals of operations of one item.",
    isEmpty: rows.length === 0,
    columns: ["reason", "items"],
    rows: () => rows.map(({ code, count }) => [code, count]),
    draw: (width) =>
      rowsPlot(rows, {
        parts: ["count"],
        label: `Reasons: ${rows.map(({ code, count }) => `${count} ${code}`).join(", ")}`,
        name: ({ code }) => code,
        said: ({ count }) => count.toLocaleString("en"),
        width,
      }),
  };
}

function itemsPlot({ count, hottest }) {
  const rest = count - hottest.length;
  return {
    title: "Where it is hot",
    about: `Items by the conflicts that they led to.${rest > 0 ? ` ${rest.toLocaleString("en")} more items are cooler.` : ""}`,
    legend: [["conflicts", "conflicts"], ["other reasons", "others"]],
    isEmpty: hottest.length === 0,
    columns: ["item", "asked for", "conflicts", "other reasons"],
    rows: () => hottest.map(({ item, asked, conflicts, others }) => [item, asked, conflicts, others]),
    draw: (width) =>
      rowsPlot(hottest, {
        parts: ["conflicts", "others"],
        label: `Conflicts by item: ${hottest.map(({ item, conflicts }) => `${item} ${conflicts}`).join(", ")}`,
        name: ({ item }) => item,
        said: ({ asked, conflicts, others }) => `${conflicts}${others ? ` + ${others}` : ""} of ${asked}`,
        width,
      }),
  };
}

function messagesPlot(bars) {
  const span = ({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`);
  return {
    title: "What transactions cost",
    about: "Transactions by the messages that they took, from all of their attempts.",
    legend: [["write transactions", "writes"], ["read transactions", "reads"]],
    isEmpty: bars.length === 0,
    columns: ["messages", "write transactions", "read transactions"],
    rows: () => bars.map((bar) => [span(bar), bar.writes, bar.reads]),
    draw: (width) =>
      barsPlot(bars, {
        parts: ["writes", "reads"],
        label: `Transactions by messages: ${bars.filter((bar) => bar.writes + bar.reads).map((bar) => `${span(bar)} ${bar.writes + bar.reads}`).join("; ")}`,
        xTitle: "messages",
        yTitle: "transactions",
        tick: ({ from }) => from.toLocaleString("en"),
        note: (bar) => `${span(bar)} messages: ${bar.writes} write and ${bar.reads} read transactions`,
        width,
      }),
  };
}
