// Findings: the shrunk story, the graph of who must come before whom, and the nearest run that
// passes.  Where nothing was found, the list of what was checked.

const GRAPH_NODE = { width: 128, height: 44 };

function mountFindings(section, RUN, view) {
  const { checks, story, found, left_out: leftOut, nearest } = RUN.findings;
  if (checks === null) {
    section.hidden = true;
    return;
  }
  if (found.length === 0) {
    section.append(
      element("p", { class: "verdict holds" }, "All checks hold."),
      element("p", { class: "soft" }, `What was checked: ${checks.join(", ")}.`),
    );
    return;
  }
  const known = new Set(RUN.calls.map((call) => call.call));
  if (story.length) section.append(findingStory(story));
  found.forEach((finding, n) => section.append(findingArticle(finding, n, view, known)));
  if (leftOut > 0) section.append(element("p", { class: "note" }, `${leftOut} more findings are left out.`));
  if (nearest) section.append(findingNearest(nearest));
}

function findingStory(story) {
  return element(
    "div",
    { class: "box story" },
    element("h3", {}, "The story, made as short as it gets"),
    element("ol", {}, ...story.map((sentence) => element("li", {}, sentence))),
  );
}

function findingArticle(finding, n, view, known) {
  const { checker, kind, explanation, anomaly, refutes, possible, calls, graph } = finding;
  const heading = element("h3", {}, `${n + 1}  ${checker}: ${kind}`);
  const meaning = [];
  if (anomaly && anomaly !== kind) meaning.push(`Anomaly: ${anomaly}.`);
  if (refutes.length) meaning.push(`Refutes: ${refutes.join(", ")}.`);
  if (possible.length) meaning.push(`Still possible: ${possible.join(", ")}.`);
  const buttons = calls.map((call) => callButton(call, view, known));
  const words = element(
    "div",
    { class: "words" },
    graph ? null : element("pre", { class: "explanation" }, explanation),
    graph ? findingSteps(graph) : null,
    graph ? element("details", {}, element("summary", {}, "In words"), element("pre", { class: "explanation" }, explanation)) : null,
    meaning.length ? element("p", { class: "meaning" }, meaning.join("  ")) : null,
    buttons.length ? element("p", { class: "soft" }, "About ", ...buttons) : null,
  );
  const picture = graph ? findingGraph(graph, n, view, known) : null;
  // Only the first ones stand open: they say most.
  const body = element("div", { class: graph ? "beside" : "" }, picture, words);
  if (n < 2) return element("article", { class: "box finding" }, heading, body);
  return element(
    "details",
    { class: "box finding" },
    element("summary", {}, `${n + 1}  ${checker}: ${kind}`),
    body,
  );
}

function findingSteps({ nodes, edges }) {
  return element(
    "div",
    {},
    element(
      "ol",
      { class: "edges" },
      ...edges.map(({ from, to, kind, because, means }, n) =>
        element(
          "li",
          {},
          n === edges.length - 1 && n > 0 ? "but " : "",
          element("b", {}, from),
          " must come before ",
          element("b", {}, to),
          kind ? element("abbr", { title: means, class: "edge-kind" }, ` ${kind}`) : "",
          `: ${because}`,
        ),
      ),
    ),
    element("p", {}, "No order of them has it all: a contradiction."),
    nodes.some((node) => node.did)
      ? element(
          "details",
          {},
          element("summary", {}, "What each of them read and wrote"),
          element(
            "dl",
            {},
            ...nodes.filter((node) => node.did).flatMap((node) => [element("dt", {}, node.call), element("dd", {}, node.did)]),
          ),
        )
      : null,
  );
}

// The graph: transactions on a circle, in the order of the cycle, arrows numbered as the steps are.
function findingGraph({ nodes, edges }, number, view, known) {
  const count = nodes.length;
  const { width: w, height: h } = GRAPH_NODE;
  const radius = count === 1 ? 0 : Math.max(95, (count * 62) / Math.PI);
  const across = count === 2 ? 130 : radius;
  const down = count === 2 ? 0 : radius * 0.8;
  const width = 2 * across + w + 40;
  const height = 2 * down + h + 110;
  const at = nodes.map((_, n) => {
    const angle = count === 2 ? Math.PI * (1 - n) : -Math.PI / 2 + (2 * Math.PI * n) / count;
    return { x: width / 2 + across * Math.cos(angle), y: height / 2 + down * Math.sin(angle) };
  });
  const place = new Map(nodes.map((node, n) => [node.call, n]));
  const head = `arrow-${number}`;
  const picture = svg(
    "svg",
    {
      class: "graph",
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": edges.map(({ from, to, kind }) => `${from} before ${to}${kind ? ` by ${kind}` : ""}`).join("; "),
    },
    svg(
      "defs",
      {},
      svg(
        "marker",
        { id: head, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 8, markerHeight: 8, orient: "auto-start-reverse" },
        svg("path", { d: "M0 0L10 5L0 10z", class: "arrow" }),
      ),
    ),
  );
  edges.forEach((edge, n) => {
    picture.append(...graphEdge(edge, n, at[place.get(edge.from)], at[place.get(edge.to)], head));
  });
  nodes.forEach((node, n) => picture.append(graphNode(node, at[n], view, known)));
  return picture;
}

function graphEdge({ kind, because }, n, from, to, head) {
  // Bent to one side, so that the two directions between two nodes are two arrows.
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = Math.hypot(dx, dy) || 1;
  const bend = 46;
  const mid = { x: (from.x + to.x) / 2 + (dy / length) * bend, y: (from.y + to.y) / 2 - (dx / length) * bend };
  const begin = graphBorder(from, mid);
  const end = graphBorder(to, mid);
  const label = { x: (begin.x + 2 * mid.x + end.x) / 4, y: (begin.y + 2 * mid.y + end.y) / 4 };
  return [
    svg("path", {
      d: `M${begin.x} ${begin.y}Q${mid.x} ${mid.y} ${end.x} ${end.y}`,
      class: `edge edge-${kind || "at"}`,
      "marker-end": `url(#${head})`,
    }, svg("title", {}, because)),
    svg("rect", { x: label.x - 24, y: label.y - 11, width: 48, height: 22, rx: 11, class: "edge-label" }),
    svg("text", { x: label.x, y: label.y + 5, "text-anchor": "middle", class: "edge-text" }, `${n + 1}${kind ? ` ${kind}` : ""}`),
  ];
}

// Where a line from the middle of a node towards a point leaves its box.
function graphBorder(middle, towards) {
  const dx = towards.x - middle.x;
  const dy = towards.y - middle.y;
  const scale = 1 / Math.max(Math.abs(dx) / (GRAPH_NODE.width / 2 + 3), Math.abs(dy) / (GRAPH_NODE.height / 2 + 3), 1e-9);
  return { x: middle.x + dx * scale, y: middle.y + dy * scale };
}

function graphNode({ call, names, did }, { x, y }, view, known) {
  const { width, height } = GRAPH_NODE;
  const choose = () => view.set({ transaction: call });
  const can = known.has(call);
  return svg(
    "g",
    {
      class: can ? "node choosable" : "node",
      ...(can ? { tabindex: 0, role: "button", "aria-label": `Show ${call}`, onclick: choose } : {}),
      ...(can ? { onkeydown: (event) => ["Enter", " "].includes(event.key) && (event.preventDefault(), choose()) } : {}),
    },
    svg("title", {}, did || call),
    svg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 8 }),
    svg("text", { x, y: names.length ? y - 2 : y + 5, "text-anchor": "middle", class: "node-name" }, call),
    names.length ? svg("text", { x, y: y + 15, "text-anchor": "middle", class: "node-names" }, names.join(", ")) : null,
  );
}

// A call as a button that has everything else give way to it.
function callButton(call, view, known) {
  if (!known.has(call)) return element("span", { class: "call" }, call, " ");
  return element(
    "button",
    { type: "button", class: "call", title: `Show ${call} alone`, onclick: () => view.set({ transaction: call }) },
    call,
  );
}

// Beside it the nearest run that passes.
function findingNearest({ what, common, before, differ, rows, left_out: leftOut }) {
  const cells = (seen, side) =>
    seen === null
      ? [element("td"), element("td")]
      : [element("td", { class: "number soft" }, inMs(seen.us, 1)), element("td", { class: side }, seen.said)];
  const lines = rows.flatMap((row, n) => {
    const line = element("tr", { class: row.same ? "same" : "other" }, ...cells(row.failing, "failing"), ...cells(row.passing, "passing"));
    if (n !== before) return [line];
    return [element("tr", { class: "part" }, element("td", { colspan: 4 }, "here they part")), line];
  });
  return element(
    "div",
    { class: "box nearest" },
    element("h3", {}, `The nearest run that passes: the same ${what}`),
    element("p", { class: "soft" }, `Both have their first ${common.toLocaleString("en")} events in common.${differ ? ` Then ${differ}.` : ""}`),
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Both runs side by side" },
      element(
        "table",
        { class: "small" },
        element(
          "thead",
          {},
          element("tr", {}, ...["at", "this run", "at", "the one that passes"].map((title) => element("th", { scope: "col" }, title))),
        ),
        element("tbody", {}, ...lines),
      ),
    ),
    leftOut ? element("p", { class: "note" }, `${leftOut} more rows are left out.`) : null,
  );
}
