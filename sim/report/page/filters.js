// What to leave out: all but one transaction, node, item or kind of message.

function mountFilters(section, RUN, view) {
  const data = dataOf(RUN);
  const calls = RUN.calls;
  const list = element(
    "datalist",
    { id: "calls" },
    calls.map((call) =>
      element("option", { value: call.names[0] ?? call.call }, `${call.call} ${call.operation}`),
    ),
  );
  const transaction = element("input", {
    list: "calls",
    placeholder: "t5 or k1/12",
    size: 12,
    onchange: () => {
      const wanted = transaction.value.trim();
      const found = view.callNamed(wanted);
      transaction.setAttribute("aria-invalid", String(wanted !== "" && found === undefined));
      if (wanted === "" || found !== undefined) view.set({ transaction: found ?? null });
    },
  });
  const node = choice(RUN.nodes.map(({ name, role }) => [name, `${name}, ${role}`]), (value) =>
    view.set({ node: value }),
  );
  const item = choice(RUN.items.map((name, n) => [n, name]).sort(byName), (value) =>
    view.set({ item: value === null ? null : Number(value) }),
  );
  const kind = choice(RUN.messages.kinds.map((name) => [name, name]).sort(byName), (value) =>
    view.set({ kind: value }),
  );
  const count = element("output", { class: "soft", "aria-live": "polite" });
  const clear = element(
    "button",
    {
      type: "button",
      onclick: () => view.set({ transaction: null, node: null, item: null, kind: null }),
    },
    "Show everything",
  );

  section.classList.add("filters");
  section.append(
    list,
    labelled("Transaction", transaction),
    labelled("Node", node),
    labelled("Item", item),
    labelled("Kind", kind),
    clear,
    count,
  );

  function show() {
    const chosen = data.chosen(view);
    const call = calls.find((one) => one.call === view.transaction);
    transaction.value = call === undefined ? "" : (call.names[0] ?? call.call);
    transaction.setAttribute("aria-invalid", "false");
    node.value = view.node ?? "";
    item.value = view.item ?? "";
    kind.value = view.kind ?? "";
    clear.disabled = chosen.total === data.count;
    const met = call === undefined ? "" : told(call);
    count.textContent =
      `${chosen.total.toLocaleString("en")} of ${data.count.toLocaleString("en")} messages` + met;
  }

  const told = (call) => {
    const others = call.conflicts.map((n) => callName(calls[n]));
    if (others.length === 0) return ` of ${callName(call)}, which met no other`;
    return ` of ${callName(call)} and what it met: ${others.join(", ")}`;
  };

  view.on(show);
  show();
}

const byName = (one, other) => String(one[1]).localeCompare(String(other[1]), "en", { numeric: true });

const labelled = (text, control) => element("label", {}, element("span", {}, text), control);

function choice(options, changed) {
  const select = element(
    "select",
    { onchange: () => changed(select.value === "" ? null : select.value) },
    element("option", { value: "" }, "all"),
    options.map(([value, text]) => element("option", { value }, text)),
  );
  return select;
}
