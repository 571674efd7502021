// One table of keys: what is done on them, and what the help says.

// entries: [{keys, label, text, run}]; keys are values of KeyboardEvent.key, in small letters.
export class Keys {
  #entries = [];
  #isActive;

  // isActive(): whether keys count now, as they do not while a dialog is open
  constructor(isActive) {
    this.#isActive = isActive;
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  set entries(entries) {
    this.#entries = entries;
  }

  fillHelp(list) {
    const told = this.#entries.filter(({ label }) => label); // one line can tell of two keys
    const rows = told.flatMap(({ label, text }) => {
      const term = document.createElement("dt");
      for (const key of label.split(" ")) {
        const mark = document.createElement("kbd");
        mark.textContent = key;
        term.append(mark, " ");
      }
      const meaning = document.createElement("dd");
      meaning.textContent = text;
      return [term, meaning];
    });
    list.replaceChildren(...rows);
  }

  #press(event) {
    if (event.defaultPrevented || event.altKey || event.metaKey || !this.#isActive()) return;
    if (isTyping(event.target)) return;
    const key = (event.ctrlKey ? "ctrl+" : "") + event.key.toLowerCase();
    const shifted = event.shiftKey ? `shift+${key}` : key;
    const entry =
      this.#entries.find(({ keys }) => keys.includes(shifted)) ??
      // Shift makes signs such as ? and +; with letters it means something else.
      (/^[a-z]$/.test(key) || key.startsWith("arrow") ? undefined : this.#entries.find(({ keys }) => keys.includes(key)));
    if (!entry) return;
    event.preventDefault();
    entry.run(event);
  }
}

function isTyping(element) {
  if (element.closest("textarea, select, [contenteditable]")) return true;
  const field = element.closest("input");
  return field !== null && !["checkbox", "range", "button"].includes(field.type);
}
