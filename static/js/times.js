/* Keeps "42 min", "00:42" and "in 3:18" true while the page stays open. Mirrors backoffice/portal/figures.py. */
import { word } from "./words.js";

const MINUTE = 60, HOUR = 3600, DAY = 86400, MONTH = 30 * DAY, YEAR = 365 * DAY;
const EVERY_MS = 20000;

function filled(name, value) {
  return word(name).replace("%d", String(value)).replace("%s", String(value));
}

export function spanText(seconds) {
  const passed = Math.floor(Math.abs(seconds));
  if (passed < MINUTE) return word("now");
  if (passed < HOUR) return filled("unitMin", Math.floor(passed / MINUTE));
  if (passed < DAY) return filled("unitH", Math.floor(passed / HOUR));
  if (passed < MONTH) return filled("unitD", Math.floor(passed / DAY));
  if (passed < YEAR) return filled("unitMo", Math.floor(passed / MONTH));
  return filled("unitY", Math.floor(passed / YEAR));
}

function agoText(seconds) {
  return seconds <= -MINUTE ? filled("in", spanText(seconds)) : spanText(seconds);
}

function hoursAndMinutes(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / MINUTE);
  return [Math.floor(minutes / 60), String(minutes % 60).padStart(2, "0")];
}

function ageText(seconds) {
  const [hours, minutes] = hoursAndMinutes(seconds);
  if (hours < 24) return `${String(hours).padStart(2, "0")}:${minutes}`;
  return word("unitDh").replace("%(days)d", Math.floor(hours / 24)).replace("%(hours)02d", String(hours % 24).padStart(2, "0"));
}

function dueText(left) {
  const [hours, minutes] = hoursAndMinutes(left);
  const days = Math.floor(hours / 24);
  const span = hours < 24 ? `${hours}:${minutes}` : `${days} ${word(days === 1 ? "unitDay" : "unitDays")}`;
  return filled(left >= 0 ? "in" : "late", span);
}

function refresh() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-time]")) {
    const passed = (now - Date.parse(time.dateTime)) / 1000;
    const kind = time.dataset.time;
    const text = kind === "ago" ? agoText(passed) : kind === "age" ? ageText(passed) : dueText(-passed);
    if (time.textContent !== text) time.textContent = text;
    if (kind === "due") {
      time.classList.toggle("is-late", passed > 0);
      time.classList.toggle("is-soon", passed <= 0 && -passed < Number(time.dataset.soon) * MINUTE);
    }
  }
}

export function start() {
  setInterval(() => { if (!document.hidden) refresh(); }, EVERY_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}
