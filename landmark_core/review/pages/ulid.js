// Ids of actions: ULIDs (https://github.com/ulid/spec). Made here, so that an action that has to be
// sent again is known to be the same.

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export function newUlid(now = Date.now()) {
  let time = "";
  for (let place = 0, rest = now; place < 10; place += 1) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  const random = crypto.getRandomValues(new Uint8Array(16));
  return time + Array.from(random, (byte) => ALPHABET[byte & 31]).join("");
}
