/* htmx with our manners: the token goes along, focus and scroll stay, and no failure is silent. */
import { ask } from "./forms.js";
import { toast } from "./toasts.js";
import { word } from "./words.js";

const SENTENCES = { 403: "denied", 404: "gone", 408: "timeout", 409: "stale", 410: "gone", 412: "stale", 429: "busy", 504: "timeout" };
const SENTENCE_MOST = 400;
let pending = 0, place = null;

function loginPath() {
  return document.body.dataset.loginUrl || "/accounts/login/";
}

function signIn() {
  toast(word("expired"), "attention");
  const here = location.pathname + location.search;
  location.assign(`${loginPath()}?next=${encodeURIComponent(here)}`);
}

function cameFromLogin(xhr) {
  return Boolean(xhr.responseURL) && new URL(xhr.responseURL).pathname === loginPath() && location.pathname !== loginPath();
}

function sentence(xhr) {
  const kind = xhr.getResponseHeader("Content-Type") || "";
  const own = kind.startsWith("text/plain") ? xhr.responseText.trim() : "";
  if (own && own.length <= SENTENCE_MOST) return own;
  return word(SENTENCES[xhr.status] || (xhr.status >= 500 ? "failed" : "refused"));
}

function line(on) {
  pending = Math.max(0, pending + (on ? 1 : -1));
  document.getElementById("load-line")?.classList.toggle("is-on", pending > 0);
}

function remember() {
  const active = document.activeElement;
  place = { x: scrollX, y: scrollY, id: active?.id, row: active?.closest?.("[data-row]")?.dataset.row };
}

function restore(event) {
  if (!place || event.detail.target?.hasAttribute?.("data-moves")) return;
  if (document.activeElement === document.body) {
    const again = (place.id && document.getElementById(place.id)) || (place.row && document.querySelector(`[data-row="${CSS.escape(place.row)}"] a`));
    again?.focus({ preventScroll: true });
  }
  if (Math.abs(scrollY - place.y) > 1 && place.y <= document.documentElement.scrollHeight - innerHeight) scrollTo(place.x, place.y);
  place = null;
}

export function start() {
  const on = (name, handler) => document.addEventListener(`htmx:${name}`, handler);
  on("configRequest", (event) => {
    const token = document.querySelector("meta[name=csrf-token]")?.content;
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
  });
  on("confirm", async (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    const source = event.target.dataset;
    if (await ask({ title: source.confirmTitle, text: event.detail.question, label: source.confirmLabel })) event.detail.issueRequest(true);
  });
  on("beforeRequest", () => line(true));
  on("afterRequest", () => line(false));
  on("beforeSwap", (event) => {
    if (cameFromLogin(event.detail.xhr)) {
      event.detail.shouldSwap = false;
      signIn();
      return;
    }
    remember();
  });
  on("afterSettle", restore);
  on("responseError", (event) => (event.detail.xhr.status === 401 ? signIn() : toast(sentence(event.detail.xhr), "bad")));
  on("sendError", () => toast(word("offline"), "bad"));
  on("timeout", () => toast(word("timeout"), "bad"));
}
