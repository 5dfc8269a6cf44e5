/* Documents: zoom, turn, page and fill the screen, by button, key or wheel; marks lie over what was read. */
import { element, word } from "./words.js";

const STEPS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, 6];

class Viewer {
  constructor(box) {
    this.box = box;
    this.view = box.querySelector(".viewer");
    this.pages = [...box.querySelectorAll(".viewer-page")];
    this.at = 0;
    this.zoom = 1;
    this.turned = new Map();
    box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-viewer-do]");
      if (button) this.act(button.dataset.viewerDo, button);
    });
    this.view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.act(event.deltaY < 0 ? "zoom-in" : "zoom-out");
    }, { passive: false });
    this.view.addEventListener("dblclick", () => this.act(this.zoom === 1 ? "double" : "fit"));
    this.dragging();
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.view.classList.contains("is-full")) this.act("full");
    });
    for (const page of this.pages) this.follow(page.querySelector("img"));
    new ResizeObserver(() => this.draw()).observe(this.view);
    this.show(0);
  }

  /* A page may take a moment: it is marked for each look. What does not come can be asked for again. */
  follow(image) {
    if (!image) return;
    image.addEventListener("load", () => this.draw());
    image.addEventListener("error", () => this.draw());
  }

  failed(image) {
    const again = element("button", { type: "button", class: "btn btn-sm" }, word("again"));
    again.addEventListener("click", () => { image.src = image.getAttribute("src"); this.draw(); });
    return element("div", { class: "viewer-failed", role: "alert" }, element("p", {}, word("notOpened")), again);
  }

  wait(image) {
    const broken = Boolean(image?.complete) && !image.naturalWidth;
    this.view.setAttribute("aria-busy", String(Boolean(image) && !image.complete));
    this.view.querySelector(".viewer-failed")?.remove();
    this.view.classList.toggle("is-broken", broken);
    if (broken) this.view.append(this.failed(image));
  }

  act(what, button) {
    const index = STEPS.indexOf(this.zoom);
    if (what === "zoom-in") this.zoom = STEPS[Math.min(index + 1, STEPS.length - 1)];
    if (what === "zoom-out") this.zoom = STEPS[Math.max(index - 1, 0)];
    if (what === "double") this.zoom = 2;
    if (what === "fit") this.zoom = 1;
    if (what === "rotate") this.turned.set(this.at, ((this.turned.get(this.at) ?? 0) + 90) % 360);
    if (what === "full") this.view.classList.toggle("is-full");
    if (what === "marks") this.box.querySelectorAll(".viewer-mark").forEach((mark) => { mark.hidden = !mark.hidden; });
    if (what === "next") this.show(this.at + 1);
    else if (what === "previous") this.show(this.at - 1);
    else if (what === "page") this.show(Number(button.dataset.page));
    else this.draw();
  }

  show(index) {
    this.at = Math.min(Math.max(index, 0), this.pages.length - 1);
    this.pages.forEach((page, i) => { page.hidden = i !== this.at; });
    for (const button of this.box.querySelectorAll("[data-viewer-do=page]")) button.setAttribute("aria-pressed", String(Number(button.dataset.page) === this.at));
    const count = this.box.querySelector("[data-viewer-count]");
    if (count) count.textContent = word("pageOf").replace("%(page)d", this.at + 1).replace("%(pages)d", this.pages.length);
    this.draw();
  }

  draw() {
    const page = this.pages[this.at];
    const turn = page?.querySelector(".viewer-turn");
    const image = turn?.querySelector("img");
    this.wait(image);
    if (!image?.naturalWidth) return;
    const angle = this.turned.get(this.at) ?? 0, sideways = angle % 180 !== 0;
    const room = { width: this.view.clientWidth - 36, height: this.view.clientHeight - 36 };
    const size = sideways ? { width: image.naturalHeight, height: image.naturalWidth } : { width: image.naturalWidth, height: image.naturalHeight };
    const scale = Math.min(room.width / size.width, room.height / size.height, 2) * this.zoom;
    page.style.width = `${size.width * scale}px`;
    page.style.height = `${size.height * scale}px`;
    turn.style.width = `${image.naturalWidth * scale}px`;
    turn.style.height = `${image.naturalHeight * scale}px`;
    turn.style.transform = `translate(-50%, -50%) rotate(${angle}deg)`;
    for (const mark of turn.querySelectorAll(".viewer-mark")) {
      const [x, y, width, height] = mark.dataset.box.split(",").map(Number);
      Object.assign(mark.style, { left: `${x}%`, top: `${y}%`, width: `${width}%`, height: `${height}%` });
    }
  }

  dragging() {
    let from = null;
    this.view.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.pointerType === "mouse") from = { x: event.clientX + this.view.scrollLeft, y: event.clientY + this.view.scrollTop };
    });
    window.addEventListener("pointermove", (event) => {
      if (from) this.view.scrollTo(from.x - event.clientX, from.y - event.clientY);
    });
    window.addEventListener("pointerup", () => { from = null; });
  }
}

/* Of many papers the open one is in sight. */
function showOpen(list) {
  const open = list.querySelector("[aria-current]");
  if (open) list.scrollTop = Math.max(0, open.offsetTop - list.clientHeight * 0.4);
}

function startAll(scope) {
  scope.querySelectorAll("[data-papers]").forEach(showOpen);
  for (const box of scope.querySelectorAll("[data-viewer]")) {
    if (box.viewer) continue;
    box.viewer = new Viewer(box);
  }
}

export function start() {
  startAll(document);
  document.addEventListener("htmx:load", (event) => startAll(event.target.parentElement ?? document));
}
