/* Ctrl-K: pages at once from the navigation, everything else from the server as JSON or as HTML options. */
import { element, icon, word } from "./words.js";

const WAIT_MS = 140;
const PAGES_MOST = 6;
let dialog, input, list, timer, request, pages = [], found = [];

function marked(text, query) {
  const at = query ? text.toLowerCase().indexOf(query.toLowerCase()) : -1;
  if (at < 0) return [text];
  return [text.slice(0, at), element("mark", {}, text.slice(at, at + query.length)), text.slice(at + query.length)];
}

function option(item, query) {
  const link = element("a", { class: "palette-item", role: "option", href: item.url, tabindex: "-1" });
  if (item.icon) link.append(icon(item.icon));
  link.append(element("span", {}, ...marked(item.label, query)));
  if (item.note) link.append(element("small", {}, item.note));
  return link;
}

function group(label, items, query) {
  const head = element("div", { class: "palette-group", "aria-hidden": "true" }, label);
  return element("div", { role: "group", "aria-label": label }, head, ...items.map((item) => option(item, query)));
}

function matchingPages(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return pages.filter((page) => words.every((part) => page.label.toLowerCase().includes(part))).slice(0, query ? PAGES_MOST : 30);
}

function options() {
  return [...list.querySelectorAll("[role=option]")];
}

function choose(index) {
  const all = options();
  all.forEach((item, i) => {
    item.id = `palette-option-${i}`;
    item.setAttribute("aria-selected", String(i === index));
  });
  if (all[index]) {
    input.setAttribute("aria-activedescendant", all[index].id);
    all[index].scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}

function say(text) {
  list.append(element("div", { class: "palette-empty", role: "status" }, text));
}

function draw(query, state) {
  list.replaceChildren();
  const local = matchingPages(query);
  const meant = query && local.some((page) => page.label.toLowerCase().startsWith(query.toLowerCase()));
  const theirs = found.map((part) => (part instanceof Node ? part : group(part.label, part.items, query)));
  const ours = local.length ? [group(word("pages"), local, query)] : [];
  list.append(...(meant ? [...ours, ...theirs] : [...theirs, ...ours]));
  if (state === "failed") say(word("searchFailed"));
  else if (!options().length) say(word(state === "waiting" ? "searching" : "foundNothing"));
  choose(options().length ? 0 : -1);
}

async function read(answer) {
  if ((answer.headers.get("Content-Type") || "").includes("json")) return (await answer.json()).groups.filter((part) => part.items.length);
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  return [...parsed.body.children];
}

async function ask(query) {
  request?.abort();
  request = new AbortController();
  const mine = request;
  const url = new URL(document.body.dataset.searchUrl, location.href);
  url.searchParams.set("q", query);
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json, text/html;q=0.5", "X-Requested-With": "fetch" }, signal: mine.signal, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    found = await read(answer);
    if (mine === request) draw(query, "done");
  } catch (problem) {
    if (problem.name === "AbortError") return;
    found = [];
    draw(query, "failed");
  }
}

function onInput() {
  const query = input.value.trim();
  clearTimeout(timer);
  if (query.length < 2) {
    request?.abort();
    found = [];
    draw(query, "done");
    return;
  }
  draw(query, "waiting");
  timer = setTimeout(() => ask(query), WAIT_MS);
}

function onKey(event) {
  const all = options();
  const at = all.findIndex((item) => item.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && all.length) {
    event.preventDefault();
    choose((at + step + all.length) % all.length);
  } else if (event.key === "Enter" && all[at]) {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) open(all[at].href, "_blank", "noopener");
    else all[at].click();
  }
}

export function openPalette() {
  if (!dialog || dialog.open) return;
  pages = [...document.querySelectorAll(".side-link")].map((link) => ({
    label: link.querySelector("span").textContent.trim(),
    url: link.href,
    icon: link.querySelector("use")?.getAttribute("href").split("#i-")[1],
    note: link.dataset.go ? `g ${link.dataset.go}` : "",
  }));
  input.value = "";
  found = [];
  dialog.showModal();
  draw("", "done");
  input.focus();
}

export function start() {
  dialog = document.getElementById("palette");
  if (!dialog || !document.body.dataset.searchUrl) { dialog = null; return; }
  input = document.getElementById("palette-input");
  list = document.getElementById("palette-list");
  input.addEventListener("input", onInput);
  input.addEventListener("keydown", onKey);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => request?.abort());
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    openPalette();
  });
}
