// Pictures, fetched and decoded before they are needed.

const KEPT = 24;

export const addressOf = {
  thumb: (photo) => `/photos/${photo.photo_id}/thumb?v=${photo.version}`,
  screen: (photo) => `/photos/${photo.photo_id}/screen?v=${photo.version}`,
  full: (photo) => `/photos/${photo.photo_id}/full?v=${photo.version}`,
  heatmap: (photo) => `/heatmaps/${photo.photo_id}?v=${photo.version}`,
};

const kept = new Map(); // address → picture; the one used longest ago is first

// Returns {image, ready}: ready becomes whether it could be shown.
export function picture(address) {
  const known = kept.get(address);
  if (known) {
    kept.delete(address);
    kept.set(address, known);
    return known;
  }
  const image = new Image();
  image.draggable = false;
  image.src = address;
  const made = { image, isReady: false, ready: null };
  made.ready = image.decode().then(
    () => {
      made.isReady = true;
      return true;
    },
    () => {
      kept.delete(address); // it may come another time
      return false;
    },
  );
  kept.set(address, made);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
  return made;
}

// Returns the server's one line on why a picture cannot be shown.
export async function reasonOf(address) {
  try {
    const response = await fetch(address, { cache: "no-store" });
    return response.ok ? "the browser cannot show it" : (await response.json()).error;
  } catch {
    return "the server does not answer";
  }
}

// Says whether the file behind a photo was changed after it was tagged; the answer comes from the
// browser's own store, where the picture lies already.
export async function wasChanged(address) {
  try {
    const response = await fetch(address, { cache: "force-cache" });
    return response.headers.get("x-photo-changed") === "1";
  } catch {
    return false;
  }
}
