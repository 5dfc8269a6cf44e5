/* The portal's behaviour, in small modules; each finds its elements by data attributes. */
import { start as charts } from "./charts.js";
import { start as copying } from "./copying.js";
import { start as forms } from "./forms.js";
import { start as keys } from "./keys.js";
import { start as lists } from "./lists.js";
import { start as menus } from "./menus.js";
import { start as palette } from "./palette.js";
import { start as requests } from "./requests.js";
import { start as theme } from "./theme.js";
import { start as times } from "./times.js";
import { start as toasts } from "./toasts.js";
import { start as viewer } from "./viewer.js";

for (const start of [toasts, theme, menus, forms, requests, copying, lists, palette, keys, times, charts, viewer]) start();
