/* One click is one submit; what can't be undone asks first; a grey button says why; up and down in
   a table that is typed into. */
import { toast } from "./toasts.js";
import { word } from "./words.js";

const DOWNLOAD_MS = 2500;
const agreed = new WeakSet();

export function ask({ title, text, label }) {
  const dialog = document.getElementById("confirm");
  document.getElementById("confirm-title").textContent = title || word("confirm");
  document.getElementById("confirm-text").textContent = text;
  document.getElementById("confirm-yes").textContent = label || word("confirm");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-busy]")) {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
  for (const button of document.querySelectorAll("button[form][aria-busy]")) {
    if (button.form === form) { button.removeAttribute("aria-busy"); button.disabled = false; }
  }
}

function hold(form, submitter) {
  form.dataset.sent = "1";
  if (!submitter) return;
  submitter.setAttribute("aria-busy", "true");
  // Only after this turn: a button disabled during submit would not be sent with the form.
  setTimeout(() => { if (form.dataset.sent) submitter.disabled = true; });
  if (form.hasAttribute("data-download") || form.target === "_blank") setTimeout(() => release(form), DOWNLOAD_MS);
}

function wordsOf(button) {
  const copy = button?.cloneNode(true);
  copy?.querySelectorAll("kbd").forEach((key) => key.remove());
  return copy?.textContent.trim();
}

/* In a table of inputs the arrows go to the same column of the line above or below. */
function onArrow(event) {
  const input = event.target.closest?.("[data-cells] input");
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!input || !by || event.altKey || event.ctrlKey || event.metaKey) return;
  const cell = input.closest("td, th");
  const lines = [...input.closest("[data-cells]").querySelectorAll("tbody tr")];
  for (let at = lines.indexOf(cell.parentElement) + by; lines[at]; at += by) {
    const found = lines[at].cells[cell.cellIndex]?.querySelector("input");
    if (!found) continue;
    event.preventDefault();
    found.focus();
    if (found.type === "text") found.select();
    return;
  }
}

async function confirmFirst(form, submitter, source) {
  const label = source.dataset.confirmLabel || wordsOf(submitter);
  const yes = await ask({ title: source.dataset.confirmTitle || label, text: source.dataset.confirm, label });
  if (!yes) return submitter?.focus();
  agreed.add(form);
  form.requestSubmit(submitter);
}

function onSubmit(event) {
  const form = event.target, submitter = event.submitter;
  if (form.method === "dialog") return;
  if (form.dataset.sent) { event.preventDefault(); event.stopImmediatePropagation(); return; }
  const source = submitter?.hasAttribute("data-confirm") ? submitter : form;
  if (source.hasAttribute("data-confirm") && !agreed.delete(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    confirmFirst(form, submitter, source);
    return;
  }
  if (form.method === "post") hold(form, submitter);
}

function onClick(event) {
  const off = event.target.closest("[aria-disabled='true']");
  if (off) {
    event.preventDefault();
    event.stopImmediatePropagation();
    toast(off.dataset.why || off.title, "attention");
  }
}

/* Where a form is the page's only business, one begins in it: at what is wrong, else at its first
   field. Not on a phone, where that would open the keyboard over the page. */
function begin() {
  const forms = document.querySelectorAll("#page form:has(.form-actions)");
  if (forms.length !== 1 || forms[0].method !== "post" || document.querySelector("#page [data-key]")) return;
  if (document.activeElement !== document.body || matchMedia("(pointer: coarse)").matches) return;
  const fields = [...forms[0].querySelectorAll("input:not([type=hidden]), select, textarea")].filter((field) => field.getClientRects().length && !field.disabled);
  const first = fields.find((field) => field.getAttribute("aria-invalid") === "true") ?? fields[0];
  first?.focus({ preventScroll: true });
}

/* Ctrl Enter sends the form that one is in, when there is only one way to send it. */
function onEnter(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest?.("form");
  const ways = form?.method === "post" ? [...form.elements].filter((way) => way.type === "submit") : [];
  if (ways.length !== 1) return;
  event.preventDefault();
  ways[0].click();
}

export function start() {
  begin();
  document.addEventListener("keydown", onEnter);
  document.addEventListener("keydown", onArrow);
  document.addEventListener("submit", onSubmit, true);
  document.addEventListener("click", onClick, true);
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release); });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form");
    if (form) release(form);
  });
}
