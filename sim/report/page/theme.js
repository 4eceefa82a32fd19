// Light or dark: as the system prefers, until the switch says otherwise.

function mountTheme(button, view) {
  const preferred = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (view.theme ?? (preferred.matches ? "dark" : "light")) === "dark";

  function show() {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    button.setAttribute("aria-pressed", String(isDark()));
  }

  button.addEventListener("click", () => view.set({ theme: isDark() ? "light" : "dark" }));
  preferred.addEventListener("change", () => {
    show();
    view.repaint();
  });
  // On paper it is light, and as wide as a page.  Whoever draws hears of it after this.
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.theme = "light";
    document.documentElement.classList.add("printing");
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    show();
  });
  view.on((changed) => {
    if (changed.includes("theme")) show();
  });
  show();
}
