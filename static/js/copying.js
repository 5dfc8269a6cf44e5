/* A click on a reference copies it; the row or page stays where it is. */
import { toast } from "./toasts.js";
import { word } from "./words.js";

async function copy(text, named) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard without a secure origin: a selection is the next best thing.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "hidden-text";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(`${word("copied")}: ${named || text}`, "good");
}

export function start() {
  document.addEventListener("click", (event) => {
    const source = event.target.closest("[data-copy]");
    if (!source) return;
    event.preventDefault();
    event.stopPropagation();
    copy(source.dataset.copy || source.textContent.trim(), source.dataset.copied);
  });
}
