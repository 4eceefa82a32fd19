// Begins everything, in the order of the sections.

const RUN = JSON.parse(document.getElementById("run").textContent);
const view = makeView(RUN);

const SECTIONS = {
  filters: mountFilters,
  space: mountDiagram,
  travel: mountTravel,
  summary: typeof mountSummary === "function" ? mountSummary : null,
  findings: typeof mountFindings === "function" ? mountFindings : null,
  transactions: typeof mountTransactions === "function" ? mountTransactions : null,
  plots: typeof mountPlots === "function" ? mountPlots : null,
};

mountTheme(document.getElementById("theme"), view);
for (const [name, mount] of Object.entries(SECTIONS)) {
  const section = document.getElementById(name);
  if (mount === null) section.hidden = true;
  else mount(section, RUN, view);
}
view.readAddress();
if (view.address() === "#") view.set({ transaction: RUN.meta.chosen });
if (view.from === null || view.to === null) view.set(startOf(RUN, view));
globalThis.twophase = { RUN, view, data: dataOf(RUN) }; // For whoever asks the page's console.
