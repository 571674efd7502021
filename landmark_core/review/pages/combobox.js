// Type-ahead over all tags (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/). A tag that nobody
// has used yet can be given too, but only by an entry that says so: a slip of a finger makes none.

const MOST_SHOWN = 8;

export class Combobox {
  #input;
  #list;
  #tags = () => [];
  #active = -1;

  // tags(): all tags, most frequent first; onPick(tag): Enter or a click; onLeave(): Escape
  constructor(inputId, listId, { tags, onPick, onLeave }) {
    this.#input = document.getElementById(inputId);
    this.#list = document.getElementById(listId);
    this.#tags = tags;
    this.#input.addEventListener("input", () => this.#open());
    this.#input.addEventListener("focus", () => this.#open());
    this.#input.addEventListener("blur", () => this.close());
    this.#input.addEventListener("keydown", (event) => this.#key(event, onPick, onLeave));
    this.#list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps the focus
      const option = event.target.closest("[role=option]");
      if (option) this.#pick(option, onPick);
    });
  }

  focus() {
    this.#input.focus();
    this.#input.select();
  }

  close() {
    this.#list.hidden = true;
    this.#active = -1;
    this.#input.setAttribute("aria-expanded", "false");
    this.#input.removeAttribute("aria-activedescendant");
  }

  #open() {
    const typed = this.#input.value.trim().normalize("NFC");
    const found = rank(this.#tags(), typed).slice(0, MOST_SHOWN);
    const options = found.map((tag) => this.#option(tag, tag));
    if (typed && !this.#tags().includes(typed)) {
      options.push(this.#option(typed, `New tag: ${typed}`));
    }
    options.forEach((option, number) => {
      option.id = `${this.#list.id}-${number}`;
    });
    this.#list.replaceChildren(...options);
    this.#list.hidden = options.length === 0;
    this.#input.setAttribute("aria-expanded", String(options.length > 0));
    this.#mark(typed && options.length ? 0 : -1);
  }

  #option(tag, label) {
    const option = document.createElement("li");
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.tag = tag;
    option.textContent = label;
    return option;
  }

  #mark(number) {
    const options = [...this.#list.children];
    options.forEach((option, place) => {
      option.setAttribute("aria-selected", String(place === number));
    });
    this.#active = number;
    if (number < 0) this.#input.removeAttribute("aria-activedescendant");
    else {
      this.#input.setAttribute("aria-activedescendant", options[number].id);
      options[number].scrollIntoView({ block: "nearest" });
    }
  }

  #key(event, onPick, onLeave) {
    const count = this.#list.hidden ? 0 : this.#list.children.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!count) this.#open();
      else {
        const step = event.key === "ArrowDown" ? 1 : -1;
        this.#mark((this.#active + step + count) % count);
      }
    } else if (event.key === "Enter" && count && this.#active >= 0) {
      event.preventDefault();
      this.#pick(this.#list.children[this.#active], onPick);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.#input.value = "";
      this.close();
      onLeave();
    }
  }

  #pick(option, onPick) {
    this.#input.value = "";
    this.close();
    onPick(option.dataset.tag);
  }
}

// Returns the tags that fit what was typed: beginnings first, then beginnings of a word, then the
// rest; accents and capitals do not matter.
export function rank(tags, typed) {
  const wanted = plain(typed);
  if (!wanted) return tags;
  const placed = tags.map((tag) => [place(plain(tag), wanted), tag]);
  const fitting = placed.filter(([value]) => value < 3);
  return fitting.sort(([one], [other]) => one - other).map(([, tag]) => tag);
}

function place(tag, wanted) {
  if (tag.startsWith(wanted)) return 0;
  if (tag.includes(` ${wanted}`)) return 1;
  return tag.includes(wanted) ? 2 : 3;
}

function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
