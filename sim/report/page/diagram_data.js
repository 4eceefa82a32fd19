// What the diagram and time travel read: messages by number, the steps of the run in order, and
// which of all that a filter leaves.

const FAR_US = 50_000; // A message that takes longer is looked for by itself.
const STEP_ORDER = { arrived: 0, event: 1, write: 2, sent: 3, lost: 4, held: 5 };

const ofRun = new WeakMap();

// The data of a run, made once.
function dataOf(RUN) {
  if (!ofRun.has(RUN)) ofRun.set(RUN, makeData(RUN));
  return ofRun.get(RUN);
}

function makeData(RUN) {
  const columns = RUN.messages;
  const count = columns.us.length;
  const odd = columns.odd;
  const end = RUN.meta.end_us;
  const far = []; // Messages that were on their way for long.
  const until = new Float64Array(count); // When the last of a message was seen.

  for (let n = 0; n < count; n++) {
    const { copy = 0, lost = 0 } = odd[n] ?? {};
    const last = Math.max(columns.ends[n], copy, lost);
    until[n] = last < columns.us[n] ? end : last; // On its way to the end of the run.
    if (until[n] - columns.us[n] > FAR_US) far.push(n);
  }

  const data = { RUN, count, until, end };

  // A message with words in the place of numbers.
  data.message = (n) => {
    const call = columns.call[n];
    return {
      n,
      us: columns.us[n],
      source: RUN.nodes[columns.source[n]].name,
      target: RUN.nodes[columns.target[n]].name,
      number: columns.n[n],
      kind: columns.kinds[columns.kind[n]],
      sentence: RUN.sentences[columns.sentences[columns.sentence[n]]],
      call: call < 0 ? null : RUN.calls[call],
      phrase: RUN.texts[columns.phrase[n]],
      lines: columns.sets[columns.lines[n]].map((line) => RUN.texts[line]),
      items: columns.sets[columns.items[n]].map((item) => RUN.items[item]),
      answers: columns.answers[n],
      arrives: columns.ends[n] < 0 ? null : columns.ends[n],
      odd: odd[n] ?? {},
    };
  };

  data.steps = stepsOf(RUN, count);

  // Which messages, bands, writes and steps are left when the view leaves something out.
  let latest = { key: null, chosen: null };
  data.chosen = (view) => {
    const key = JSON.stringify([view.transaction, view.node, view.item, view.kind]);
    if (key !== latest.key) latest = { key, chosen: choose(view) };
    return latest.chosen;
  };

  function choose(view) {
    const calls = callsOf(RUN, view.transaction);
    const node = view.node === null ? -1 : RUN.nodes.findIndex((one) => one.name === view.node);
    const kind = view.kind === null ? -1 : columns.kinds.indexOf(view.kind);
    const sets = view.item === null ? null : setsWith(columns.sets, view.item);
    const has = new Uint8Array(count);
    const nodes = new Set(node < 0 ? [] : [node]); // Who has a part in it.
    let total = 0;
    for (let n = 0; n < count; n++) {
      if (calls !== null && !calls.has(columns.call[n])) continue;
      if (node >= 0 && columns.source[n] !== node && columns.target[n] !== node) continue;
      if (kind >= 0 && columns.kind[n] !== kind) continue;
      if (sets !== null && !sets.has(columns.items[n])) continue;
      has[n] = 1;
      total++;
      nodes.add(columns.source[n]).add(columns.target[n]);
    }
    const keeps = (one, nodes, items) =>
      kind < 0 &&
      (calls === null || calls.has(one.call)) &&
      (node < 0 || nodes.includes(node)) &&
      (view.item === null || items.includes(view.item));
    const ofWrite = (write) => keeps(write, [write.node], write.records.map((row) => row[0]));
    const writes = RUN.writes.filter(ofWrite);
    const kept = new Set(writes);
    const bands = RUN.bands.filter(
      (band) => band.row === undefined || keeps(band, band.nodes, [band.item]),
    );
    const steps = data.steps.filter((step) => {
      if (step.what === "write") return kept.has(step.one);
      if (step.what === "event") return isFault(step.one) || keeps(step.one, [step.one.node], []);
      return has[step.n] === 1;
    });
    return { has, total, nodes, writes, bands, steps, chief: calls?.chief ?? -1 };
  }

  // The messages that were on their way at some time between two moments, of those chosen.
  data.between = (chosen, from, to) => {
    const found = [];
    for (const n of far) {
      if (columns.us[n] < from - FAR_US && until[n] >= from && chosen.has[n]) found.push(n);
    }
    const last = firstAfter(columns.us, to);
    for (let n = firstAfter(columns.us, from - FAR_US - 1); n < last; n++) {
      if (until[n] >= from && chosen.has[n]) found.push(n);
    }
    return found;
  };

  return data;
}

// Faults concern everybody, whatever is left out.
const isFault = (event) => /^(host|link|links|network|disk)\./.test(event.event);

// Every step of the run, in order: messages that leave, arrive, are lost or held, and the rest.
function stepsOf(RUN, count) {
  const columns = RUN.messages;
  const steps = [];
  for (let n = 0; n < count; n++) {
    const { lost, copy, held } = columns.odd[n] ?? {};
    steps.push({ us: columns.us[n], what: "sent", n });
    if (columns.ends[n] >= 0) steps.push({ us: columns.ends[n], what: "arrived", n });
    if (copy !== undefined) steps.push({ us: copy, what: "arrived", n });
    if (held !== undefined) steps.push({ us: held, what: "held", n });
    if (lost !== undefined) steps.push({ us: lost, what: "lost", n });
  }
  for (const one of RUN.writes) steps.push({ us: one.us, what: "write", one });
  for (const one of RUN.steps) steps.push({ us: one.us, what: "event", one });
  steps.sort((a, b) => a.us - b.us || STEP_ORDER[a.what] - STEP_ORDER[b.what]);
  return steps;
}

// A call and those that it conflicted with, by number; null: all calls there are.
function callsOf(RUN, call) {
  if (call === null) return null;
  const chief = RUN.calls.findIndex((one) => one.call === call);
  const calls = new Set([chief, ...RUN.calls[chief].conflicts]);
  calls.chief = chief;
  return calls;
}

function setsWith(sets, item) {
  const found = new Set();
  sets.forEach((members, n) => {
    if (members.includes(item)) found.add(n);
  });
  return found;
}

// The first place in a sorted list whose number is greater.
function firstAfter(numbers, number) {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] > number) high = middle;
    else low = middle + 1;
  }
  return low;
}

// How a call is called: "t5 (k1/12)", or "k1/12" where it has no transaction.
const callName = (call) =>
  call.names.length > 0 ? `${call.names.join(", ")} (${call.call})` : call.call;
