// What a node has at a moment, as a card: records, ledger entries, or what it is busy with.

const ROWS_SHOWN = 8;
const NOT_SHOWN = "what it has in its memory is not shown"; // A follower has no disk.

// The card of a node; null if it has nothing, does nothing, and nothing is the matter with it.
function cardOf(RUN, node, t, kept) {
  const status = statusOf(RUN, node, t);
  const inside = contentsOf(RUN, node, t, kept);
  if (inside === null && status.length === 0) return null;
  return element(
    "article",
    { class: status.length > 0 ? "card troubled" : "card" },
    element(
      "h4",
      {},
      `${node.name} `,
      element("span", { class: "soft" }, node.role),
      status.length > 0 ? element("span", { class: "trouble" }, ` ${status.join(", ")}`) : "",
    ),
    inside ?? element("p", { class: "soft" }, node.role === "follower" ? NOT_SHOWN : "nothing"),
  );
}

const statusOf = (RUN, node, t) =>
  RUN.bands
    .filter((band) => band.row === undefined && band.nodes.includes(node.n) && isOn(band, t))
    .map((band) => (band.kind in TROUBLE ? band.kind : band.text));

function contentsOf(RUN, node, t, kept) {
  if (node.role === "partition") return recordsTable(RUN, kept, t);
  if (node.role === "ledger node") return entriesTable(kept, t);
  if (node.role === "client" || node.role === "reader of streams") return linesOf(asking(RUN, node.name, t));
  if (node.role === "coordinator") return linesOf(driving(RUN, node.n, t));
  return null; // Neither routers, recovery managers nor followers have anything that must last.
}

const linesOf = (lines) =>
  lines.length === 0 ? null : element("ul", {}, lines.map((text) => element("li", {}, text)));

const asking = (RUN, name, t) =>
  RUN.calls
    .filter((call) => call.client === name && call.asked <= t && t < (call.answered ?? call.to))
    .map((call) => `asks for ${call.operation} ${callName(call)} since ${inMs(call.asked)}`);

const driving = (RUN, n, t) =>
  RUN.bands
    .filter((band) => band.kind in PHASES && band.nodes[0] === n && isOn(band, t))
    .map((band) => `${band.text} since ${inMs(band.from)}`);

function recordsTable(RUN, kept, t) {
  const rows = kept.map(([place, { row, us }]) => ({
    name: RUN.items[place],
    isNew: us === t,
    ongoing: row[3],
    cells: [RUN.texts[row[0]], row[1], row[2], row[3]],
  }));
  return stateTable(["item", "holds", "timestamp", "LSN", "ongoing"], rows.sort(byInterest));
}

function entriesTable(kept, t) {
  const entries = kept.filter(([place]) => typeof place === "string");
  const rows = entries.map(([place, { row, us }]) => ({
    name: place,
    isNew: us === t,
    ongoing: row[1] === "COMPLETED" ? "" : row[1],
    cells: [row[0], row[2], row[3] ? `${row[1]}: ${row[3]}` : row[1]],
  }));
  const heads = ["entry", "transaction", "timestamp", "state and reasons"];
  return stateTable(heads, rows.sort(byInterest));
}

const isOn = (band, t) => band.from <= t && (band.to === null || t < band.to);

// What has just changed comes first, then what is ongoing, then the rest by name.
const byInterest = (one, other) =>
  Number(other.isNew) - Number(one.isNew) ||
  Number(other.ongoing !== "") - Number(one.ongoing !== "") ||
  one.name.localeCompare(other.name, "en", { numeric: true });

// A code as ConditionalCheckFailed may be broken between its words, a token behind a slash.
const breakable = (text) =>
  text.split(/(?<=[a-z])(?=[A-Z])|(?<=\/)/).flatMap((word, n) => (n > 0 ? [element("wbr"), word] : [word]));

function stateTable(heads, rows) {
  if (rows.length === 0) return null;
  const row = ({ name, cells, isNew, ongoing }) =>
    element("tr", { class: isNew ? "new" : ongoing ? "ongoing" : null },
      element("th", { scope: "row" }, breakable(name), isNew ? element("span", { class: "just" }, " just now") : ""),
      cells.map((cell) => element("td", {}, breakable(String(cell)))),
    );
  const made = (some) =>
    element("div", { class: "scroll" },
      element("table", {},
        element("thead", {}, element("tr", {}, heads.map((head) => element("th", {}, head)))),
        element("tbody", {}, some.map(row)),
      ),
    );
  const rest = rows.slice(ROWS_SHOWN);
  const more = rest.length > 0 && element("details", {},
    element("summary", {}, `${rest.length} more`), made(rest));
  return element("div", {}, made(rows.slice(0, ROWS_SHOWN)), more || "");
}

// The disks of all partitions and ledger nodes at a moment: by node, then by item or entry.
function makeDisks(RUN) {
  let state = new Map();
  let next = 0; // The first change that is not in it yet.

  function take(write) {
    if (!state.has(write.node)) state.set(write.node, new Map());
    const kept = state.get(write.node);
    for (const [place, row] of write.records) {
      if (row === 0) kept.delete(place);
      else kept.set(place, { row, us: write.us });
    }
  }

  return {
    at(t) {
      if (next > 0 && RUN.writes[next - 1].us > t) {
        state = new Map();
        next = 0;
      }
      while (next < RUN.writes.length && RUN.writes[next].us <= t) take(RUN.writes[next++]);
      return state;
    },
  };
}
