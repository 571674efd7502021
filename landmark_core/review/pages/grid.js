// Many photos at once: choose some with keys or clicks, decide for all of them in one go.

import { element } from "./panel.js";
import { addressOf } from "./pictures.js";
import { answer, count, percent } from "./words.js";

const PAGE = 60;

export class Grid {
  #grid = document.getElementById("grid");
  #more = document.getElementById("grid-more");
  #earlier = document.getElementById("grid-earlier");
  #text = document.getElementById("grid-text");
  #queue;
  #most;
  #selected = new Set(); // photo_ids
  #first = 0;
  #end = 0; // places first..end-1 are shown
  #anchor = 0;
  #turn = 0;
  #on;

  // most: photos of one decision; on: opened(place): a photo is wanted large, moved(): another one
  // is the current one
  constructor(queue, most, on) {
    this.#queue = queue;
    this.#most = most;
    this.#on = on;
    this.#grid.addEventListener("keydown", (event) => this.#key(event));
    this.#grid.addEventListener("click", (event) => this.#click(event));
    this.#grid.addEventListener("dblclick", (event) => {
      const cell = event.target.closest(".cell");
      if (cell) on.opened(Number(cell.dataset.place));
    });
    this.#more.addEventListener("click", () => this.#showMore());
    this.#earlier.addEventListener("click", () => this.#showEarlier());
  }

  // takesFocus: whether the focus goes to the photo at that place
  async show(place, takesFocus = true) {
    this.#turn += 1;
    this.#selected.clear();
    this.#first = this.#end = Math.max(0, place);
    this.#anchor = this.#first;
    this.#grid.replaceChildren();
    await this.#showMore();
    this.#focus(place, takesFocus);
  }

  // Makes the photo at a place the current one, also where it is not among those shown.
  async goTo(place) {
    if (place >= this.#first && place < this.#end) this.#focus(place);
    else await this.show(place);
  }

  focus() {
    this.#focus(this.#focused());
  }

  // Says whether a decision may be for the current photo: it is in sight, and so is its ring.
  get isCurrentSeen() {
    const cell = this.#cell(this.#focused());
    if (!cell || !this.#grid.parentElement.contains(document.activeElement)) return false;
    const { top, bottom } = cell.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }

  get hasSelection() {
    return this.#selected.size > 0;
  }

  // Returns the chosen photos, or the one in focus where none is chosen.
  chosen() {
    const items = [];
    for (let place = this.#first; place < this.#end; place += 1) {
      const item = this.#queue.at(place);
      if (item && this.#selected.has(item.photo_id)) items.push(item);
    }
    if (items.length === 0) {
      const item = this.#queue.at(this.#focused());
      if (item) items.push(item);
    }
    return items;
  }

  get place() {
    return this.#focused();
  }

  selectAll() {
    const all = [...this.#grid.children].map((cell) => cell.dataset.photo);
    const isFull = all.slice(0, this.#most).every((photo) => this.#selected.has(photo));
    this.#selected = new Set(isFull ? [] : all.slice(0, this.#most));
    this.#mark();
  }

  selectAlike() {
    const item = this.#queue.at(this.#focused());
    if (!item) return;
    this.#selected.add(item.photo_id);
    for (const other of item.alike) {
      if (other.open && this.#queue.placeOf(other.photo_id) !== undefined) {
        this.#selected.add(other.photo_id);
      }
    }
    this.#mark();
  }

  // Shows anew what is known of the photos; what was decided is not chosen any more.
  refresh(photoIds) {
    for (const photoId of photoIds) {
      this.#selected.delete(photoId);
      const place = this.#queue.placeOf(photoId);
      const old = place === undefined ? null : this.#cell(place);
      if (old) {
        const hadFocus = old === document.activeElement;
        const cell = this.#make(place, this.#queue.at(place));
        cell.tabIndex = old.tabIndex;
        old.replaceWith(cell);
        if (hadFocus) cell.focus();
      }
    }
    this.#mark();
  }

  // Moves the focus to the next photo that is wanted, from the current one on; returns whether
  // there is one.
  async goOn(isWanted) {
    const turn = this.#turn;
    for (let place = this.#focused(); place < this.#queue.total; place += 1) {
      if (place >= this.#end) await this.#showMore();
      if (turn !== this.#turn) return true; // another list: its own focus counts
      const item = this.#queue.at(place);
      if (item && isWanted(item, place)) {
        this.#focus(place);
        return true;
      }
    }
    return false;
  }

  async #showMore() {
    const turn = this.#turn;
    const end = Math.min(this.#end + PAGE, this.#queue.total);
    const cells = await this.#cells(this.#end, end);
    if (turn !== this.#turn || end <= this.#end) return; // another list, or shown meanwhile
    // What more than one call has asked for is there once.
    this.#grid.append(...cells.filter((cell) => Number(cell.dataset.place) >= this.#end));
    this.#end = end;
    this.#mark();
  }

  async #showEarlier() {
    const turn = this.#turn;
    const first = Math.max(0, this.#first - PAGE);
    const cells = await this.#cells(first, this.#first);
    if (turn !== this.#turn || first >= this.#first) return;
    this.#grid.prepend(...cells);
    this.#first = first;
    this.#mark();
  }

  async #cells(from, end) {
    const places = Array.from({ length: end - from }, (_, number) => from + number);
    const items = await Promise.all(places.map((place) => this.#queue.need(place)));
    return items.map((item, number) => item && this.#make(places[number], item)).filter(Boolean);
  }

  #make(place, item) {
    const image = element("img");
    image.src = addressOf.thumb(item);
    image.alt = "";
    image.loading = "lazy";
    const [best] = item.model.tags;
    const said = item.settled
      ? answer(item.settled.verdict, item.settled.tag)
      : item.skipped
        ? "Skipped"
        : `${best?.tag ?? ""} ${percent(best?.confidence ?? null)}`;
    const cell = element("li", "cell", image, element("span", "cell-text", said));
    cell.setAttribute("role", "option");
    cell.setAttribute("aria-label", `${item.name}: ${said}`);
    cell.dataset.place = String(place);
    cell.dataset.photo = item.photo_id;
    cell.classList.toggle("is-settled", Boolean(item.settled)); // skipped ones wait
    cell.tabIndex = -1;
    return cell;
  }

  #mark() {
    for (const cell of this.#grid.children) {
      cell.setAttribute("aria-selected", String(this.#selected.has(cell.dataset.photo)));
    }
    this.#more.hidden = this.#end >= this.#queue.total;
    this.#earlier.hidden = this.#first === 0;
    const chosen = this.#selected.size;
    const from = this.#first ? `photos ${(this.#first + 1).toLocaleString()} to ${this.#end.toLocaleString()}` : count(this.#end, "photo");
    const shown = `${from} of ${this.#queue.total.toLocaleString()}`;
    this.#text.textContent = chosen ? `${chosen} selected, ${shown}` : shown;
  }

  #cell(place) {
    return this.#grid.children[place - this.#first] ?? null;
  }

  #focused() {
    const cell = this.#grid.querySelector("[tabindex='0']");
    return cell ? Number(cell.dataset.place) : this.#first;
  }

  #focus(place, takesFocus = true) {
    const cell = this.#cell(Math.min(Math.max(place, this.#first), this.#end - 1));
    if (!cell) return;
    this.#grid.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
    cell.tabIndex = 0;
    if (takesFocus) cell.focus();
    if (place >= this.#end - 1 && this.#end < this.#queue.total) this.#showMore();
  }

  #toggle(place) {
    const photo = this.#cell(place)?.dataset.photo;
    if (!photo) return;
    if (!this.#selected.delete(photo) && this.#selected.size < this.#most) this.#selected.add(photo);
    this.#anchor = place;
    this.#mark();
  }

  #range(place) {
    const [low, high] = [Math.min(place, this.#anchor), Math.max(place, this.#anchor)];
    for (let one = low; one <= high && this.#selected.size < this.#most; one += 1) {
      const photo = this.#cell(one)?.dataset.photo;
      if (photo) this.#selected.add(photo);
    }
    this.#mark();
  }

  #columns() {
    const [first] = this.#grid.children;
    const inRow = [...this.#grid.children].findIndex((cell) => cell.offsetTop > first.offsetTop);
    return inRow < 0 ? this.#grid.children.length : inRow;
  }

  #click(event) {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    const place = Number(cell.dataset.place);
    if (event.shiftKey) this.#range(place);
    else this.#toggle(place);
    this.#focus(place);
  }

  #key(event) {
    const place = this.#focused();
    const steps = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: () => -this.#columns(),
      ArrowDown: () => this.#columns(),
      Home: this.#first - place,
      End: this.#end - 1 - place,
    };
    if (event.key === " ") this.#toggle(place);
    else if (event.key === "Enter") this.#on.opened(place);
    else if (event.key in steps) {
      const step = steps[event.key];
      const wanted = place + (typeof step === "function" ? step() : step);
      event.preventDefault();
      if (wanted < this.#first && this.#first > 0) this.#showEarlier().then(() => this.#focus(wanted));
      if (wanted < this.#first || wanted >= this.#end) return;
      this.#focus(wanted);
      if (wanted !== place) this.#on.moved();
      if (event.shiftKey) this.#range(wanted);
      else this.#anchor = wanted;
    } else return;
    event.preventDefault();
  }
}
