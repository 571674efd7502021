// Which tags does a person mean who types? Case, accents, signs and small slips do not count, as in
// `landmarks find`.

const LETTERS_A_SLIP = 4; // one slip in so many letters
const MOST_SLIPS = 2;
const ENOUGH = 8; // with so many tags that fit as they are typed, nobody looks for slips

// Accents of Latin, Greek and Cyrillic, Semitic points, and what only chooses how a sign is drawn;
// the voicing of kana and Indic vowel signs are letters (see finding/letters.py).
const ACCENTS =
  /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u200d\ufe00-\ufe0f\ufe20-\ufe2f]/gu;

const known = new Map(); // text → its letters

// Returns the words of a text without case, accents and signs, one space between them.
export function letters(text) {
  if (!known.has(text)) {
    const plain = text.normalize("NFKD").toUpperCase().toLowerCase(); // ß becomes ss
    const bare = plain.normalize("NFKD").replace(ACCENTS, "").replace(/[^\p{L}\p{N}\p{M}]+/gu, " ");
    known.set(text, bare.trim() || text);
  }
  return known.get(text);
}

// Returns the tags that fit, the surest first: the same letters, beginnings, beginnings of a word,
// then the rest, and at last those that were typed with a slip or two.
export function rank(tags, typed) {
  const wanted = typed ? letters(typed) : "";
  if (!wanted) return tags;
  const fitting = sorted(tags, (tag) => place(letters(tag), wanted));
  if (fitting.length >= ENOUGH) return fitting;
  const there = new Set(fitting);
  const others = tags.filter((tag) => !there.has(tag));
  return [...fitting, ...sorted(others, (tag) => nearness(letters(tag), wanted))];
}

function sorted(tags, valueOf) {
  const valued = tags.map((tag) => [valueOf(tag), tag]).filter(([value]) => value < Infinity);
  return valued.sort(([one], [other]) => one - other).map(([, tag]) => tag);
}

function place(tag, wanted) {
  if (tag === wanted) return 0;
  if (tag.startsWith(wanted)) return 1;
  if (tag.includes(` ${wanted}`)) return 2;
  return tag.includes(wanted) ? 3 : Infinity;
}

// Returns the slips between a tag and what was typed; Infinity where there are too many.
function nearness(tag, wanted) {
  const number = slips(tag, wanted);
  if (number <= allowed(wanted)) return number;
  const words = tag.split(" ");
  const isMeant = (part) =>
    words.some((word) => word.startsWith(part) || slips(word, part) <= allowed(part));
  return wanted.split(" ").every(isMeant) ? MOST_SLIPS + 1 : Infinity;
}

function allowed(wanted) {
  const number = Math.floor(wanted.length / LETTERS_A_SLIP);
  return wanted.length > LETTERS_A_SLIP ? Math.min(number, MOST_SLIPS) : 0;
}

// Counts letters that are wrong, missing, too many or swapped with their neighbour (optimal string
// alignment); only whether there are more than MOST_SLIPS matters beyond that.
function slips(one, other) {
  if (Math.abs(one.length - other.length) > MOST_SLIPS) return Infinity;
  let before = [];
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let line = 1; line <= one.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[line - 1] === other[column - 1];
      next[column] = Math.min(row[column] + 1, next[column - 1] + 1, row[column - 1] + !isSame);
      const isSwapped = one[line - 1] === other[column - 2] && one[line - 2] === other[column - 1];
      if (line > 1 && column > 1 && isSwapped) next[column] = Math.min(next[column], before[column - 2] + 1);
    }
    [before, row] = [row, next];
  }
  return row[other.length];
}
