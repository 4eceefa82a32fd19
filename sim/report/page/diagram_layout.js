// Where everything is on the diagram: lanes from top to bottom, time from left to right; and which
// part of the run is looked at first.

const ROW_PX = 6;
const UNUSED_PX = 5; // Of a lane that has no part in what is chosen.
const LANES_PX = [26, 52]; // How high a lane is, at least and at most.
const LANES_NARROW_PX = [20, 36];
const SHEET_PX = 480; // How high the diagram is if lanes can have it so.

// Lanes for all nodes; those that have no part in what is chosen are pushed together.
function makeLayout(RUN, width, isNarrow, chosen) {
  const rows = RUN.nodes.map(() => 0);
  for (const band of chosen.bands) {
    if (band.row !== undefined) {
      rows[band.nodes[0]] = Math.max(rows[band.nodes[0]], band.row + 1);
    }
  }
  const [low, high] = isNarrow ? LANES_NARROW_PX : LANES_PX;
  const least = Math.max(low, Math.min(high, SHEET_PX / Math.max(1, chosen.nodes.size)));
  const lanes = [];
  let y = 24; // Below the axis.
  rows.forEach((count, n) => {
    const isUsed = chosen.nodes.has(n);
    const tall = isUsed ? least + count * ROW_PX : UNUSED_PX;
    lanes.push({ y: y + (isUsed ? least : UNUSED_PX) / 2, top: y, bottom: y + tall, isUsed });
    y += tall;
  });
  return { width, height: y + 6, lanes, chosen };
}

// Where the bar of a phase or the frame of a promise is, below its lane.
function rowPlace(band, layout, x, end) {
  const lane = layout.lanes[band.nodes[0]];
  const left = Math.max(-4, x(band.from));
  return {
    left,
    top: lane.y + 8 + band.row * ROW_PX,
    wide: Math.max(band.kind === "COMPLETED" ? 3 : 2, Math.min(layout.width + 4, x(end)) - left),
    high: ROW_PX - 1,
  };
}

// Where a message's line begins and ends; a lost one stops on its way.
function placeOf(data, n, layout, x) {
  const columns = data.RUN.messages;
  const odd = columns.odd[n] ?? {};
  const y1 = layout.lanes[columns.source[n]].y;
  const far = layout.lanes[columns.target[n]].y;
  const x1 = x(columns.us[n]);
  const arrived = columns.ends[n] >= 0;
  const isLost = odd.lost !== undefined && !arrived;
  const isOdd = odd.fate !== undefined || odd.held !== undefined || odd.copy !== undefined;
  if (isLost) {
    const isAtOnce = odd.lost === columns.us[n];
    const share = isAtOnce ? 0.45 : 0.85;
    const x2 = isAtOnce ? x1 + Math.min(26, Math.max(5, x(columns.us[n] + 500) - x1)) : x(odd.lost);
    return { n, x1, y1, x2, y2: y1 + (far - y1) * share, x3: null, isLost, isOdd };
  }
  const end = arrived ? columns.ends[n] : data.until[n];
  if (odd.held !== undefined && odd.held < end) {
    const y2 = y1 + (far - y1) * 0.93;
    return { n, x1, y1, x2: x(odd.held), y2, x3: x(end), isLost, isOdd };
  }
  return { n, x1, y1, x2: x(end), y2: far, x3: null, isLost, isOdd };
}

// How far a point is from a stretch between two others.
function distance(x, y, x1, y1, x2, y2) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const share = ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1);
  const along = Math.min(1, Math.max(0, share));
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
}

const QUICK_US = 100_000; // What takes longer is no first thing to look at.

// What to look at first: the moment of the link, what a finding is about, a conflict, the beginning.
function startOf(RUN, view) {
  if (view.t !== null) return around(RUN, view.t, 40_000);
  const chosen = RUN.calls.find((call) => call.call === view.transaction);
  const about = RUN.calls.find((call) => RUN.meta.about.includes(call.call));
  const met = RUN.calls.find(
    (call) =>
      call.conflicts.length > 0 &&
      call.from >= RUN.meta.begin_us &&
      call.to - call.from < QUICK_US,
  );
  const call = chosen ?? about ?? met;
  if (call !== undefined) return { ...sightOf(RUN, call), t: call.from };
  return { ...around(RUN, RUN.meta.begin_us + 25_000, 60_000), t: RUN.meta.begin_us };
}

function around(RUN, us, span) {
  const wide = Math.min(span, RUN.meta.end_us);
  const from = Math.min(Math.max(0, us - wide / 2), RUN.meta.end_us - wide);
  return { from, to: from + wide };
}

// The part of the run in which a call kept anybody busy, with a little air.
function sightOf(RUN, call) {
  const air = Math.max(500, (call.to - call.from) * 0.06);
  return { from: Math.max(0, call.from - air), to: Math.min(RUN.meta.end_us, call.to + air) };
}
