// A message whole, in words; and how to read the diagram.

const KEYS_HELP =
  "Left and right arrows pan, plus and minus zoom, 0 shows the whole run, N and P go to the next" +
  " and previous message, Enter shows only its transaction, Escape shows everything again.";

// A message whole, in words.
function told(message) {
  const { odd } = message;
  const times = [`left ${inMs(message.us)}`];
  if (message.arrives !== null) {
    times.push(`arrived ${inMs(message.arrives)} (${inMs(message.arrives - message.us)} later)`);
  }
  if (odd.copy !== undefined) times.push(`a copy arrived ${inMs(odd.copy)}`);
  if (odd.held !== undefined) times.push(`waited from ${inMs(odd.held)}`);
  if (odd.lost !== undefined) times.push(`lost ${inMs(odd.lost)}: ${odd.because}`);
  if (message.arrives === null && odd.lost === undefined) times.push("still on its way at the end");
  const marks = [odd.again ? "asked again" : "", odd.fate ?? ""].filter(Boolean).join(", ");
  return [
    element("p", { class: "phrase" },
      element("b", {}, message.phrase),
      ` ${message.source} → ${message.target} #${message.number}`,
      marks ? element("span", { class: "odd" }, ` ${marks}`) : "",
    ),
    element("p", { class: "soft" },
      `${message.kind}${message.call ? ` of ${callName(message.call)}` : ""}: ${times.join(", ")}`,
    ),
    element("ul", { class: "lines mono" }, message.lines.map((text) => element("li", {}, text))),
    element("p", { class: "rule" },
      sentenceOf(message.sentence.leaves, message),
      message.arrives === null ? "" : ` ${sentenceOf(message.sentence.arrives, message)}`,
      message.sentence.section ? element("span", { class: "section" }, ` ${message.sentence.section}`) : "",
    ),
  ];
}

const sentenceOf = (template, message) =>
  template.replaceAll("{source}", message.source).replaceAll("{target}", message.target);

function legend() {
  const key = (name, text) =>
    element("li", {}, element("span", { class: `key ${name}`, "aria-hidden": "true" }), text);
  return element(
    "details",
    { class: "legend" },
    element("summary", {}, "How to read it"),
    element(
      "ul",
      {},
      key("preparing", "prepare and votes; the bar PREPARING"),
      key("committing", "commit; the bar COMMITTING"),
      key("cancelling", "cancel; the hatched bar CANCELLING"),
      key("accent", "a write of the ledger, or a singleton's"),
      key("read", "a read"),
      key("soft", "between clients, routers and coordinators"),
      key("odd", "late, repeated or held; recovery"),
      key("bad", "lost: cut short, with a cross and the cause"),
      key("dashed", "dashed: a reply"),
      key("tick", "a durable write"),
      key("diamond", "the decision in the ledger"),
      key("promise", "a promise: a transaction is ongoing on an item"),
      key("down", "hatched: a host is down, paused, or cut off"),
    ),
    element("p", { class: "soft" }, KEYS_HELP, " Ctrl and the wheel zoom, Shift and the wheel pan."),
  );
}
