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
  // On paper it is light.
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.theme = "light";
  });
  addEventListener("afterprint", show);
  view.on((changed) => {
    if (changed.includes("theme")) show();
  });
  show();
}
