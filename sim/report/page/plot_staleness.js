// How stale the eventual reads were: a run whose partitions have followers has this plot as well.

function stalenessPlot(found, RUN, view, known) {
  const { us, age_us, call, node, answered, stale, stride } = found;
  const begin = Math.min(...us, RUN.meta.end_us);
  const end = Math.max(...us, begin + 1);
  const share = answered ? ((100 * stale) / answered).toFixed(1) : "0";
  const thinned = stride > 1 ? ` Every ${stride}th of these is drawn.` : "";
  const plot = {
    title: "How stale eventual reads were",
    about: `${stale.toLocaleString("en")} of ${answered.toLocaleString("en")} eventual reads (${share} %) showed what was out of date, by how long. Choose one to see it alone.${thinned}`,
    isEmpty: us.length === 0,
    columns: ["call", "follower", "answered at", "out of date for"],
    rows: () => us.map((at, n) => [call[n], node[n], inMs(at, 1), inMs(age_us[n], 1)]),
    at: () => null,
  };
  plot.draw = (width) => {
    const oldest = Math.max(...age_us, 1000);
    const frame = plotFrame(width, `Age over time of ${us.length} stale reads, the oldest ${shortTime(oldest)}`);
    const bottom = PLOT_HEIGHT - PLOT_BOTTOM;
    const low = Math.floor(Math.log10(Math.max(100, Math.min(...age_us))));
    const high = Math.max(low + 1, Math.ceil(Math.log10(oldest)));
    const y = (age) => bottom - ((bottom - PLOT_TOP) * (Math.log10(Math.max(age, 10 ** low)) - low)) / (high - low);
    const { x, ticks } = timeAxis(begin, end, width);
    plot.at = (at) => (at >= begin && at <= end ? x(at) : null);
    const powers = Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n));
    plotAxes(frame, { width, ticks: powers.map((at) => ({ at, text: shortTime(at) })), y, yTitle: "out of date for", xTicks: ticks, xTitle: "virtual time" });
    us.forEach((at, n) => {
      const shape = pointShape(0, x(at), y(age_us[n]), 3.5);
      shape.append(svg("title", {}, `${call[n]}: ${node[n]} was ${inMs(age_us[n], 1)} behind`));
      shape.dataset.n = n;
      frame.append(shape);
    });
    frame.append(svg("line", { class: "moment", y1: PLOT_TOP, y2: bottom, visibility: "hidden" }));
    frame.addEventListener("click", (event) => {
      const n = event.target.closest("[data-n]")?.dataset.n;
      if (n !== undefined && known.has(call[n])) view.set({ transaction: call[n], t: us[n] });
    });
    return frame;
  };
  return plot;
}
