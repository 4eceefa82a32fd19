// The summary: whether every check holds, and the run in figures.

function mountSummary(section, RUN) {
  const told = RUN.summary;
  section.append(
    summaryVerdict(told),
    told.left_out ? element("p", { class: "note" }, told.left_out) : "",
    element(
      "div",
      { class: "boxes" },
      summaryOutcomes(told),
      summaryCard("Reasons, by item", summaryCounts(told.reasons) ?? "none: no item was to blame"),
      summaryCard("Latency, virtual", summaryLatency(told.latency)),
      summaryCard("Messages", summaryCounts(told.messages)),
      summaryCard("Faults", summaryFaults(told)),
      summaryCard("Cluster", told.cluster.length ? told.cluster.join(", ") : "a trace does not say"),
    ),
    summaryAgain(told),
    summaryMarks(told),
  );
}

function summaryVerdict(told) {
  if (told.checks === null) {
    return element("p", { class: "verdict" }, "Nothing was checked: a trace does not say what came of its checks.");
  }
  const broken = told.mutant ? ` Broken on purpose: ${told.mutant}.` : "";
  if (told.findings === 0) {
    return element("p", { class: "verdict holds" }, "Every check holds.", broken);
  }
  const count = told.findings === 1 ? "1 finding" : `${told.findings.toLocaleString("en")} findings`;
  return element(
    "p",
    { class: "verdict fails" },
    `${count}: not every check holds.${broken} `,
    // No link: the address is the view's.
    element(
      "button",
      { type: "button", onclick: () => document.getElementById("findings").scrollIntoView() },
      "See what was found",
    ),
  );
}

function summaryCard(title, ...content) {
  return element("div", { class: "box" }, element("h3", {}, title), ...content);
}

function summaryOutcomes({ outcomes }) {
  const total = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  const bar = svg("svg", { class: "share", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" });
  let x = 0;
  for (const [outcome, count] of Object.entries(outcomes)) {
    const width = total ? (100 * count) / total : 0;
    bar.append(svg("rect", { x, y: 0, width, height: 6, class: `fill-${outcome}` }));
    x += width;
  }
  const list = Object.entries(outcomes).map(([outcome, count]) =>
    element("li", {}, outcomeMark(outcome), ` ${count.toLocaleString("en")} ${outcome}`),
  );
  return summaryCard(
    `${total.toLocaleString("en")} ${total === 1 ? "transaction" : "transactions"}`,
    bar,
    element("ul", { class: "plain" }, ...list),
  );
}

function summaryCounts(counts) {
  const entries = Object.entries(counts);
  if (entries.length === 0) return null;
  return element(
    "ul",
    { class: "plain" },
    ...entries.map(([name, count]) => element("li", {}, `${count.toLocaleString("en")} ${name}`)),
  );
}

function summaryLatency({ transactions, others, others_count: count }) {
  const names = ["p50", "p90", "p99"];
  const row = (title, found) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, title),
      ...names.map((name) => element("td", { class: "number" }, found ? inMs(found[name], 1) : "none")),
    );
  const table = element(
    "table",
    { class: "small" },
    element(
      "thead",
      {},
      element("tr", {}, element("td"), ...names.map((name) => element("th", { scope: "col", class: "number" }, name))),
    ),
    element("tbody", {}, row("transactions", transactions), others ? row(count === 1 ? "1 other" : `${count} others`, others) : null),
  );
  return element("div", { class: "scroll" }, table);
}

function summaryFaults(told) {
  const none = told.checks === null ? "none that the trace shows" : "none";
  const lines = told.faults.length ? [...told.faults] : [none];
  for (const { step, came } of told.steps) lines.push(`${came ? "came" : "never came"}: ${step}`);
  if (told.switched_off.length) lines.push(`switched off in this run: ${told.switched_off.join(", ")}`);
  return element("ul", { class: "plain" }, ...lines.map((line) => element("li", {}, line)));
}

// The command that does the same run again, with its digest.
function summaryAgain(told) {
  const parts = [];
  if (told.command) {
    const button = element("button", { type: "button", class: "copy" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(told.command);
        button.textContent = "Copied";
      } catch { // The browser does not let a page from a disk do that.
        button.textContent = "Select it and copy";
      }
    });
    parts.push(
      element("p", { class: "soft" }, "The same run again, to the byte:"),
      element("div", { class: "command" }, element("code", {}, told.command), button),
    );
  }
  const seconds = (told.virtual_us / 1e6).toLocaleString("en", { maximumFractionDigits: 1 });
  parts.push(
    element(
      "p",
      { class: "soft" },
      `${seconds} s of virtual time. `,
      told.digest ? element("span", {}, "Digest ", element("code", {}, told.digest)) : "",
    ),
  );
  return element("div", { class: "again" }, ...parts);
}

function summaryMarks({ marks, checks }) {
  const rows = marks.map(({ event, count, meaning }) =>
    element(
      "tr",
      {},
      element("td", { class: "number" }, count.toLocaleString("en")),
      element("td", {}, element("code", {}, event)),
      element("td", {}, meaning),
    ),
  );
  return element(
    "details",
    {},
    element("summary", {}, checks ? "What happened inside, and what was checked" : "What happened inside"),
    checks ? element("p", {}, `Checks: ${checks.join(", ")}.`) : null,
    element("div", { class: "scroll" }, element("table", { class: "small" }, element("tbody", {}, ...rows))),
  );
}

// A sign for an outcome: never its colour alone.
const OUTCOME_SIGNS = { committed: "✓", done: "✓", cancelled: "✕", refused: "✕", unknown: "?" };

function outcomeMark(outcome) {
  return element("span", { class: `mark mark-${outcome}`, "aria-hidden": "true" }, OUTCOME_SIGNS[outcome] ?? "·");
}
