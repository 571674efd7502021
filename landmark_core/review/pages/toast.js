// One line over the page for a moment. It stays in the page when it is not seen any more: screen
// readers come to it in their own time.

const LASTS_MS = 4_000;
const GLANCE_MS = 1_000; // at the photo that a person moved to

const line = document.getElementById("toast");
let timer = 0;
let moves = 0; // since it was said

export function toast(text) {
  line.textContent = text;
  line.classList.add("is-shown");
  moves = 0;
  hideAfter(LASTS_MS);
}

// A person moved to another photo, about which the line says nothing.
export function moved() {
  if (!line.classList.contains("is-shown")) return;
  moves += 1;
  if (moves > 1) hide();
  else hideAfter(GLANCE_MS);
}

function hideAfter(time) {
  clearTimeout(timer);
  timer = setTimeout(hide, time);
}

function hide() {
  clearTimeout(timer);
  line.classList.remove("is-shown");
}
