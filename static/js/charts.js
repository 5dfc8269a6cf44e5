/* Charts from JSON beside the canvas or behind a URL; colours are the theme's, drawn anew when it changes. */
import { element } from "./words.js";

const drawn = new Map();
let library;

function load() {
  library ??= new Promise((resolve, reject) => {
    const script = element("script", { src: document.body.dataset.chartLibrary });
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  return library;
}

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function format(value, unit) {
  const text = new Intl.NumberFormat(document.documentElement.lang || "en", { maximumFractionDigits: 2 }).format(value);
  return (unit ? `${text} ${unit}` : text).replace("-", "\u2212");
}

const TURNS = ["accent", "good", "attention", "held", "bad", "going", "neutral"];

function series(each, index, data) {
  const names = each.colours ?? [];
  const ink = token(each.colour ?? TURNS[index % TURNS.length]);
  const round = data.type === "doughnut";
  const inks = each.values.map((_, i) => token(names[i] ?? TURNS[i % TURNS.length]));
  return {
    label: each.label,
    data: each.values,
    borderColor: round ? token("surface") : ink,
    backgroundColor: round ? inks : each.fill || data.type === "line" ? `color-mix(in srgb, ${ink} 14%, transparent)` : ink,
    fill: Boolean(each.fill),
    borderWidth: data.type === "bar" ? 0 : 1.8,
    borderDash: each.dashed ? [5, 4] : [],
    borderRadius: data.type === "bar" ? 2 : 0,
    pointRadius: 0,
    pointHitRadius: 12,
    tension: 0.15,
    maxBarThickness: 34,
  };
}

function settings(data) {
  const axis = { grid: { color: token("line"), drawTicks: false }, border: { display: false }, ticks: { color: token("text-3"), font: { size: 11 }, padding: 8, maxRotation: 0, autoSkipPadding: 18 } };
  const several = data.series.length > 1 || data.type === "doughnut";
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const across = { ...axis, grid: { display: false }, stacked: Boolean(data.stacked) };
  // Counts have no halves: an axis of 0, 0.2, 0.4 cases is nonsense.
  const whole = data.series.every((each) => each.values.every(Number.isInteger));
  const up = { ...axis, stacked: Boolean(data.stacked), beginAtZero: data.from_zero !== false, ticks: { ...axis.ticks, precision: whole ? 0 : undefined, callback: (value) => format(value) } };
  return {
    type: data.type,
    data: { labels: data.labels, datasets: data.series.map((each, index) => series(each, index, data)) },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: calm ? false : { duration: 180 },
      interaction: { mode: "index", intersect: data.type === "doughnut" },
      cutout: "68%",
      scales: data.type === "doughnut" ? {} : { x: across, y: up },
      plugins: {
        legend: { display: several, position: data.type === "doughnut" ? "right" : "bottom", labels: { color: token("text-2"), boxWidth: 10, boxHeight: 10, useBorderRadius: true, borderRadius: 2, padding: 14, font: { size: 12 } } },
        tooltip: { backgroundColor: token("text"), titleColor: token("surface"), bodyColor: token("surface"), padding: 9, cornerRadius: 6, boxWidth: 8, boxHeight: 8, callbacks: { label: (item) => ` ${item.dataset.label ?? item.label}: ${format(item.raw, data.unit)}` } },
      },
    },
  };
}

/* The same figures as a table, for people who listen to the page. */
function spoken(canvas, data) {
  const head = element("tr", {}, element("td"), ...data.series.map((each) => element("th", { scope: "col" }, each.label ?? "")));
  const rows = data.labels.map((label, i) => element("tr", {}, element("th", { scope: "row" }, String(label)), ...data.series.map((each) => element("td", {}, format(each.values[i], data.unit)))));
  canvas.parentElement.querySelector("table.hidden-text")?.remove();
  canvas.after(element("table", { class: "hidden-text" }, element("caption", {}, canvas.getAttribute("aria-label") ?? ""), element("thead", {}, head), element("tbody", {}, ...rows)));
}

async function data(canvas) {
  const inline = canvas.dataset.chart && document.getElementById(canvas.dataset.chart);
  if (inline) return JSON.parse(inline.textContent);
  const answer = await fetch(canvas.dataset.chartUrl, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${canvas.dataset.chartUrl} answered ${answer.status}`);
  return answer.json();
}

async function draw(canvas) {
  const [figures] = await Promise.all([data(canvas), load()]);
  window.Chart.defaults.font.family = token("font");
  spoken(canvas, figures);
  drawn.get(canvas)?.chart.destroy();
  drawn.set(canvas, { chart: new window.Chart(canvas, settings(figures)), figures });
}

function drawAll(scope = document) {
  for (const canvas of scope.querySelectorAll("canvas[data-chart], canvas[data-chart-url]")) {
    if (drawn.has(canvas)) continue;
    draw(canvas).catch((problem) => { canvas.closest(".chart-box")?.setAttribute("data-failed", problem.message); });
  }
}

export function start() {
  drawAll();
  document.addEventListener("htmx:load", (event) => drawAll(event.target.parentElement ?? document));
  document.addEventListener("portal:theme", () => {
    for (const [canvas, { chart, figures }] of drawn) {
      chart.destroy();
      if (!canvas.isConnected) { drawn.delete(canvas); continue; }
      drawn.set(canvas, { chart: new window.Chart(canvas, settings(figures)), figures });
    }
  });
}
