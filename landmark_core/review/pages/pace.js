// How fast a person goes, and how long a photo was looked at; time away does not count.

const WINDOW_MS = 5 * 60_000;
const AWAY_MS = 60_000;

export class Pace {
  #times = []; // moments of decisions, with the photos that each settled
  #since = performance.now();
  #hiddenMs = 0;
  #hiddenAt = null;

  constructor() {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#hiddenAt = performance.now();
      else if (this.#hiddenAt !== null) {
        this.#hiddenMs += performance.now() - this.#hiddenAt;
        this.#hiddenAt = null;
      }
    });
  }

  begin() {
    this.#since = performance.now();
    this.#hiddenMs = 0;
  }

  // Returns the seconds that the photo was in front of the person.
  seconds() {
    const passed = performance.now() - this.#since - this.#hiddenMs;
    return Math.min(Math.max(passed / 1000, 0), 3600);
  }

  decided(photos) {
    this.#times.push([performance.now(), photos]);
  }

  // Returns photos per minute over the last minutes; null before there is anything to tell.
  perMinute() {
    const now = performance.now();
    this.#times = this.#times.filter(([time]) => now - time < WINDOW_MS);
    if (this.#times.length < 3) return null;
    let active = 0;
    let photos = 0;
    this.#times.forEach(([time, number], place) => {
      if (place === 0) return;
      active += Math.min(time - this.#times[place - 1][0], AWAY_MS);
      photos += number;
    });
    return active > 0 ? (60_000 * photos) / active : null;
  }
}
