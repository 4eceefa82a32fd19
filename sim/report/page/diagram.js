// The space-time diagram: a lane a node, virtual time from left to right, a line for each message.
//
// What is in sight is `view.from` to `view.to`.  Drag or the arrows pan; the buttons, `+` and `-`,
// Ctrl with the wheel, and two fingers zoom; N and P go from message to message.

const NARROW_PX = 600;
const SIGHT_LEAST_US = 200;
const NEAR_PX = 9; // How near to a line the pointer has to be.

function mountDiagram(section, RUN, view) {
  const data = dataOf(RUN);
  const canvas = element("canvas", {
    tabindex: "0",
    role: "application",
    "aria-label": `Space-time diagram. ${KEYS_HELP}`,
    "aria-describedby": "picked",
  });
  const base = element("canvas", { class: "base", "aria-hidden": "true" }); // Below the other one.
  const strip = element("canvas", { class: "strip", "aria-hidden": "true" });
  const gutter = element("div", { class: "gutter", role: "group", "aria-label": "Nodes" });
  const tip = element("div", { class: "tip", role: "tooltip", hidden: true });
  const picked = element("div", { id: "picked", class: "picked", "aria-live": "polite" });
  const marks = { hovered: null, picked: null };
  let layout = null;
  let scene = { inSight: [], drawn: [], x: () => 0 };
  let painted = ""; // What the lower canvas shows.
  let isWaiting = false;

  section.append(
    RUN.meta.left_out ? element("p", { class: "left-out" }, RUN.meta.left_out) : "",
    toolbar(),
    strip,
    element("div", { class: "space" }, gutter, element("div", { class: "sheet" }, base, canvas, tip)),
    element("div", { id: "transport", class: "transport" }),
    picked,
    legend(),
  );
  showPicked();

  // Panning and zooming -----------------------------------------------------------------------

  function span() {
    return view.to - view.from;
  }

  function look(from, wide) {
    const most = RUN.meta.end_us;
    const to = Math.min(most, Math.max(Math.min(wide, most), SIGHT_LEAST_US));
    const begin = Math.min(Math.max(0, from), most - to);
    view.set({ from: begin, to: begin + to });
  }

  function zoom(factor, at = 0.5) {
    const wide = Math.max(SIGHT_LEAST_US, span() * factor);
    look(view.from + (span() - wide) * at, wide);
  }

  function pan(share) {
    look(view.from + span() * share, span());
  }

  function all() {
    look(0, RUN.meta.end_us);
  }

  function toolbar() {
    const button = (label, text, action) =>
      element("button", { type: "button", "aria-label": label, title: label, onclick: action }, text);
    return element(
      "div",
      { class: "toolbar", role: "group", "aria-label": "What is in sight" },
      button("Earlier", "◀", () => pan(-0.5)),
      button("Later", "▶", () => pan(0.5)),
      button("Zoom in", "+", () => zoom(0.5)),
      button("Zoom out", "−", () => zoom(2)),
      button("Whole run", "Whole run", all),
      button("Begin", "Begin", () => view.set(around(RUN, RUN.meta.begin_us + 25_000, 60_000))),
      element("output", { class: "sight mono", "aria-label": "In sight" }),
    );
  }

  // Drawing -----------------------------------------------------------------------------------

  function measure() {
    const width = canvas.parentElement.clientWidth;
    layout = makeLayout(RUN, width, width < NARROW_PX, data.chosen(view));
    sized(base, width, layout.height);
    sized(canvas, width, layout.height);
    painted = "";
    sized(strip, strip.clientWidth, strip.clientHeight);
    gutter.replaceChildren(...layout.lanes.map((lane, n) => label(lane, n)));
    gutter.style.height = `${layout.height}px`;
    repaint();
  }

  function label(lane, n) {
    const { name, role } = RUN.nodes[n];
    const button = element(
      "button",
      {
        type: "button",
        title: `${role} ${name}`,
        "aria-label": `only ${role} ${name}`,
        "aria-pressed": String(view.node === name),
        onclick: () => view.set({ node: view.node === name ? null : name }),
      },
      name,
    );
    button.style.top = `${lane.y}px`;
    button.hidden = !lane.isUsed;
    return button;
  }

  function repaint() {
    if (isWaiting || layout === null) return;
    isWaiting = true;
    requestAnimationFrame(paintNow);
  }

  function paintNow() {
    isWaiting = false;
    if (layout === null || view.from === null || view.to === null) return;
    const chosen = data.chosen(view);
    const window_ = { from: view.from, to: view.to };
    const wanted = `${view.from} ${view.to} ${view.node} ${document.documentElement.dataset.theme}`;
    if (painted !== wanted) {
      scene = paint(scaled(base), data, chosen, layout, view, window_);
      painted = wanted;
    }
    paintOver(scaled(canvas), data, layout, view, window_, marks);
    paintStrip(strip, data, chosen, view);
    section.querySelector(".sight").textContent =
      `${inMs(view.from, 1)} to ${inMs(view.to, 1)}, ${scene.inSight.length.toLocaleString("en")}` +
      " messages";
  }

  // What is under the pointer -----------------------------------------------------------------

  function nearest(x, y) {
    let best = null;
    let least = NEAR_PX;
    for (const one of scene.drawn) {
      let away = distance(x, y, one.x1, one.y1, one.x2, one.y2);
      if (one.x3 !== null) {
        away = Math.min(away, distance(x, y, one.x2, one.y2, one.x3, one.y2));
      }
      if (away < least) {
        least = away;
        best = one.n;
      }
    }
    return best;
  }

  // A phase, a promise, a fault or a durable write, in words, with the call that it belongs to.
  function thingAt(x, y) {
    const chosen = data.chosen(view);
    const lane = layout.lanes.findIndex((one) => y >= one.top && y < one.bottom);
    const write = chosen.writes.find(
      (one) =>
        Math.abs(scene.x(one.us) - x) < 6 && Math.abs(layout.lanes[one.node].y - y) < 8,
    );
    if (write !== undefined) {
      return { text: `${inMs(write.us)} ${RUN.nodes[write.node].name} ${RUN.texts[write.text]}`, call: write.call };
    }
    const band = chosen.bands.find((one) => {
      const end = one.to ?? RUN.meta.end_us;
      if (scene.x(one.from) > x + 3 || scene.x(end) < x - 3) return false;
      if (one.row === undefined) return one.nodes.includes(lane);
      const place = rowPlace(one, layout, scene.x, end);
      return one.nodes[0] === lane && y >= place.top - 1 && y <= place.top + place.high + 1;
    });
    if (band === undefined) return null;
    const until = band.to === null ? "to the end" : `to ${inMs(band.to)}`;
    return { text: `${band.text}, ${inMs(band.from)} ${until}`, call: band.call };
  }

  function hover(event) {
    const { offsetX: x, offsetY: y } = event;
    const n = nearest(x, y);
    if (n !== marks.hovered) {
      marks.hovered = n;
      repaint();
    }
    const thing = n === null ? thingAt(x, y) : null;
    canvas.style.cursor = n !== null || (thing?.call ?? -1) >= 0 ? "pointer" : "";
    if (n === null && thing === null) {
      tip.hidden = true;
      return;
    }
    tip.replaceChildren(...(n === null ? [thing.text] : told(data.message(n))));
    tip.hidden = false;
    const room = canvas.clientWidth - tip.offsetWidth - 4;
    tip.style.left = `${Math.max(0, Math.min(x + 14, room))}px`;
    const below = y + 18;
    const isLow = below + tip.offsetHeight > canvas.clientHeight && y > tip.offsetHeight + 12;
    tip.style.top = `${isLow ? y - tip.offsetHeight - 12 : below}px`;
  }

  function leave() {
    tip.hidden = true;
    if (marks.hovered !== null) {
      marks.hovered = null;
      repaint();
    }
  }

  function pick(n) {
    marks.picked = n;
    showPicked();
    if (n !== null) view.set({ t: RUN.messages.us[n] });
    repaint();
  }

  function showPicked() {
    if (marks.picked === null) {
      const why = "Hover over a message, or choose one by a click or with N and P.";
      picked.replaceChildren(element("p", { class: "soft" }, why));
      return;
    }
    const message = data.message(marks.picked);
    picked.replaceChildren(...told(message), actions(message));
  }

  function actions(message) {
    const only = message.call && element(
      "button",
      { type: "button", onclick: () => view.set({ transaction: message.call.call }) },
      `Only ${callName(message.call)} and what it met`,
    );
    const asked = message.answers >= 0 && element(
      "button",
      { type: "button", onclick: () => show(message.answers) },
      "What it answers",
    );
    return element("p", { class: "actions" }, only || "", asked || "");
  }

  function show(n) {
    pick(n);
    reveal(RUN.messages.us[n]);
  }

  function reveal(us) {
    if (us < view.from || us > view.to) look(us - span() / 2, span());
  }

  function next(step) {
    const { has } = data.chosen(view);
    let n = marks.picked;
    if (n === null) {
      n = firstAfter(RUN.messages.us, view.from - 1) - (step > 0 ? 1 : 0);
    }
    do n += step;
    while (n >= 0 && n < data.count && has[n] === 0);
    if (n >= 0 && n < data.count) show(n);
  }

  // What hands do -----------------------------------------------------------------------------

  function click(event) {
    const n = nearest(event.offsetX, event.offsetY);
    if (n !== null) {
      pick(n);
      return;
    }
    const thing = thingAt(event.offsetX, event.offsetY);
    if (thing !== null && thing.call >= 0) {
      view.set({ transaction: RUN.calls[thing.call].call });
    } else {
      view.set({ t: view.from + (event.offsetX / layout.width) * span() });
    }
  }

  // What is clicked twice, or chosen with Enter, is shown alone.
  function only(n) {
    const call = n === null ? -1 : RUN.messages.call[n];
    if (call >= 0) view.set({ transaction: RUN.calls[call].call });
  }

  function everything() {
    marks.picked = null;
    showPicked();
    view.set({ transaction: null, node: null, item: null, kind: null });
    repaint();
  }

  pointAt(canvas, {
    pan,
    zoom,
    hover,
    leave,
    click,
    twice: (event) => only(nearest(event.offsetX, event.offsetY)),
  });
  pressKeys(canvas, { pan, zoom, all, next, only: () => only(marks.picked), everything });
  dragAlong(strip, (share) => look(share * RUN.meta.end_us - span() / 2, span()));

  // What others change --------------------------------------------------------------------------

  view.on((changed) => {
    if (changed.includes("transaction") && view.transaction !== null && !changed.includes("from")) {
      const call = RUN.calls.find((one) => one.call === view.transaction);
      const sight = sightOf(RUN, call);
      look(sight.from, sight.to - sight.from);
    }
    if (changed.includes("t") && view.t !== null && view.from !== null) reveal(view.t);
    if (layout !== null && layout.chosen !== data.chosen(view)) measure();
    repaint();
  });
  new ResizeObserver(measure).observe(canvas.parentElement);
  // No frame comes between this and the page that is printed.
  for (const name of ["beforeprint", "afterprint"]) {
    addEventListener(name, () => {
      measure();
      paintNow();
    });
  }
  section.diagram = {
    // Where a message is on the canvas, for whoever wants to point at it.
    placeOf: (n) => scene.drawn.find((one) => one.n === n) ?? null,
    inSight: () => scene.inSight,
  };
}
