/* The keyboard: rows by j k o x, whatever carries data-key, g and a letter, and the map behind "?". */
import { element } from "./words.js";
import { openPalette } from "./palette.js";

const GO_MS = 1400;
let going = 0;

function typing(target) {
  return target.isContentEditable || target.closest?.("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
}

function visible(item) {
  return item.getClientRects().length > 0;
}

function enabled() {
  try { return localStorage.getItem("portal.keys") !== "off"; } catch { return true; }
}

function rows() {
  return [...document.querySelectorAll("[data-row]")].filter(visible);
}

function current(all) {
  const focused = document.activeElement?.closest?.("[data-row]");
  return focused ?? all.find((row) => row.matches(".is-at, [aria-current]")) ?? null;
}

function target(row) {
  return row.matches("a") ? row : row.querySelector("a[data-open]") ?? row.querySelector("a[href], button");
}

function move(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(current(all));
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  for (const row of all) row.classList.toggle("is-at", row === next);
  target(next)?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function onRow(key) {
  const row = current(rows());
  if (!row) return false;
  if (key === "o") target(row)?.click();
  else row.querySelector("input[data-select]")?.click();
  return true;
}

function press(key) {
  const item = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(visible);
  if (!item) return false;
  if (item.matches("input, textarea, select")) item.focus();
  else item.click();
  return true;
}

function label(item) {
  const copy = item.cloneNode(true);
  copy.querySelectorAll("kbd, svg, .side-count").forEach((part) => part.remove());
  return (copy.textContent.trim() || item.getAttribute("aria-label") || item.title).replace(/\s+/g, " ");
}

function list(holder, items, keyOf) {
  holder.replaceChildren();
  if (!items.length) return;
  const lines = items.map((item) => element("div", {}, element("dt", {}, element("kbd", {}, keyOf(item))), element("dd", {}, label(item))));
  holder.append(element("h3", { class: "space-above" }, holder.dataset.title), element("dl", {}, ...lines));
}

export function openKeyMap() {
  const dialog = document.getElementById("key-map");
  if (!dialog || dialog.open) return;
  list(document.getElementById("key-map-page"), [...document.querySelectorAll("[data-key]")].filter((item) => visible(item) && item.dataset.key !== "/"), (item) => item.dataset.key);
  list(document.getElementById("key-map-go"), [...document.querySelectorAll("[data-go]")], (item) => item.dataset.go);
  dialog.querySelector("[data-single-keys]").checked = enabled();
  dialog.showModal();
}

function single(event) {
  const key = event.key;
  if (going && Date.now() - going < GO_MS) {
    going = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (link) link.click();
    return Boolean(link);
  }
  if (key === "g") { going = Date.now(); return true; }
  if (key === "?") { openKeyMap(); return true; }
  if (key === "j" || key === "k") { move(key === "j" ? 1 : -1); return true; }
  if (event.repeat) return false;
  if (key === "o" || key === "x") return onRow(key) || press(key);
  return press(key);
}

function onKey(event) {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector("dialog[open]")) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key.length === 1 && enabled() && single(event)) event.preventDefault();
}

export function start() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => { if (event.target.closest("[data-key-map]")) openKeyMap(); });
  document.querySelector("[data-single-keys]")?.addEventListener("change", (event) => {
    try { localStorage.setItem("portal.keys", event.target.checked ? "on" : "off"); } catch { /* holds for this page */ }
  });
}
