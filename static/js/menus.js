/* Menus are <details>: they work without a script; this closes them when the eye has left. */
function closeAll(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

function step(menu, by) {
  const items = [...menu.querySelectorAll(".menu-body :is(a, button, input):not([disabled])")];
  const at = items.indexOf(document.activeElement);
  items[(at + by + items.length) % items.length]?.focus();
}

/* A box that would lie beyond the window hangs from its chip's other end. */
function keepInside(menu) {
  menu.classList.remove("opens-end");
  const box = menu.querySelector(".menu-body")?.getBoundingClientRect();
  if (!menu.open || !box) return;
  if (box.right > document.documentElement.clientWidth || box.left < 0) menu.classList.add("opens-end");
}

export function start() {
  document.addEventListener("toggle", (event) => { if (event.target.matches?.("details.menu")) keepInside(event.target); }, true);
  document.addEventListener("click", (event) => closeAll(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details.menu[open]");
    if (!menu) return;
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.stopPropagation();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(menu, event.key === "ArrowDown" ? 1 : -1);
    }
  });
}
