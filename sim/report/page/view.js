// What the page shows: one state that all sections read and set.
//
//   t            virtual time in µs, where time travel stands
//   transaction  the call of a client that everything else gives way to, as in "k1/12"; null: all.
//                It may be asked for by the name of its transaction as well, as in "t34"
//   node         likewise a node, "p2"
//   item         likewise an item, by its index in RUN.items
//   kind         likewise a kind of message, "Prepare"
//   from, to     the part of the run that the diagram shows, in µs
//   theme        "light", "dark", or null for what the system prefers
//
// `view.set({t: 5})` changes some of it and tells every listener, once, with the names of what has
// changed.  The state is mirrored in the address, `run.html#t=5&transaction=k1/12`, so that a moment
// can be sent to somebody; an address that is typed in is a change like any other.  One that names a
// section of the page, `#diagram`, leads there and changes nothing.

const VIEW_NUMBERS = ["t", "item", "from", "to"];
const VIEW_NAMES = ["t", "transaction", "node", "item", "kind", "from", "to", "theme"];
const KEPT = ["from", "to", "theme"]; // A link that does not speak of them leaves them alone.
const ADDRESS_DELAY_MS = 200; // Browsers allow few changes of an address a second.

function makeView(RUN) {
  const calls = new Map(RUN.calls.map((call) => [call.call, call.call]));
  for (const { call, names } of RUN.calls) {
    for (const name of names) if (!calls.has(name)) calls.set(name, call);
  }
  const nodes = new Set(RUN.nodes.map((node) => node.name));
  const kinds = new Set(RUN.messages.kinds);
  const moment = (us) =>
    Number.isFinite(us) ? Math.min(Math.max(0, Math.round(us)), RUN.meta.end_us) : null;
  const valid = {
    t: moment,
    from: moment,
    to: moment,
    transaction: (named) => calls.get(named) ?? null,
    node: (name) => (nodes.has(name) ? name : null),
    item: (n) => (Number.isInteger(n) && n >= 0 && n < RUN.items.length ? n : null),
    kind: (kind) => (kinds.has(kind) ? kind : null),
    theme: (theme) => (theme === "light" || theme === "dark" ? theme : null),
  };
  const listeners = [];
  const view = Object.fromEntries(VIEW_NAMES.map((name) => [name, null]));
  let waiting = null;
  let known = location.hash; // The address as it was last read or written.

  // The call that goes by this name; undefined if none does.
  view.callNamed = (name) => calls.get(name);

  view.on = (listener) => {
    listeners.push(listener);
  };

  view.set = (wanted) => {
    const changed = [];
    for (const [name, value] of Object.entries(wanted)) {
      const next = value === null || value === undefined ? null : valid[name](value);
      if (next !== view[name]) {
        view[name] = next;
        changed.push(name);
      }
    }
    if (changed.length === 0) return;
    for (const listener of listeners) listener(changed);
    writeSoon();
  };

  // Tells everybody that the colours are other ones, though nobody has chosen so.
  view.repaint = () => {
    for (const listener of listeners) listener(["theme"]);
  };

  view.address = () => {
    const parts = [];
    for (const name of VIEW_NAMES) {
      // A slash may stand in a fragment, and calls are full of them.
      const value = view[name];
      if (value !== null) {
        parts.push(`${name}=${encodeURIComponent(value).replaceAll("%2F", "/")}`);
      }
    }
    return `#${parts.join("&")}`;
  };

  view.readAddress = () => {
    known = location.hash;
    writeSoon();
    const place = known.slice(1);
    if (document.getElementById(place) !== null) return;
    const found = new URLSearchParams(place);
    const wanted = {};
    for (const name of VIEW_NAMES) {
      const text = found.get(name)?.trim() || null; // What is empty says nothing.
      wanted[name] = text === null || !VIEW_NUMBERS.includes(name) ? text : Number(text);
    }
    for (const name of KEPT) if (wanted[name] === null) delete wanted[name];
    const [from, to] = ["from", "to"].map((name) => (name in wanted ? valid[name](wanted[name]) : view[name]));
    if (from === null || to === null || from >= to) { // No part of the run, so none is asked for.
      delete wanted.from;
      delete wanted.to;
    }
    view.set(wanted);
  };

  function writeSoon() {
    if (waiting === null) waiting = setTimeout(writeAddress, ADDRESS_DELAY_MS);
  }

  function writeAddress() {
    waiting = null;
    if (location.hash !== known) return; // Another one was typed in this moment: it is read first.
    if (view.address() !== known) {
      history.replaceState(null, "", view.address());
      known = location.hash;
    }
  }

  addEventListener("hashchange", view.readAddress);
  return view;
}
