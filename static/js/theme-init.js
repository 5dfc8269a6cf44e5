/* Runs before the first paint: the theme and density that this browser chose, without a flash. */
(function () {
  "use strict";
  var root = document.documentElement;
  var theme = "system", density = "normal";
  try {
    theme = localStorage.getItem("portal.theme") || theme;
    density = localStorage.getItem("portal.density") || density;
  } catch (ignored) { /* storage may be barred; the system's choice is fine */ }
  var dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.setAttribute("data-bs-theme", dark ? "dark" : "light");
  root.setAttribute("data-density", density);
})();
