// Plots: plain SVG, drawn for the width that there is, each with a table that says the same.

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
    ...(data.staleness ? [stalenessPlot(data.staleness, RUN, view, known)] : []),
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
