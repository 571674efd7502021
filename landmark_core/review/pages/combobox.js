// Type-ahead over all tags (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/). A tag that nobody
// has used yet can be given too, but only by an entry that says so, comes last and is never marked
// by itself: one Enter marks it, another takes it. A slip of a finger makes no tag.

import { letters, rank } from "./tags.js";

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
    // The same letters are the same landmark: then there is nothing new to give.
    if (typed && !found.some((tag) => letters(tag) === letters(typed))) {
      options.push(this.#option(typed, `New tag: ${typed}`));
    }
    options.forEach((option, number) => {
      option.id = `${this.#list.id}-${number}`;
    });
    this.#list.replaceChildren(...options);
    this.#list.hidden = options.length === 0;
    this.#input.setAttribute("aria-expanded", String(options.length > 0));
    this.#mark(typed && found.length ? 0 : -1);
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
    } else if (event.key === "Enter" && count && !event.repeat) {
      event.preventDefault();
      if (this.#active >= 0) this.#pick(this.#list.children[this.#active], onPick);
      else if (this.#input.value.trim()) this.#mark(0);
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
