// The list that is gone through: a frozen view of the server, loaded in pieces around where we are.

import { get } from "./api.js";

const PIECE = 20;
const PIECES_KEPT = 50;

export class Queue {
  total = 0;
  parameters = {};
  noTag = null; // why no tag fits the one that was asked for
  #view = null;
  #asked = 0; // lists so far
  #items = new Map(); // place → item
  #places = new Map(); // photo_id → place
  #pieces = new Map(); // number of a piece → promise; the one used longest ago is first

  // Returns the place to begin with, the progress that came along, and the tag that was meant; null
  // where another list was asked for meanwhile.
  async open(parameters, at = null) {
    this.#asked += 1;
    const mine = this.#asked;
    const answer = await get("/api/view", { ...parameters, at });
    if (mine !== this.#asked) return null;
    this.parameters = { ...parameters, tag: answer.tag ?? parameters.tag };
    this.noTag = answer.no_tag;
    this.#view = answer.view;
    this.total = answer.total;
    this.#items.clear();
    this.#places.clear();
    this.#pieces.clear();
    answer.items.forEach((item, number) => this.#put(answer.start + number, item));
    return { start: answer.start, progress: answer.progress, tag: answer.tag };
  }

  at(place) {
    return this.#items.get(place);
  }

  placeOf(photoId) {
    return this.#places.get(photoId);
  }

  // Returns the item at a place, from the server where it is not here yet.
  async need(place) {
    if (place < 0 || place >= this.total) return undefined;
    if (!this.#items.has(place)) await this.#load(Math.floor(place / PIECE));
    return this.#items.get(place);
  }

  // Takes over what the server says anew of photos.
  update(items) {
    for (const item of items) {
      const place = this.#places.get(item.photo_id);
      if (place !== undefined) this.#items.set(place, item);
    }
  }

  // Changes what is known of a photo, before the server has answered.
  change(photoId, changes) {
    const place = this.#places.get(photoId);
    if (place !== undefined) this.#items.set(place, { ...this.#items.get(place), ...changes });
  }

  async #load(piece) {
    if (!this.#pieces.has(piece)) {
      this.#pieces.set(piece, this.#fetch(piece));
      for (const oldest of this.#pieces.keys()) {
        if (this.#pieces.size <= PIECES_KEPT) break;
        this.#forget(oldest);
      }
    }
    try {
      await this.#pieces.get(piece);
    } catch (error) {
      this.#pieces.delete(piece);
      throw error;
    }
  }

  async #fetch(piece) {
    const view = this.#view;
    const path = `/api/view/${view}/items`;
    const answer = await get(path, { offset: piece * PIECE, count: PIECE });
    if (view !== this.#view) return; // another list was opened meanwhile
    answer.items.forEach((item, number) => {
      const place = answer.offset + number;
      if (!this.#items.has(place)) this.#put(place, item);
    });
  }

  #forget(piece) {
    this.#pieces.delete(piece);
    for (let place = piece * PIECE; place < (piece + 1) * PIECE; place += 1) {
      this.#places.delete(this.#items.get(place)?.photo_id);
      this.#items.delete(place);
    }
  }

  #put(place, item) {
    this.#items.set(place, item);
    this.#places.set(item.photo_id, place);
  }
}
