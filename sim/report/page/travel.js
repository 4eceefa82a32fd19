// Time travel: one moment of the run - the step that happens, what each node has, what is on its way.
//
// The slider goes over what the diagram shows.  What a disk has is worked out by replaying the
// durable changes up to the moment; everybody else has nothing that a crash would leave.

const STEPS_AROUND = 4;
const PLAY_MS = 700;
const NO_STEP = "Go to a moment with the slider, or step by step.";

function mountTravel(section, RUN, view) {
  const data = dataOf(RUN);
  const disks = makeDisks(RUN);
  let at = -1; // Which of the chosen steps happens.
  let playing = null;
  let isWaiting = false;

  const button = (label, text, action) =>
    element("button", { type: "button", "aria-label": label, title: label, onclick: action }, text);
  const play = button("Play", "Play", toggle);
  const slider = element("input", {
    type: "range",
    "aria-label": "Virtual time",
    oninput: () => move(Number(slider.value)),
    onkeydown: (event) => {
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      step(by);
    },
  });
  const clock = element("output", { class: "clock mono" });
  const sentence = element("p", { class: "sentence", "aria-live": "polite" });
  const steps = element("ol", { class: "steps" });
  const flying = element("ul", { class: "flying" });
  const cards = element("div", { class: "cards" });
  const rest = element("p", { class: "soft" });

  document.getElementById("transport").append(
    element("div", { class: "buttons" },
      button("Previous step", "◀ Step", () => step(-1)),
      play,
      button("Next step", "Step ▶", () => step(1)),
      clock,
    ),
    slider,
    sentence,
  );
  section.append(
    element("div", { class: "moment" },
      element("div", {}, element("h3", {}, "Step by step"), steps),
      element("div", {}, element("h3", {}, "On its way"), flying),
    ),
    element("h3", {}, "What each node has"),
    cards,
    rest,
  );

  // Moving ------------------------------------------------------------------------------------

  const chosen = () => data.chosen(view);

  function move(us) {
    at = lastStep(chosen().steps, us);
    view.set({ t: us });
  }

  function step(by) {
    const all = chosen().steps;
    if (all.length === 0) return;
    if (view.t === null) at = firstStep(all, view.from ?? 0) - (by > 0 ? 1 : 0);
    at = Math.min(Math.max(0, at + by), all.length - 1);
    view.set({ t: all[at].us });
    show(); // Two steps may share a moment, and the view does not change then.
  }

  function toggle() {
    if (playing !== null) {
      clearInterval(playing);
      playing = null;
    } else {
      playing = setInterval(() => {
        const before = at;
        step(1);
        if (at === before) toggle();
      }, PLAY_MS);
    }
    play.textContent = playing === null ? "Play" : "Pause";
    play.setAttribute("aria-label", playing === null ? "Play" : "Pause");
  }

  // Showing -----------------------------------------------------------------------------------

  function show() {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      const all = chosen().steps;
      slider.min = Math.floor(view.from ?? 0);
      slider.max = Math.ceil(view.to ?? data.end);
      slider.value = view.t ?? slider.min;
      slider.setAttribute("aria-valuetext", inMs(Number(slider.value)));
      clock.textContent = view.t === null ? "choose a moment" : inMs(view.t);
      if (view.t !== null && all[at]?.us !== view.t) at = lastStep(all, view.t);
      showSteps(all);
      if (view.t !== null) {
        showFlying(view.t);
        showCards(view.t);
      }
    });
  }

  function showSteps(all) {
    const now = view.t === null ? null : all[at];
    sentence.replaceChildren(...(now === undefined || now === null ? [NO_STEP] : sentenceAt(now)));
    const first = Math.max(0, at - STEPS_AROUND);
    steps.start = first + 1;
    steps.replaceChildren(
      ...all.slice(first, at + STEPS_AROUND + 1).map((one, n) => {
        const link = element(
          "button",
          { type: "button", class: "step", onclick: () => step(first + n - at) },
          element("span", { class: "mono when" }, inMs(one.us)),
          ` ${shortOf(one)}`,
        );
        return element("li", first + n === at ? { "aria-current": "step" } : {}, link);
      }),
    );
  }

  function sentenceAt(step) {
    const { text, section: paragraph } = sayStep(data, step);
    return [text, paragraph ? element("span", { class: "section" }, ` ${paragraph}`) : ""];
  }

  function shortOf(step) {
    if (step.what === "write") return `${RUN.nodes[step.one.node].name} ${RUN.texts[step.one.text]}`;
    if (step.what === "event") return eventShort(RUN, step.one);
    const message = data.message(step.n);
    const { source, target, phrase } = message;
    return {
      sent: `${source} sends to ${target}: ${phrase}`,
      arrived: `${target} receives from ${source}: ${phrase}`,
      lost: `${source} → ${target} is lost (${message.odd.because}): ${phrase}`,
      held: `${source} → ${target} waits: ${phrase}`,
    }[step.what];
  }

  function showFlying(t) {
    const found = data
      .between(chosen(), t, t)
      .filter((n) => RUN.messages.us[n] <= t && data.until[n] > t)
      .map((n) => data.message(n));
    flying.replaceChildren(
      ...(found.length === 0 ? [element("li", { class: "soft" }, "nothing")] : []),
      ...found.slice(0, 20).map((message) => element("li", {},
        element("b", {}, `${message.source} → ${message.target}`),
        ` ${message.phrase}`,
        element("span", { class: "soft" }, ` ${fateOf(message, t)}`),
      )),
      found.length > 20 ? element("li", { class: "soft" }, `and ${found.length - 20} more`) : "",
    );
  }

  function showCards(t) {
    const state = disks.at(t);
    const nodes = RUN.nodes.map((node, n) => ({ ...node, n }));
    const wanted = view.node === null ? nodes : nodes.filter((one) => one.name === view.node);
    const quiet = [];
    const followers = [];
    const busy = [];
    for (const node of wanted) {
      const card = cardOf(RUN, node, t, [...(state.get(node.n) ?? new Map())]);
      if (card !== null) busy.push(card);
      else if (node.role === "follower") followers.push(node.name);
      else quiet.push(node.name);
    }
    cards.replaceChildren(...busy);
    rest.textContent = [
      quiet.length > 0 ? `Nothing at ${quiet.join(", ")}.` : "",
      followers.length > 0 ? `What ${followers.join(", ")} have in their memory is not shown.` : "",
    ].join(" ").trim();
  }

  view.on((changed) => {
    if (changed.some((name) => name !== "theme")) show();
  });
  show();
}

function fateOf(message, t) {
  const { odd, arrives } = message;
  const willBeLost = `will be lost: ${odd.because}`;
  if (odd.lost !== undefined && arrives === null) return willBeLost;
  if (odd.held !== undefined) return `waits from ${inMs(odd.held)}`;
  if (arrives === null) return "";
  if (arrives > t) return `arrives ${inMs(arrives)}`;
  return odd.copy === undefined ? `a copy ${willBeLost}` : `a copy arrives ${inMs(odd.copy)}`;
}
