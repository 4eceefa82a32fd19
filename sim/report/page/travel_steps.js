// The steps of a run, one by one: which of them happens, and what it is in a sentence.

// Which of the steps is the last one up to a moment, and the first one from it on.
function lastStep(steps, us) {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle].us > us) high = middle;
    else low = middle + 1;
  }
  return low - 1;
}

const firstStep = (steps, us) => lastStep(steps, us - 1) + 1;

// What a step is in a sentence, and which section of the paper it follows.
function sayStep(data, step) {
  const { RUN } = data;
  if (step.what === "write") {
    const node = RUN.nodes[step.one.node].name;
    const [section, text] = RUN.writings[step.one.what];
    return { text: `${text.replaceAll("{node}", node)} (${RUN.texts[step.one.text]})`, section };
  }
  if (step.what === "event") {
    const text = `${eventShort(RUN, step.one)}. ${RUN.meanings[step.one.event] ?? ""}`;
    return { text, section: "" };
  }
  const message = data.message(step.n);
  const { sentence, odd, phrase } = message;
  const quoted = `${message.source} → ${message.target} #${message.number}: ${phrase}`;
  if (step.what === "lost") {
    return { text: `A message is lost (${odd.because}): ${quoted}.`, section: "" };
  }
  if (step.what === "held") {
    return { text: `A message waits, for its link is held or its host stands still: ${quoted}.`, section: "" };
  }
  const isSent = step.what === "sent";
  const again = isSent && odd.again ? "Asked again. " : "";
  const copy = !isSent && odd.copy === step.us ? "A copy arrives. " : "";
  const said = sentenceOf(isSent ? sentence.leaves : sentence.arrives, message);
  return { text: `${again}${copy}${said} (${quoted})`, section: sentence.section };
}

function eventShort(RUN, event) {
  const who = event.node < 0 ? "" : `${RUN.nodes[event.node].name}: `;
  const call = event.call < 0 ? "" : ` of ${callName(RUN.calls[event.call])}`;
  const text = RUN.texts[event.text];
  return `${who}${event.event}${call}${text ? ` (${text})` : ""}`;
}
