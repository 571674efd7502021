// Decisions on their way to the server. They are kept in the browser until the server has answered,
// and sent one after the other in the order in which they were taken: a server that was killed gets
// them when it is back, also after a reload. An action that arrives twice counts once (see ulid.js).

import { post } from "./api.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
const LONGEST_WAIT_MS = 2_000; // of somebody who asks the server for what these decisions change

export class Outbox {
  #key;
  #memory = []; // where the browser stores nothing
  #isSending = false;
  #problem = null; // why the last try failed, until something arrives
  #waiting = []; // called when all has arrived, or something could not
  #on;

  // on: sent(entry, answer), refused(entry, error), held(count, error): all that have not
  // arrived so far, told again whenever there is one more
  constructor(name, on) {
    this.#key = `landmarks-outbox:${name}`;
    this.#on = on;
  }

  get size() {
    return this.#entries().length;
  }

  push(path, body) {
    this.#save([...this.#entries(), { path, body }]);
    if (this.#problem) this.#on.held(this.size, this.#problem); // counted at once, not at the next try
    this.send();
  }

  // Waits until what was decided has arrived; not for long, and not for a server that is away.
  async arrived() {
    if (!this.size) return;
    const over = new Promise((resolve) => {
      this.#waiting.push(resolve);
      setTimeout(resolve, LONGEST_WAIT_MS);
    });
    this.send();
    await over;
  }

  async send() {
    if (this.#isSending) return;
    this.#isSending = true;
    let pause = FIRST_PAUSE_MS;
    for (let entries = this.#entries(); entries.length; entries = this.#entries()) {
      const [entry] = entries;
      try {
        const answer = await post(entry.path, entry.body);
        this.#drop(entry);
        this.#problem = null;
        pause = FIRST_PAUSE_MS;
        this.#on.sent(entry, answer);
      } catch (error) {
        const mayWorkLater = error.status === 0 || error.status >= 500 || error.status === 401;
        if (!mayWorkLater) {
          this.#drop(entry);
          this.#problem = null;
          this.#on.refused(entry, error);
          continue;
        }
        this.#problem = error;
        this.#on.held(this.size, error);
        this.#goOn();
        await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      }
    }
    this.#isSending = false;
    this.#goOn();
  }

  #goOn() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #drop(entry) {
    // Read again: another tab may have added to the list meanwhile.
    const id = entry.body.action_id;
    this.#save(this.#entries().filter((other) => other.body.action_id !== id));
  }

  #entries() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.#key) ?? "[]");
      return [...kept, ...this.#memory];
    } catch {
      return this.#memory;
    }
  }

  #save(entries) {
    try {
      if (entries.length) localStorage.setItem(this.#key, JSON.stringify(entries));
      else localStorage.removeItem(this.#key);
      this.#memory = [];
    } catch {
      this.#memory = entries.filter((entry) => !this.#isKept(entry));
    }
  }

  #isKept(entry) {
    try {
      return (localStorage.getItem(this.#key) ?? "").includes(entry.body.action_id);
    } catch {
      return false;
    }
  }
}
