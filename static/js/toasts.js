/* Short messages at the edge. Good news leaves by itself; what went wrong stays until it is closed. */
import { element, icon, word } from "./words.js";

const SHOWN_MS = 6000;
const ICONS = { good: "circle-check", bad: "alert-circle", attention: "alert-triangle", going: "info-circle" };
const MOST = 4;

function leaveLater(note) {
  if (note.hasAttribute("data-stays")) return;
  let timer = setTimeout(() => note.remove(), SHOWN_MS);
  const wait = () => clearTimeout(timer);
  const go = () => { timer = setTimeout(() => note.remove(), SHOWN_MS / 2); };
  note.addEventListener("pointerenter", wait);
  note.addEventListener("pointerleave", go);
  note.addEventListener("focusin", wait);
  note.addEventListener("focusout", go);
}

export function toast(text, colour = "going") {
  const list = document.getElementById("toasts");
  if (!list || !text) return;
  const known = [...list.children].find((note) => note.querySelector("p")?.textContent === text);
  if (known) known.remove();
  const close = element("button", { type: "button", "data-toast-close": "", "aria-label": word("close") }, icon("x"));
  const note = element("li", { class: `toast-note is-${colour}`, "data-toast": "" }, icon(ICONS[colour] ?? ICONS.going), element("p", {}, text), close);
  if (colour === "bad" || colour === "attention") note.setAttribute("data-stays", "");
  list.append(note);
  while (list.children.length > MOST) list.firstElementChild.remove();
}

export function start() {
  const list = document.getElementById("toasts");
  if (!list) return;
  const adopt = (nodes) => nodes.forEach((node) => node instanceof HTMLElement && leaveLater(node));
  adopt([...list.children]);
  new MutationObserver((changes) => changes.forEach((change) => adopt([...change.addedNodes]))).observe(list, { childList: true });
  list.addEventListener("click", (event) => {
    if (event.target.closest("[data-toast-close]")) event.target.closest("[data-toast]").remove();
  });
  document.body.addEventListener("portal:toast", (event) => toast(event.detail.text, event.detail.colour));
}
