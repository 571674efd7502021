// The large photo with its heatmap on top: shown, enlarged, moved.

import { addressOf, picture, reasonOf } from "./pictures.js";

const MOST_ZOOM = 8;
const STEP = 1.5;
const FULL_FROM = 1.3; // enlargement from which the larger picture is fetched
const SWIPE = 60; // pixels

export class Stage {
  #stage = document.getElementById("stage");
  #canvas = document.getElementById("canvas");
  #text = document.getElementById("stage-text");
  #photo = null;
  #shown = 0; // counts calls of show
  #scale = 1;
  #x = 0;
  #y = 0;
  #pointers = new Map();
  #from = null;
  #heatmap = { isOn: false, opacity: 0.6 };

  // onSwipe(step): a finger went over the photo, -1 back, 1 on
  constructor(onSwipe) {
    this.#stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#stage.addEventListener("dblclick", (event) => this.#toggleAt(event));
    this.#stage.addEventListener("pointerdown", (event) => this.#down(event));
    this.#stage.addEventListener("pointermove", (event) => this.#move(event));
    this.#stage.addEventListener("pointerup", (event) => this.#up(event, onSwipe));
    this.#stage.addEventListener("pointercancel", (event) => this.#up(event, () => {}));
  }

  // Shows a photo; returns whether it is the one on the screen now.
  async show(photo) {
    this.#shown += 1;
    const turn = this.#shown;
    this.#photo = photo;
    const made = picture(addressOf.screen(photo));
    if (!made.isReady) this.#stage.classList.add("is-loading");
    const isGood = made.isReady || (await made.ready);
    if (turn !== this.#shown) return false;
    this.#stage.classList.remove("is-loading");
    this.#place(1, 0, 0);
    if (isGood) {
      made.image.alt = `Photo ${photo.name}`;
      made.image.className = "photo";
      this.#canvas.replaceChildren(made.image);
      this.#text.hidden = true;
    } else {
      this.#canvas.replaceChildren();
      this.#say("This photo cannot be shown.");
      const reason = await reasonOf(addressOf.screen(photo));
      if (turn !== this.#shown) return false;
      this.#say(`This photo cannot be shown: ${reason}`);
    }
    this.#showHeatmap();
    return turn === this.#shown;
  }

  setHeatmap(isOn, opacity) {
    this.#heatmap = { isOn, opacity };
    this.#showHeatmap();
  }

  zoom(direction) {
    const box = this.#stage.getBoundingClientRect();
    const scale = direction === 0 ? 1 : this.#scale * STEP ** direction;
    this.#zoomAt(scale, box.width / 2, box.height / 2);
  }

  pan(x, y) {
    this.#place(this.#scale, this.#x + x, this.#y + y);
  }

  get isEnlarged() {
    return this.#scale > 1;
  }

  async #showHeatmap() {
    this.#canvas.querySelector(".heatmap")?.remove();
    const photo = this.#photo;
    if (!this.#heatmap.isOn || !photo?.heatmap) return;
    const made = picture(addressOf.heatmap(photo));
    if (!(made.isReady || (await made.ready))) return;
    if (photo !== this.#photo || !this.#heatmap.isOn) return;
    made.image.alt = "Where the model looked";
    made.image.className = "heatmap";
    made.image.style.opacity = String(this.#heatmap.opacity);
    this.#canvas.querySelector(".heatmap")?.remove();
    this.#canvas.append(made.image);
  }

  #say(text) {
    this.#text.textContent = text;
    this.#text.hidden = false;
  }

  #place(scale, x, y) {
    const box = this.#stage.getBoundingClientRect();
    this.#scale = Math.min(Math.max(scale, 1), MOST_ZOOM);
    // What is enlarged always fills the frame: nobody loses the photo outside of it.
    this.#x = Math.min(0, Math.max(x, box.width * (1 - this.#scale)));
    this.#y = Math.min(0, Math.max(y, box.height * (1 - this.#scale)));
    const isPlain = this.#scale === 1;
    this.#canvas.style.transform = isPlain
      ? ""
      : `translate(${this.#x}px, ${this.#y}px) scale(${this.#scale})`;
    this.#stage.classList.toggle("is-enlarged", !isPlain);
    if (this.#scale >= FULL_FROM) this.#fetchFull();
  }

  async #fetchFull() {
    const photo = this.#photo;
    const shown = this.#canvas.querySelector(".photo");
    if (!shown || shown.dataset.full || Math.max(photo.width ?? 0, photo.height ?? 0) <= 1600) return;
    shown.dataset.full = "asked";
    const made = picture(addressOf.full(photo));
    if (!(await made.ready) || photo !== this.#photo) return;
    made.image.alt = shown.alt;
    made.image.className = "photo";
    made.image.dataset.full = "here";
    shown.replaceWith(made.image);
    delete shown.dataset.full; // it is kept, and may be shown again
  }

  #zoomAt(scale, x, y) {
    const wanted = Math.min(Math.max(scale, 1), MOST_ZOOM);
    const ratio = wanted / this.#scale;
    this.#place(wanted, x - (x - this.#x) * ratio, y - (y - this.#y) * ratio);
  }

  #wheel(event) {
    event.preventDefault();
    const box = this.#stage.getBoundingClientRect();
    const scale = this.#scale * Math.exp(-event.deltaY / 400);
    this.#zoomAt(scale, event.clientX - box.left, event.clientY - box.top);
  }

  #toggleAt(event) {
    const box = this.#stage.getBoundingClientRect();
    const scale = this.#scale > 1 ? 1 : 2.5;
    this.#zoomAt(scale, event.clientX - box.left, event.clientY - box.top);
  }

  #down(event) {
    this.#stage.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event);
    this.#from = { event, x: this.#x, y: this.#y, scale: this.#scale, spread: this.#spread() };
  }

  #move(event) {
    if (!this.#pointers.has(event.pointerId)) return;
    this.#pointers.set(event.pointerId, event);
    const from = this.#from;
    if (this.#pointers.size === 2 && from.spread) {
      const box = this.#stage.getBoundingClientRect();
      const [one, other] = this.#pointers.values();
      const x = (one.clientX + other.clientX) / 2 - box.left;
      const y = (one.clientY + other.clientY) / 2 - box.top;
      this.#zoomAt((from.scale * this.#spread()) / from.spread, x, y);
    } else if (this.#scale > 1) {
      const x = from.x + event.clientX - from.event.clientX;
      this.#place(this.#scale, x, from.y + event.clientY - from.event.clientY);
    }
  }

  #up(event, onSwipe) {
    if (!this.#pointers.delete(event.pointerId)) return;
    const x = event.clientX - this.#from.event.clientX;
    const y = event.clientY - this.#from.event.clientY;
    const isSwipe = event.pointerType === "touch" && this.#scale === 1 && !this.#from.spread;
    if (isSwipe && Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) onSwipe(x < 0 ? 1 : -1);
  }

  #spread() {
    if (this.#pointers.size !== 2) return 0;
    const [one, other] = this.#pointers.values();
    return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  }
}
