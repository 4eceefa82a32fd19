// Draws messages and durable writes, with words beside them where there is room.
//
// A message's colour says to which part of the protocol it belongs, its dashes whether it is a
// reply, and a cross with a word why it was lost.  Nothing is said by colour alone.

const STYLE_OF = {
  Prepare: "preparing",
  Votes: "preparing",
  Commit: "committing",
  Cancel: "cancelling",
  Write: "accent",
  Written: "accent",
  WriteRefused: "accent",
  Read: "read",
  Readings: "read",
  Stalled: "odd",
  Recover: "odd",
};
const WORDS_MAX = 140; // Messages in sight; of more none is labelled.
const WORD_LENGTH = 30;
const ARROWS_MAX = 1500;
const DENSE_FROM = 2500; // Of more messages than this, what would be drawn over another is not.
const FAINT_FROM = 1500; // More messages than this are drawn the fainter the more there are.

function paintMessages(context, colours, data, chosen, inSight, layout, x) {
  const columns = data.RUN.messages;
  const groups = new Map();
  const drawn = [];
  const isDense = inSight.length > DENSE_FROM;
  const seen = new Set();
  for (const n of inSight) {
    if (isDense) {
      const lanes = layout.lanes.length;
      const place = Math.round(x(columns.us[n])) * lanes + columns.source[n];
      const line = (place * lanes + columns.target[n]) * 2 + (columns.odd[n] === undefined ? 0 : 1);
      if (seen.has(line)) continue;
      seen.add(line);
    }
    const one = placeOf(data, n, layout, x);
    const colour = one.isLost ? "bad" : one.isOdd ? "odd" : styleOf(columns, n);
    const isOther = chosen.chief >= 0 && columns.call[n] !== chosen.chief;
    const key = `${colour} ${columns.answers[n] >= 0 ? "reply" : "question"} ${isOther ? 1 : 0}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(one);
    drawn.push(one);
  }
  const faint = Math.min(1, Math.max(0.12, FAINT_FROM / Math.max(1, inSight.length)));
  for (const [key, ones] of groups) {
    const [colour, kind, isOther] = key.split(" ");
    context.strokeStyle = context.fillStyle = colours[colour];
    context.globalAlpha = (isOther === "1" ? 0.4 : 1) * (colour === "bad" ? 1 : faint);
    context.lineWidth = 1.3;
    context.setLineDash(kind === "reply" && !isDense ? [5, 3] : []);
    context.beginPath();
    for (const one of ones) {
      context.moveTo(one.x1, one.y1);
      context.lineTo(one.x2, one.y2);
      if (one.x3 !== null) context.lineTo(one.x3, one.y2);
    }
    context.stroke();
    context.setLineDash([]);
    for (const one of ones) {
      if (one.isLost || inSight.length <= ARROWS_MAX) endOf(context, one);
    }
  }
  context.globalAlpha = 1;
  return drawn;
}

const styleOf = (columns, n) => {
  const asked = columns.answers[n];
  const kind = columns.kinds[columns.kind[n]];
  // An acknowledgement looks like what it acknowledges.
  if (kind === "Done" && asked >= 0) return STYLE_OF[columns.kinds[columns.kind[asked]]] ?? "soft";
  return STYLE_OF[kind] ?? "soft";
};

function endOf(context, one) {
  const x2 = one.x3 ?? one.x2;
  if (one.isLost) {
    const r = 4;
    context.lineWidth = 2;
    line(context, one.x2 - r, one.y2 - r, one.x2 + r, one.y2 + r);
    line(context, one.x2 - r, one.y2 + r, one.x2 + r, one.y2 - r);
    context.lineWidth = 1.3;
    return;
  }
  const slope = Math.atan2(one.y2 - one.y1, Math.max(0.01, one.x2 - one.x1));
  const angle = one.x3 === null ? slope : 0;
  const [long, half] = [7, 0.42];
  context.beginPath();
  context.moveTo(x2, one.y2);
  context.lineTo(x2 - long * Math.cos(angle - half), one.y2 - long * Math.sin(angle - half));
  context.lineTo(x2 - long * Math.cos(angle + half), one.y2 - long * Math.sin(angle + half));
  context.fill();
}

function paintWrites(context, colours, layout, writes, window_, x) {
  const places = writes.map((write) => write.us);
  const last = firstAfter(places, window_.to);
  const signs = []; // Where they are: no word may cover them.
  for (let n = firstAfter(places, window_.from - 1); n < last; n++) {
    const write = writes[n];
    const [at, y] = [x(write.us), layout.lanes[write.node].y];
    const isDecision = write.what === "COMMITTING" || write.what === "CANCELLING";
    context.fillStyle = isDecision ? colours[PHASES[write.what]] : colours.ink;
    context.strokeStyle = colours.paper;
    context.beginPath();
    if (isDecision) {
      context.moveTo(at, y - 7);
      context.lineTo(at + 7, y);
      context.lineTo(at, y + 7);
      context.lineTo(at - 7, y);
      context.closePath();
    } else {
      context.rect(at - 1.5, y - 5, 3, 10);
    }
    context.fill();
    context.stroke();
    signs.push([at - 5, y - 5, at + 5, y + 5]);
  }
  return signs;
}

// Words beside messages, where there is room for them.
function paintWords(context, colours, data, drawn, signs, width) {
  const taken = [...signs];
  const { RUN } = data;
  context.textBaseline = "middle";
  for (const one of drawn) {
    const odd = RUN.messages.odd[one.n] ?? {};
    const phrase = RUN.texts[RUN.messages.phrase[one.n]];
    const said = one.isLost ? `${odd.because}: ${phrase}` : phrase;
    const text = said.length > WORD_LENGTH ? `${said.slice(0, WORD_LENGTH - 1)}…` : said;
    const wide = context.measureText(text).width;
    const left = (one.x1 + one.x2) / 2 + 5;
    const middle = (one.y1 + one.y2) / 2;
    const box = [left - 2, middle - 7, left + wide + 2, middle + 7];
    if (left < 0 || left + wide > width) continue;
    if (taken.some((other) => meets(box, other))) continue;
    taken.push(box);
    word(context, one.isLost ? colours["bad-words"] : colours.ink, colours.paper, text, left, middle);
  }
}

const meets = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

// A message that is looked at, over all others.
function paintChosen(context, colours, data, layout, x, n, thick) {
  const one = placeOf(data, n, layout, x);
  context.strokeStyle = context.fillStyle = colours.ink;
  context.lineWidth = thick;
  context.beginPath();
  context.moveTo(one.x1, one.y1);
  context.lineTo(one.x2, one.y2);
  if (one.x3 !== null) context.lineTo(one.x3, one.y2);
  context.stroke();
  endOf(context, one);
  context.beginPath();
  context.arc(one.x1, one.y1, 4, 0, 2 * Math.PI);
  context.fill();
}
