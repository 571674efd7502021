// How numbers, moments and answers are written on the page.

export function percent(share) {
  if (share === null) return "";
  if (share > 0 && share < 0.01) return "<1\u00a0%";
  if (share < 1 && share > 0.99) return ">99\u00a0%";
  return `${Math.round(100 * share)}\u00a0%`;
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}

export function answer(verdict, tag) {
  if (verdict === "not_a_landmark") return "Not a landmark";
  if (verdict === "skip" || verdict === "skipped") return "Skipped";
  return tag ?? "";
}

export function moment(value) {
  const date = new Date(value);
  return Number.isNaN(date.getTime())
    ? ""
    : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

// Makes a line of the server a sentence: its first letter is a capital.
export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
