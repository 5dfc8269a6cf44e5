/* Lists: select all with the bulk bar, rows that open on click, and the choice of columns. */
import { word } from "./words.js";

const INTERACTIVE = "a, button, input, label, select, textarea, summary, [contenteditable]";

function boxes(table) {
  return [...table.querySelectorAll("input[data-select]:not(:disabled)")];
}

function showSelection(scope) {
  const all = boxes(scope), chosen = all.filter((box) => box.checked);
  const head = scope.querySelector("input[data-select-all]");
  if (head) {
    head.checked = all.length > 0 && chosen.length === all.length;
    head.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  const bar = scope.querySelector("[data-bulk-bar]");
  if (!bar) return;
  bar.hidden = chosen.length === 0;
  const count = bar.querySelector("[data-bulk-count]");
  if (count) count.textContent = word("selected").replace("%d", String(chosen.length));
  const sum = sums(chosen);
  const shown = bar.querySelector("[data-bulk-sum]");
  if (shown) shown.textContent = sum;
  /* What can't be taken back says in numbers what will happen. */
  for (const button of bar.querySelectorAll("[data-bulk-confirm]")) {
    button.dataset.confirm = [count?.textContent, sum].filter(Boolean).join(": ") + ". " + button.dataset.bulkConfirm;
  }
}

/* One sum per currency, to be read before something is sent; what is booked is reckoned elsewhere. */
function sums(chosen) {
  const totals = new Map();
  for (const [amount, currency] of chosen.map((box) => (box.dataset.sum ?? "").split(" "))) {
    if (!amount) continue;
    const known = totals.get(currency) ?? { total: 0, places: 0 };
    known.total += Number(amount);
    known.places = Math.max(known.places, (amount.split(".")[1] ?? "").length);
    totals.set(currency, known);
  }
  const write = (total, places) => total.toLocaleString(document.documentElement.lang || "en", { minimumFractionDigits: places, maximumFractionDigits: places });
  return [...totals].map(([currency, { total, places }]) => `${write(total, places)} ${currency}`).join(", ");
}

let last = null;

function onChange(event) {
  const box = event.target;
  const scope = box.closest?.("[data-list]");
  if (!scope) return;
  if (box.matches("[data-select-all]")) boxes(scope).forEach((each) => { each.checked = box.checked; });
  if (box.matches("[data-select], [data-select-all]")) showSelection(scope);
}

function onClick(event) {
  const clear = event.target.closest("[data-bulk-clear]");
  if (clear) {
    const scope = clear.closest("[data-list]");
    boxes(scope).forEach((box) => { box.checked = false; });
    showSelection(scope);
    return;
  }
  const box = event.target.closest("input[data-select]");
  if (box) {
    const all = boxes(box.closest("[data-list]"));
    const from = all.indexOf(last), to = all.indexOf(box);
    if (event.shiftKey && from >= 0) {
      all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((each) => { each.checked = box.checked; });
    }
    last = box;
    return;
  }
  const row = event.target.closest("tr[data-row]");
  if (!row || event.target.closest(INTERACTIVE) || String(getSelection())) return;
  const link = row.querySelector("a[data-open]");
  if (link) event.ctrlKey || event.metaKey ? open(link.href, "_blank", "noopener") : link.click();
}

/* The chooser is a form in the query string; without a script its own button applies it. */
function onColumns(event) {
  const form = event.target.closest?.("form[data-columns]");
  if (!form) return;
  const chosen = [...form.querySelectorAll("input[data-column]:checked")].map((box) => box.value);
  form.querySelector("input[name=columns]").value = chosen.join(",");
}

/* A table wider than its panel scrolls inside it; only then does its head leave the window's top. */
function fitTables() {
  document.querySelectorAll(".table-scroll").forEach((box) => {
    const table = box.querySelector("table");
    if (!table) return;
    const isOver = table.scrollWidth > box.clientWidth + 1;
    box.classList.toggle("is-over", isOver);
    // What scrolls must be reached by the keyboard; a table with links is, by them.
    if (isOver && !box.querySelector("a, button, input")) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
}

export function start() {
  new ResizeObserver(fitTables).observe(document.body);
  document.addEventListener("change", onChange);
  document.addEventListener("change", onColumns);
  document.addEventListener("click", onClick);
  document.addEventListener("htmx:afterSettle", () => document.querySelectorAll("[data-list]").forEach(showSelection));
  document.addEventListener("htmx:afterSettle", fitTables);
  document.querySelectorAll("[data-list]").forEach(showSelection);
}
