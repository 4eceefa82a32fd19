// Draws the part of the run that is in sight, on a canvas: axis, lanes, bands, and what is over them.

const TROUBLE = {
  down: "down",
  paused: "paused",
  throttled: "paused",
  "slow disk": "paused",
  "full disk": "cut",
  "lying disk": "cut",
};
const PHASES = {
  PREPARING: "preparing",
  COMMITTING: "committing",
  CANCELLING: "cancelling",
  COMPLETED: "completed",
};

function paint(context, data, chosen, layout, view, window_) {
  const { RUN } = data;
  const { width, height, lanes } = layout;
  const scale = width / (window_.to - window_.from);
  const x = (us) => (us - window_.from) * scale;
  const colours = coloursNow();
  const inSight = data.between(chosen, window_.from, window_.to);

  context.clearRect(0, 0, width, height);
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, width, height);
  context.font = `11px ${colours.sans}`;
  paintAxis(context, colours, layout, window_, x);
  const said = paintTroubles(context, colours, layout, chosen.bands, RUN, window_, x);
  paintLanes(context, colours, layout, RUN, view);
  paintRows(context, colours, layout, chosen, RUN, window_, x);
  const drawn = paintMessages(context, colours, data, chosen, inSight, layout, x);
  const signs = paintWrites(context, colours, layout, chosen.writes, window_, x);
  if (inSight.length <= WORDS_MAX) paintWords(context, colours, data, drawn, signs, width);
  for (const [text, left, y] of said) word(context, colours.ink, colours.paper, text, left, y);
  return { inSight, drawn, x };
}

// What changes while one looks: the moment, and the message that is looked at.
function paintOver(context, data, layout, view, window_, marks) {
  const scale = layout.width / (window_.to - window_.from);
  const x = (us) => (us - window_.from) * scale;
  const colours = coloursNow();
  context.clearRect(0, 0, layout.width, layout.height);
  if (marks.hovered !== null) paintChosen(context, colours, data, layout, x, marks.hovered, 2);
  if (marks.picked !== null) paintChosen(context, colours, data, layout, x, marks.picked, 3.5);
  if (view.t !== null) paintMoment(context, colours, layout, x(view.t));
}

function coloursNow() {
  const style = getComputedStyle(document.documentElement);
  const found = {};
  for (const name of [
    ...["paper", "panel", "ink", "soft", "line", "accent", "preparing", "committing", "cancelling"],
    ...["completed", "bad", "bad-words", "odd", "read", "down", "paused", "cut", "chosen", "sans"],
  ]) {
    found[name] = style.getPropertyValue(`--${name}`).trim();
  }
  return found;
}

// Axis and lanes ----------------------------------------------------------------------------------

function stepOfAxis(span, width) {
  const wanted = (span / width) * 110; // µs in so many pixels.
  let step = 10 ** Math.floor(Math.log10(Math.max(wanted, 1)));
  for (const factor of [1, 2, 5, 10]) {
    if (step * factor >= wanted) return step * factor;
  }
  return step * 10;
}

function paintAxis(context, colours, layout, window_, x) {
  const step = stepOfAxis(window_.to - window_.from, layout.width);
  const digits = Math.max(0, 3 - Math.floor(Math.log10(step)));
  context.strokeStyle = colours.line;
  context.fillStyle = colours.soft;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (let us = Math.ceil(window_.from / step) * step; us <= window_.to; us += step) {
    const at = Math.round(x(us)) + 0.5;
    line(context, at, 18, at, layout.height);
    context.fillText(inMs(us, Math.min(3, digits)), at + 3, 9);
  }
}

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function paintLanes(context, colours, layout, RUN, view) {
  layout.lanes.forEach((lane, n) => {
    const isChosen = RUN.nodes[n].name === view.node;
    context.strokeStyle = isChosen ? colours.accent : colours.soft;
    context.globalAlpha = isChosen ? 1 : lane.isUsed ? 0.55 : 0.2;
    context.lineWidth = isChosen ? 2 : 1;
    line(context, 0, lane.y, layout.width, lane.y);
  });
  context.globalAlpha = 1;
}

// Bands -------------------------------------------------------------------------------------------

function paintTroubles(context, colours, layout, bands, RUN, window_, x) {
  const words = []; // For whoever draws them over everything else.
  for (const band of bands) {
    const end = band.to ?? RUN.meta.end_us;
    if (band.row !== undefined || end < window_.from || band.from > window_.to) continue;
    const from = Math.max(0, x(band.from));
    const wide = Math.max(2, Math.min(layout.width, x(end)) - from);
    for (const node of band.nodes) {
      const lane = layout.lanes[node];
      const isHost = band.kind in TROUBLE;
      const top = isHost ? lane.top + 1 : lane.y - 4;
      const high = isHost ? lane.bottom - lane.top - 2 : 8;
      context.fillStyle = colours[TROUBLE[band.kind] ?? "cut"];
      context.fillRect(from, top, wide, high);
      hatch(context, colours.bad, from, top, wide, high, band.kind === "down" ? 7 : 12);
      if (wide > 60) words.push([band.text, from + 4, top + 8]);
    }
  }
  return words;
}

// Slanting lines over a rectangle: for those who do not see its colour.
function hatch(context, colour, x, y, wide, high, gap) {
  context.save();
  context.beginPath();
  context.rect(x, y, wide, high);
  context.clip();
  context.strokeStyle = colour;
  context.globalAlpha = 0.45;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = x - high; at < x + wide; at += gap) {
    context.moveTo(at, y + high);
    context.lineTo(at + high, y);
  }
  context.stroke();
  context.restore();
}

function paintRows(context, colours, layout, chosen, RUN, window_, x) {
  for (const band of chosen.bands) {
    const end = band.to ?? RUN.meta.end_us;
    if (band.row === undefined || end < window_.from || band.from > window_.to) continue;
    const place = rowPlace(band, layout, x, end);
    const isOther = chosen.chief >= 0 && band.call !== chosen.chief;
    context.globalAlpha = isOther ? 0.45 : 1;
    if (band.kind === "ongoing") {
      context.strokeStyle = colours.ink;
      context.lineWidth = 1;
      context.strokeRect(place.left + 0.5, place.top + 0.5, place.wide - 1, place.high - 1);
    } else {
      context.fillStyle = colours[PHASES[band.kind]];
      context.fillRect(place.left, place.top, place.wide, place.high);
      if (band.kind === "CANCELLING") {
        hatch(context, colours.ink, place.left, place.top, place.wide, place.high, 5);
      }
    }
    context.globalAlpha = 1;
  }
}

function paintMoment(context, colours, layout, at) {
  context.strokeStyle = context.fillStyle = colours.accent;
  context.lineWidth = 1.5;
  line(context, at, 0, at, layout.height);
  context.beginPath();
  context.moveTo(at - 6, 0);
  context.lineTo(at + 6, 0);
  context.lineTo(at, 8);
  context.fill();
}

function word(context, ink, paper, text, x, y) {
  context.save();
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.strokeStyle = paper;
  context.lineWidth = 3;
  context.strokeText(text, x, y);
  context.fillStyle = ink;
  context.fillText(text, x, y);
  context.restore();
}
