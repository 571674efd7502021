// What a person set once and wants to find again: theme, heatmap, name. Kept by the browser.

const KEY = "landmarks-review";
const DEFAULTS = {
  theme: "auto",
  opacity: 60, // percent
  heatmap: false,
  alikeAll: true,
  filters: false,
  reviewer: "",
};
const THEMES = ["auto", "light", "dark"];

let values = { ...DEFAULTS };
try {
  values = { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
} catch {
  // the browser stores nothing, or something else did: the defaults do
}

export function preference(name) {
  return values[name];
}

export function prefer(name, value) {
  values[name] = value;
  try {
    localStorage.setItem(KEY, JSON.stringify(values));
  } catch {
    // then it lasts as long as the page
  }
}

export function applyTheme() {
  const theme = THEMES.includes(values.theme) ? values.theme : "auto";
  document.documentElement.dataset.theme = theme;
}

// Returns the theme that follows the present one.
export function nextTheme() {
  const theme = THEMES[(THEMES.indexOf(values.theme) + 1) % THEMES.length];
  prefer("theme", theme);
  applyTheme();
  return theme;
}
