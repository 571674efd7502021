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

// Says that decisions have not arrived, and what a person can do about it.
// error: why the last try failed; status 0: the server gave no answer at all
export function notSaved(number, error) {
  const kept = number === 1 ? "It is kept here and sent" : "They are kept here and sent";
  const what = `${count(number, "decision")} not saved yet: ${error.message}`;
  if (error.status !== 0) return `${what}. ${kept} again soon.`;
  const whenBack = number === 1 ? "when the server is back" : "when it is back";
  return `${what}. Is landmarks review still running? ${kept} ${whenBack}.`;
}
