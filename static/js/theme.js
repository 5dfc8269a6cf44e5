/* Light, dark or as the system; normal or compact rows. The choice stays in this browser. */
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

function stored(name, otherwise) {
  try { return localStorage.getItem(name) || otherwise; } catch { return otherwise; }
}

function keep(name, value) {
  try { localStorage.setItem(name, value); } catch { /* barred storage: the choice holds for this page */ }
}

function mark(choice) {
  for (const button of document.querySelectorAll("[data-theme-set]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeSet === choice));
  }
  for (const button of document.querySelectorAll("[data-density-toggle]")) {
    button.setAttribute("aria-pressed", String(root.dataset.density === "compact"));
  }
}

function apply(choice) {
  const next = choice === "dark" || (choice === "system" && dark.matches) ? "dark" : "light";
  const changed = root.dataset.bsTheme !== next;
  root.dataset.bsTheme = next;
  mark(choice);
  if (changed) document.dispatchEvent(new CustomEvent("portal:theme"));
}

export function start() {
  mark(stored("portal.theme", "system"));
  dark.addEventListener("change", () => apply(stored("portal.theme", "system")));
  document.addEventListener("click", (event) => {
    const theme = event.target.closest("[data-theme-set]");
    const density = event.target.closest("[data-density-toggle]");
    if (theme) {
      keep("portal.theme", theme.dataset.themeSet);
      apply(theme.dataset.themeSet);
    }
    if (density) {
      root.dataset.density = root.dataset.density === "compact" ? "normal" : "compact";
      keep("portal.density", root.dataset.density);
      mark(stored("portal.theme", "system"));
    }
  });
}
