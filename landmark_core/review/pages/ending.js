// The end of a list, or a list without photos: what is left, and what a person does next.

import { count } from "./words.js";

const byId = (id) => document.getElementById(id);

export class Ending {
  #section = byId("empty");
  #isAudit = false;

  // progress: what the server counted; null where it was not asked yet
  show(title, text, isAudit, progress) {
    this.#isAudit = isAudit;
    byId("empty-title").textContent = title;
    byId("empty-text").textContent = text;
    this.#fill(progress);
  }

  // Takes over new counts; the focus goes on to the first thing to do where its own is gone.
  renew(progress) {
    const hadFocus = this.#section.contains(document.activeElement);
    this.#fill(progress);
    if (hadFocus && !document.activeElement?.checkVisibility()) this.focus();
    else if (hadFocus && document.activeElement === document.body) this.focus();
  }

  focus() {
    const first = this.#section.querySelector("button:not([hidden]), .button");
    first.focus({ preventScroll: true });
  }

  #fill(progress) {
    const { waiting = 0, unasked = 0, skipped = 0, machine = 0, left_out: leftOut = 0 } = progress ?? {};
    byId("empty-left").textContent = left(waiting, unasked, leftOut);
    byId("empty-done").hidden = !progress || waiting + leftOut > 0;
    byId("empty-reset").hidden = unasked === 0;
    byId("empty-reset").textContent = `Show all that wait (${unasked.toLocaleString()})`;
    byId("empty-skipped").hidden = skipped === 0;
    byId("empty-skipped").textContent = `Show ${count(skipped, "skipped photo")}`;
    byId("empty-audit").hidden = this.#isAudit || machine === 0;
  }
}

function left(waiting, unasked, leftOut) {
  const skipped = waiting - unasked;
  const parts = [];
  if (unasked) parts.push(`${count(unasked, "photo waits", "photos wait")} for a decision.`);
  if (skipped) {
    const none = unasked ? "" : "0 left to decide, ";
    parts.push(`${none}${skipped.toLocaleString()} skipped: somebody still has to decide.`);
  }
  if (leftOut) parts.push(`${leftOut.toLocaleString()} more wait for another sitting: start landmarks review again.`);
  return parts.join(" ");
}
