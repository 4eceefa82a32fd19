// The table of all operations: sorted by any column, filtered by words and by what came of them.
// The chosen one stands open, with its items, votes, reasons, and what its client does not know.

const TABLE_ROWS = 100; // Drawn at once; a button draws the rest.
const TABLE_ROWS_PRINTED = 1_000;
const KEY_MAX = 24; // Characters of a key in a row; what opens below it has all of them.

const TABLE_COLUMNS = [
  { name: "call", title: "Call", of: (row) => callOrder(row.call) },
  { name: "operation", title: "Operation", of: (row) => row.operation, wide: true },
  { name: "items", title: "Items", of: (row) => row.items.length },
  { name: "outcome", title: "Outcome", of: (row) => row.outcome },
  { name: "reason", title: "Reason", of: (row) => reasonsOf(row).join(", ") },
  { name: "invoked_us", title: "Asked at", of: (row) => row.invoked_us, number: true, wide: true },
  { name: "took", title: "Took", of: (row) => row.returned_us - row.invoked_us, number: true, wide: true },
  { name: "messages", title: "Messages", of: (row) => row.messages, number: true, wide: true },
  { name: "attempts", title: "Attempts", of: (row) => row.attempts, number: true, wide: true },
];

function mountTransactions(section, RUN, view) {
  const rows = RUN.transactions;
  const byCall = new Map(rows.map((row) => [row.call, row]));
  const known = new Set(RUN.calls.map((call) => call.call));
  const words = new Map(rows.map((row) => [row, wordsOf(row)]));
  const state = { sort: "invoked_us", down: false, text: "", outcome: "", kind: "", reason: "", whole: false };

  const head = element("tr", {});
  const body = element("tbody", {});
  const count = element("p", { class: "soft", role: "status" });
  const more = element("button", { type: "button", hidden: true });
  const filters = tableFilters(rows, (changed) => {
    Object.assign(state, changed, { whole: false });
    draw();
  });
  const table = element("table", { class: "operations" }, element("thead", {}, head), body);
  section.append(
    element("p", { class: "soft" }, tableAbout(rows.length, RUN.summary.calls)),
    filters,
    count,
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of transactions" }, table),
    more,
  );

  for (const column of TABLE_COLUMNS) {
    const button = element("button", { type: "button", class: "sort" }, column.title);
    button.addEventListener("click", () => {
      state.down = state.sort === column.name ? !state.down : false;
      state.sort = column.name;
      draw();
    });
    head.append(element("th", { scope: "col", class: columnClass(column), "data-column": column.name }, button));
  }
  more.addEventListener("click", () => {
    state.whole = true;
    draw();
  });
  // Paper has no button for the rest.
  addEventListener("beforeprint", () => {
    state.whole ||= rows.length <= TABLE_ROWS_PRINTED;
    draw();
  });

  function fits(row) {
    if (state.outcome && row.outcome !== state.outcome) return false;
    if (state.kind && row.operation !== state.kind) return false;
    if (state.reason && !reasonsOf(row).includes(state.reason)) return false;
    return state.text.split(/\s+/).every((word) => words.get(row).includes(word));
  }

  function draw() {
    const { of } = TABLE_COLUMNS.find((column) => column.name === state.sort);
    const sign = state.down ? -1 : 1;
    const keyed = rows.filter(fits).map((row) => [of(row), row]);
    keyed.sort(([one], [other]) => (one < other ? -sign : one > other ? sign : 0));
    const found = keyed.map(([, row]) => row);
    const shown = state.whole ? found : found.slice(0, TABLE_ROWS);
    const chosen = byCall.get(view.transaction);
    // The chosen one is there whatever the filters say.
    if (chosen && !shown.includes(chosen)) shown.unshift(chosen);
    body.replaceChildren(...shown.flatMap((row) => tableRow(row, row === chosen, view, known)));
    const all = rows.length === 1 ? "1 call" : `${rows.length.toLocaleString("en")} calls`;
    count.textContent = found.length === rows.length ? all : `${found.length.toLocaleString("en")} of ${all}`;
    more.hidden = shown.length >= found.length;
    more.textContent = `Show all ${found.length.toLocaleString("en")}`;
    for (const cell of head.children) {
      const isSorted = cell.dataset.column === state.sort;
      cell.setAttribute("aria-sort", isSorted ? (state.down ? "descending" : "ascending") : "none");
    }
  }

  view.on((changed) => {
    if (changed.includes("transaction")) draw();
  });
  draw();
}

function tableAbout(shown, all) {
  const which = shown < all
    ? `${shown.toLocaleString("en")} of all ${all.toLocaleString("en")} calls, those that the diagram has.`
    : "Every call of every client after the set-up.";
  return `${which} Choose one to see why it ended as it did; everything else on this page follows.`;
}

const columnClass = ({ number, wide }) => [number && "number", wide && "wide"].filter(Boolean).join(" ") || null;
const reasonsOf = (row) => [...new Set(row.items.filter((item) => item.code !== "None").map((item) => item.code))];

// k2/13 comes after k2/4.
const callOrder = (call) => call.replace(/\d+/g, (digits) => digits.padStart(8, "0"));

// All that a search finds a row by.
function wordsOf(row) {
  const items = row.items.flatMap((item) => [item.name, item.code, item.vote ?? "", item.why ?? "", item.asked ?? ""]);
  return [row.call, ...row.names, row.operation, row.kind, row.outcome, row.error, ...items].join(" ").toLowerCase();
}

function tableFilters(rows, change) {
  const counted = (values) => {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
  };
  const choice = (name, title, values) => {
    const select = element(
      "select",
      {},
      element("option", { value: "" }, "all"),
      ...counted(values).map(([value, count]) => element("option", { value }, `${value} (${count})`)),
    );
    select.addEventListener("change", () => change({ [name]: select.value }));
    return element("label", {}, `${title} `, select);
  };
  const search = element("input", { type: "search", placeholder: "call, item, reason …", autocomplete: "off" });
  search.addEventListener("input", () => change({ text: search.value.toLowerCase().trim() }));
  return element(
    "div",
    { class: "filters", role: "group", "aria-label": "Filter the table" },
    element("label", {}, "Search ", search),
    choice("outcome", "Outcome", rows.map((row) => row.outcome)),
    choice("kind", "Operation", rows.map((row) => row.operation)),
    choice("reason", "Reason", rows.flatMap(reasonsOf)),
  );
}

// A row, and below the chosen one all that is known of it.
function tableRow(row, isChosen, view, known) {
  const button = element(
    "button",
    { type: "button", class: "call", "aria-expanded": String(isChosen) },
    row.call,
  );
  const cells = {
    call: [button, row.names.length ? element("span", { class: "soft" }, ` ${row.names.join(", ")}`) : ""],
    operation: [row.operation],
    items: [itemsInShort(row)],
    outcome: [outcomeMark(row.outcome), ` ${row.outcome}`],
    reason: [reasonsOf(row).join(", ") || (row.error && row.outcome !== "unknown" ? row.error.split(":")[0] : "")],
    invoked_us: [inMs(row.invoked_us, 1)],
    took: [inMs(row.returned_us - row.invoked_us, 1)],
    messages: [row.messages],
    attempts: [row.attempts],
  };
  const line = element(
    "tr",
    {
      class: isChosen ? "chosen" : null,
      "data-call": row.call,
      onclick: () => view.set({ transaction: isChosen ? null : row.call }),
    },
    ...TABLE_COLUMNS.map((column) => element("td", { class: columnClass(column), "data-name": column.name }, ...cells[column.name])),
  );
  if (!isChosen) return [line];
  const details = element("tr", { class: "details" }, element("td", { colspan: TABLE_COLUMNS.length }, element("div", { class: "fit" }, ...rowDetails(row, view, known))));
  return [line, details];
}

function itemsInShort(row) {
  const names = row.items.map((item) => item.name.split(" ").slice(1).join(" ") || item.name);
  const inShort = (name) => (name.length > KEY_MAX ? `${name.slice(0, KEY_MAX - 1)}…` : name);
  // Each by itself: a key that is written from right to left leaves its neighbours where they are.
  const shown = names.slice(0, 3).flatMap((name, n) => [n > 0 ? ", " : "", element("bdi", {}, inShort(name))]);
  return names.length > 3 ? [...shown, ` + ${names.length - 3}`] : shown;
}

function rowDetails(row, view, known) {
  const took = `${inMs(row.invoked_us)} to ${inMs(row.returned_us)}`;
  const attempts = row.attempts === 1 ? "1 attempt" : `${row.attempts} attempts`;
  return [
    element("p", {}, element("b", {}, `${row.client}'s ${row.operation}`), ` (${row.kind}), ${took}, ${attempts}, ${row.messages} messages`),
    row.error ? element("p", { class: "error" }, row.error) : null,
    row.states.length ? rowStates(row) : null,
    row.unknown ? rowUnknown(row.unknown) : null,
    rowItems(row),
    row.met.length
      ? element("p", {}, "It met ", ...row.met.map((call) => callButton(call, view, known)))
      : null,
  ].filter(Boolean);
}

function rowStates({ states }) {
  return element(
    "p",
    { class: "states" },
    "In the ledger: ",
    ...states.map(({ name, state, us, node }) =>
      element("span", { class: `state state-${state.toLowerCase()}` }, `${name} ${state} `, element("span", { class: "soft" }, `${inMs(us)}, ${node}`)),
    ),
  );
}

// Two possibilities, until the evidence decides.
function rowUnknown({ happened, not, verdict, evidence }) {
  return element(
    "div",
    { class: "box unknown" },
    element("p", {}, "The client does not know which of these is so:"),
    element("ul", {}, element("li", {}, happened), element("li", {}, not)),
    element("p", {}, element("b", {}, "The evidence: "), verdict, "."),
    evidence.length
      ? element("ul", {}, ...evidence.map(({ us, text }) => element("li", {}, element("span", { class: "soft" }, `${inMs(us)}  `), text)))
      : null,
  );
}

function rowItems({ items }) {
  const line = (item) =>
    element(
      "tr",
      { class: item.is_to_blame ? "blamed" : null },
      element("td", { "data-title": "Item" }, item.is_to_blame ? element("span", { class: "mark mark-cancelled", "aria-label": "to blame" }, "✕ ") : "", item.name),
      element("td", { "data-title": "Asked" }, [item.asked, item.condition].filter(Boolean).join(" ")),
      element("td", { "data-title": "Vote" }, item.vote ?? ""),
      element("td", { "data-title": "Answered" }, item.answered ?? (item.code === "None" ? "" : item.code)),
      element("td", { "data-title": "Why" }, item.why ?? ""),
    );
  return element(
    "table",
    { class: "small items" },
    element("thead", {}, element("tr", {}, ...["Item", "Asked", "Vote, or LSNs read", "Answered", "Why"].map((title) => element("th", { scope: "col" }, title)))),
    element("tbody", {}, ...items.map(line)),
  );
}
