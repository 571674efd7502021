// The review page: one photo after the other, decided with a key, saved while the next one shows.

import { get } from "./api.js";
import { Combobox } from "./combobox.js";
import { Ending } from "./ending.js";
import { Filters } from "./filters.js";
import { Grid } from "./grid.js";
import { Keys } from "./keys.js";
import { Outbox } from "./outbox.js";
import { Pace } from "./pace.js";
import { element, showAlike, showPanel, whyNoHeatmap } from "./panel.js";
import { addressOf, picture, wasChanged } from "./pictures.js";
import { applyTheme, nextTheme, prefer, preference } from "./preferences.js";
import { Queue } from "./queue.js";
import { Stage } from "./stage.js";
import { moved, toast } from "./toast.js";
import { newUlid } from "./ulid.js";
import { answer, count, duration, notSaved, percent, sentence } from "./words.js";

const AHEAD = 4; // photos fetched before they are needed
const PROGRESS_MS = 15_000;
const LOOKS_MS = 2_000; // between two questions for further look-alikes of the photo shown
const PAN = 80; // pixels

const byId = (id) => document.getElementById(id);
const settings = JSON.parse(byId("settings").textContent);

const queue = new Queue();
const pace = new Pace();
const done = []; // my actions of this sitting that stand, newest last: {action_id, photo_ids, changes}
const latest = new Map(); // photo_id → the action on its way that says last what is with it
let place = 0;
let view = "single"; // single, grid or empty
let home = "single"; // single or grid: where the work is done, also while there is none
let tags = [];
let progress = null;
let isLooking = false; // look-alikes were still being looked for when the list was opened
let turn = 0; // counts what was asked for last: an older answer does not win over it
let listTurn = 0; // likewise for lists, which only another list takes the place of

applyTheme();
const reviewer = () => preference("reviewer") || settings.reviewer;
const outbox = new Outbox(settings.out_id, { sent, refused, held });
const stage = new Stage((step) => go(step));
const filters = new Filters(settings, (parameters) => open(parameters));
const grid = new Grid(queue, settings.max_selected, { opened: (wanted) => showSingle(wanted), moved });
const ending = new Ending();

// ---- lists

async function open(parameters, at = null) {
  turn += 1;
  listTurn += 1;
  const mine = listTurn;
  say("");
  await outbox.arrived(); // else the list has photos that were settled a moment ago
  if (mine !== listTurn) return;
  try {
    const opened = await queue.open({ ...parameters, reviewer: reviewer() }, at);
    if (!opened || mine !== listTurn) return;
    place = opened.start;
    if (filters.takeTag(parameters.tag, opened.tag)) toast(`Tag: ${opened.tag}`);
    isLooking = opened.progress.looks.done < opened.progress.looks.total;
    showProgress(opened.progress);
    // Whoever is choosing filters goes on choosing.
    if (home === "grid") await showGrid(!byId("filters").contains(document.activeElement));
    else await showSingle(place);
  } catch (error) {
    complain(error, () => open(parameters, at));
  }
}

// Runs something on the list; where the server does not keep it any more, opens it again.
async function onList(work) {
  try {
    return await work();
  } catch (error) {
    if (error.kind === "view_gone") await open(filters.read(), queue.at(place)?.photo_id);
    else complain(error, () => open(filters.read(), queue.at(place)?.photo_id));
    return undefined;
  }
}

function showOnly(name) {
  view = name;
  if (name !== "empty") home = name;
  byId("single").hidden = name !== "single";
  byId("grid-view").hidden = name !== "grid";
  byId("empty").hidden = name !== "empty";
  byId("grid-button").setAttribute("aria-pressed", String(name === "grid"));
}

// ---- one photo

async function showSingle(wanted) {
  if (queue.total === 0) return showNothing();
  const asked = listTurn;
  const item = await onList(() => queue.need(wanted));
  if (!item || asked !== listTurn) return undefined;
  turn += 1;
  const mine = turn;
  place = wanted;
  showOnly("single");
  showPanel(item, preference("alikeAll"), (tag) => decide("tag", tag));
  byId("place").textContent = `${(place + 1).toLocaleString()} of ${queue.total.toLocaleString()}`;
  byId("previous").disabled = place === 0;
  byId("next").disabled = place >= queue.total - 1;
  const isShown = await stage.show(item);
  if (!isShown || mine !== turn) return undefined;
  pace.begin();
  Filters.toAddress(filters.read(), item.photo_id);
  speak(item);
  renew(item);
  prefetch();
  if (await wasChanged(addressOf.screen(item))) byId("changed").hidden = mine !== turn;
  return item;
}

function speak(item) {
  const suggested = item.model.tags.slice(0, 3).map((one) => `${one.tag} ${percent(one.confidence)}`);
  byId("spoken").textContent = `${item.name}, ${place + 1} of ${queue.total}: ${suggested.join(", ")}`;
}

async function prefetch() {
  for (const next of [place + 1, place - 1, ...Array.from({ length: AHEAD - 1 }, (_, n) => place + 2 + n)]) {
    const item = await queue.need(next).catch(() => undefined);
    if (!item) continue;
    picture(addressOf.screen(item));
    if (next === place + 1) renew(item);
    if (item.heatmap && preference("heatmap")) picture(addressOf.heatmap(item));
  }
}

// Takes over the look-alikes that were found since a photo's item was fetched.
async function renew(item) {
  if (!isLooking) return;
  const fresh = await get(`/api/photo/${item.photo_id}`).catch(() => null);
  const known = queue.placeOf(item.photo_id);
  if (!fresh || known === undefined || fresh.alike.length === queue.at(known).alike.length) return;
  queue.change(item.photo_id, { alike: fresh.alike });
  if (known === place && view === "single") showAlike(queue.at(known), preference("alikeAll"));
}

function go(step) {
  const wanted = place + step;
  if (wanted < 0 || wanted >= queue.total) {
    toast(step > 0 ? "This is the last photo of the list." : "This is the first photo of the list.");
    return;
  }
  moved();
  measured(() => showSingle(wanted));
}

// Says whether a person is still asked about a photo of this list.
function isAsked(item) {
  const asksAll = !["waiting", ""].includes(queue.parameters.state) && queue.parameters.order !== "audit";
  return asksAll || !(item.settled || item.skipped);
}

// Goes on to the next photo that a person is still asked about.
async function goOn() {
  for (let next = place + 1; next < queue.total; next += 1) {
    const item = await onList(() => queue.need(next));
    if (!item) return;
    if (isAsked(item)) {
      await showSingle(next);
      return;
    }
  }
  showEnd();
}

function showEnd() {
  if (queue.parameters.order === "audit") {
    showEmpty("The sample is checked", "All photos of the random sample were looked at.");
  } else showEmpty("Done", "That was the last photo of this list.");
}

function showNothing() {
  showEmpty("Nothing here", queue.noTag ? `${sentence(queue.noTag)}.` : "No photo fits these filters.");
}

function showEmpty(title, text) {
  turn += 1;
  ending.show(title, text, queue.parameters.order === "audit", progress);
  showOnly("empty");
  if (!byId("filters").contains(document.activeElement)) ending.focus();
}

// Measures from the key to the picture on the screen: what a person waits.
async function measured(work) {
  const start = performance.now();
  await work();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  performance.measure("next-photo", { start });
}

// ---- decisions

function decide(verdict, tag = null) {
  const item = queue.at(place);
  if (view !== "single" || !item) return;
  const alike = preference("alikeAll") ? item.alike.filter((other) => other.open) : [];
  const photos = [item, ...alike].slice(0, settings.max_selected);
  record(verdict, tag, photos, pace.seconds());
  measured(goOn);
}

// Sends one decision on some photos, and shows it at once.
function record(verdict, tag, photos, seconds) {
  const actionId = newUlid();
  outbox.push("/api/decisions", {
    action_id: actionId,
    reviewer: reviewer(),
    verdict,
    tag,
    seconds: Math.round(seconds * 1000) / 1000,
    shown_by: filters.read().order,
    photos: photos.map(({ photo_id, version }) => ({ photo_id, version })),
  });
  pace.decided(photos.length);
  const photoIds = photos.map(({ photo_id: photoId }) => photoId);
  done.push({ action_id: actionId, photo_ids: photoIds, changes: foresee(verdict, photos) });
  const settled = verdict === "skip" ? null : { verdict, tag, reviewer: reviewer(), decided_at: null };
  change(photoIds, actionId, { settled, skipped: verdict === "skip" });
  const many = photos.length > 1 ? ` for ${count(photos.length, "photo")}` : "";
  toast(`${answer(verdict, tag)}${many}. u undoes it.`);
}

// Shows what an action makes of photos before the server has answered.
function change(photoIds, actionId, changes) {
  for (const photoId of photoIds) {
    latest.set(photoId, actionId);
    queue.change(photoId, changes);
  }
}

// Counts a decision before the server does: what is left is true when the next photo shows.
// Returns how the counts changed, for an undo to take back.
function foresee(verdict, photos) {
  const items = photos.map((photo) => queue.at(queue.placeOf(photo.photo_id))).filter(Boolean);
  const fresh = items.filter((item) => !item.settled);
  const asked = fresh.filter((item) => item.model.decision === "review");
  const skipped = fresh.filter((item) => item.skipped);
  const changes = { unasked: -asked.filter((item) => !item.skipped).length };
  if (verdict === "skip") changes.skipped = fresh.length - skipped.length;
  else {
    changes.waiting = -asked.length;
    changes.skipped = -skipped.length;
    changes.settled = changes.mine_today = fresh.length;
  }
  countOn(changes, 1);
  return changes;
}

// sign: 1 for what was decided, -1 for what was taken back
function countOn(changes, sign) {
  const given = { ...progress };
  for (const [name, change] of Object.entries(changes)) given[name] += sign * change;
  showProgress(given);
}

const goneBackFor = new Set(); // undos that the page has shown before the server's answer

async function undo(actionId = null) {
  const last = actionId ? done.find((one) => one.action_id === actionId) : done.at(-1);
  if (last) done.splice(done.indexOf(last), 1);
  const undoId = newUlid();
  outbox.push("/api/undo", {
    action_id: undoId,
    reviewer: reviewer(),
    undoes: actionId ?? last?.action_id ?? null,
  });
  if (!last) return; // then the server says which one it was
  countOn(last.changes, -1);
  change(last.photo_ids, undoId, { settled: null, skipped: false });
  const back = queue.placeOf(last.photo_ids[0]);
  if (back === undefined) return;
  goneBackFor.add(undoId);
  if (view === "grid") grid.refresh(last.photo_ids);
  await goBack(back);
}

// Shows a photo that a person is asked about again, where that person works.
async function goBack(back) {
  if (view === "grid") await onList(() => grid.goTo(back));
  else if (home === "grid") {
    place = back;
    await showGrid();
  } else await measured(() => showSingle(back));
}

// ---- what the server answers

async function sent(entry, given) {
  say("");
  // What was decided on a photo since is newer than this answer, and so are its counts.
  const isNewest = ({ photo_id: id }) => (latest.get(id) ?? entry.body.action_id) === entry.body.action_id;
  const newest = given.items.filter(isNewest);
  for (const { photo_id: photoId } of newest) latest.delete(photoId);
  queue.update(newest);
  if (!outbox.size) showProgress(given.progress);
  const photoIds = given.items.map((item) => item.photo_id);
  if (view === "grid") grid.refresh(photoIds);
  if (entry.path === "/api/undo") await undone(given, entry.body.action_id);
  const item = queue.at(place);
  if (view === "single" && item && photoIds.includes(item.photo_id)) {
    showPanel(item, preference("alikeAll"), (tag) => decide("tag", tag));
  }
}

async function undone(given, undoId) {
  if (!given.undone) {
    toast("There is nothing to undo.");
    return;
  }
  const { photo_ids: photoIds, verdict, tag } = given.undone;
  const many = photoIds.length > 1 ? ` for ${count(photoIds.length, "photo")}` : "";
  toast(`Undone: ${answer(verdict, tag)}${many}.`);
  // Whoever has gone on since, with u once more or by a decision, is not taken back again.
  if (goneBackFor.delete(undoId)) return;
  const back = queue.placeOf(photoIds[0]);
  if (back === undefined) await open(filters.read(), photoIds[0]);
  else if (back !== place || view !== "single") await goBack(back);
}

function refused(entry, error) {
  const number = done.findIndex((one) => one.action_id === entry.body.action_id);
  if (number >= 0) done.splice(number, 1);
  for (const { photo_id: photoId } of entry.body.photos ?? []) {
    if (latest.get(photoId) !== entry.body.action_id) continue;
    latest.delete(photoId);
    queue.change(photoId, { settled: null, skipped: false });
  }
  say(`Not saved: ${error.message}`);
  askProgress(); // what was foreseen did not come
}

function held(waiting, error) {
  const again = byId("notice").querySelector("button");
  say(notSaved(waiting, error));
  if (again) byId("notice").append(" ", again); // what else did not work can still be tried again
}

// ---- the grid

async function showGrid(takesFocus = true) {
  if (queue.total === 0) return showNothing();
  showOnly("grid");
  Filters.toAddress(filters.read(), queue.at(place)?.photo_id);
  await onList(() => grid.show(place, takesFocus));
  pace.begin();
  return undefined;
}

function decideInGrid(verdict, tag = null) {
  const chosen = grid.chosen();
  if (!chosen.length) return;
  if (!grid.hasSelection && !grid.isCurrentSeen) {
    grid.focus();
    toast(`${chosen[0].name} has the ring now: once more decides on it.`);
    return;
  }
  const seconds = pace.seconds();
  if (verdict === "accept") {
    // One decision for each tag: what one key settled can be undone tag by tag.
    for (const [best, items] of byBestTag(chosen)) {
      if (best) record("tag", best, items, (seconds * items.length) / chosen.length);
    }
  } else record(verdict, tag, chosen, seconds);
  pace.begin();
  grid.refresh(chosen.map((item) => item.photo_id));
  goOnInGrid(chosen);
}

async function goOnInGrid(chosen) {
  const decided = new Set(chosen.map((item) => item.photo_id));
  const isWanted = (item) => isAsked(item) && !decided.has(item.photo_id);
  const hasMore = await onList(() => grid.goOn(isWanted));
  if (hasMore === false && view === "grid") showEnd();
}

function byBestTag(items) {
  const groups = new Map();
  for (const item of items) {
    const best = item.model.tags[0]?.tag;
    groups.set(best, [...(groups.get(best) ?? []), item]);
  }
  return groups;
}

// ---- what is said

function showProgress(given) {
  progress = given;
  const over = given.settled + given.waiting;
  const bar = byId("progress-bar");
  bar.max = Math.max(over, 1);
  bar.value = given.settled;
  const speed = pace.perMinute();
  const skipped = given.waiting - given.unasked;
  const ofThem = skipped ? `, ${skipped.toLocaleString()} of them skipped` : "";
  const parts = [`${given.waiting.toLocaleString()} waiting${ofThem}`, `${given.settled.toLocaleString()} settled`];
  if (given.mine_today) parts.push(`${given.mine_today.toLocaleString()} by you today`);
  if (given.disagreements) parts.push(count(given.disagreements, "disagreement"));
  if (speed) {
    parts.push(`${Math.round(speed)} a minute`);
    if (given.unasked) parts.push(`about ${duration((60 * given.unasked) / speed)} to go`);
  }
  if (queue.parameters.order === "audit" && given.audit.n) {
    const { n, wrong, low, high } = given.audit;
    parts.push(`audit: ${wrong} of ${n} wrong (${percent(low)} to ${percent(high)})`);
  }
  if (given.left_out) parts.push(`${given.left_out.toLocaleString()} more wait for another sitting`);
  if (given.newer) parts.push("new photos were tagged: restart to see them");
  byId("progress-text").textContent = parts.join(" · ");
  bar.setAttribute("aria-valuetext", `${given.settled} of ${over} settled`);
  if (view === "empty") ending.renew(given);
}

function say(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

function complain(error, again) {
  const isAway = error.status === 0 && outbox.size > 0;
  say(`${isAway ? notSaved(outbox.size, error) : error.message} `);
  const button = element("button", "", "Try again");
  button.type = "button";
  button.addEventListener("click", again);
  byId("notice").append(button);
}

async function loadTags() {
  const known = (await get("/api/tags")).tags;
  tags = known.map(({ tag }) => tag);
  byId("known-tags").replaceChildren(...tags.slice(0, 500).map((tag) => new Option(tag)));
}

async function showHistory() {
  const { actions } = await get("/api/history", { reviewer: reviewer(), count: 10 });
  const rows = actions.map((action) => {
    const many = action.photo_ids.length > 1 ? ` (${count(action.photo_ids.length, "photo")})` : "";
    const button = element("button", "", "Undo");
    button.type = "button";
    const text = answer(action.verdict, action.tag) + many;
    button.setAttribute("aria-label", `Undo ${text}`);
    button.addEventListener("click", () => {
      button.closest("li").remove();
      undo(action.action_id);
    });
    return element("li", "", element("span", "", text), button);
  });
  byId("history-list").replaceChildren(...rows);
}

// ---- controls

function setHeatmap(isOn, opacity = preference("opacity")) {
  prefer("heatmap", isOn);
  prefer("opacity", opacity);
  byId("heatmap-button").setAttribute("aria-pressed", String(isOn));
  byId("heatmap-opacity").value = String(opacity);
  stage.setHeatmap(isOn, opacity / 100);
}

function toggleHeatmap() {
  const item = queue.at(place);
  if (item && !item.heatmap) toast(whyNoHeatmap(item));
  setHeatmap(!preference("heatmap"));
}

function fade(step) {
  setHeatmap(true, Math.min(100, Math.max(0, preference("opacity") + step)));
}

function toggleAlike() {
  prefer("alikeAll", !preference("alikeAll"));
  byId("alike-all").checked = preference("alikeAll");
}

function toggleGrid() {
  if (view === "grid") showSingle(grid.place);
  else showGrid();
}

function toggleDetails(id) {
  byId(id).open = !byId(id).open;
  if (byId(id).open) byId(id).querySelector("summary").focus();
  else leaveField();
}

function setTheme() {
  toast(`Theme: ${{ auto: "as the system", light: "light", dark: "dark" }[nextTheme()]}`);
}

function leaveField() {
  if (view === "grid") grid.focus();
  else if (view === "empty") ending.focus();
  else byId("stage").focus();
}

function pick(work) {
  return (tag) => {
    if (!tags.includes(tag)) tags = [...tags, tag];
    work("tag", tag);
    leaveField();
  };
}

const fieldOf = { tags: () => tags, onLeave: leaveField };
const tagField = new Combobox("tag-input", "tag-list", { ...fieldOf, onPick: pick(decide) });
const gridField = new Combobox("grid-tag-input", "grid-tag-list", { ...fieldOf, onPick: pick(decideInGrid) });

const keys = new Keys(() => !byId("help").open);
const inSingle = (work) => (event) => view === "single" && work(event);
const each = (single, many) => (event) => {
  if (view === "single") single(event);
  else if (view === "grid") many(event);
};

function takeSuggestion(event) {
  const suggestion = queue.at(place)?.model.tags[Number(event.key) - 1];
  if (suggestion) decide("tag", suggestion.tag);
}

const PANS = ["shift+arrowleft", "shift+arrowright", "shift+arrowup", "shift+arrowdown"];

function pan(event) {
  const [x, y] = { arrowleft: [1, 0], arrowright: [-1, 0], arrowup: [0, 1] }[event.key.toLowerCase()] ?? [0, -1];
  stage.pan(x * PAN, y * PAN);
}

keys.entries = [
  { keys: ["1"], label: "1", text: "the model's first tag; in the grid: the model is right", run: each(takeSuggestion, () => decideInGrid("accept")) },
  { keys: ["2", "3", "4", "5"], label: "2 3 4 5", text: "another of the model's tags", run: inSingle(takeSuggestion) },
  { keys: ["0", "n"], label: "0 n", text: "not a landmark", run: each(() => decide("not_a_landmark"), () => decideInGrid("not_a_landmark")) },
  { keys: ["t", "/"], label: "t /", text: "type any tag; Enter takes it (a new one: Enter twice), Esc leaves", run: each(() => tagField.focus(), () => gridField.focus()) },
  { keys: ["s"], label: "s", text: "skip: leave it to somebody else", run: each(() => decide("skip"), () => decideInGrid("skip")) },
  { keys: ["u", "ctrl+z"], label: "u", text: "undo my last decision, and the one before it, ...", run: () => undo() },
  { keys: ["arrowright", "j"], label: "→ j", text: "next photo, undecided", run: inSingle(() => go(1)) },
  { keys: ["arrowleft", "k"], label: "← k", text: "previous photo", run: inSingle(() => go(-1)) },
  { keys: ["h"], label: "h", text: "heatmap: where the model looked", run: inSingle(toggleHeatmap) },
  { keys: ["["], label: "[ ]", text: "heatmap fainter, stronger", run: inSingle(() => fade(-10)) },
  { keys: ["]"], label: "", text: "", run: inSingle(() => fade(10)) },
  { keys: ["+", "="], label: "+ -", text: "enlarge, reduce", run: inSingle(() => stage.zoom(1)) },
  { keys: ["-"], label: "", text: "", run: inSingle(() => stage.zoom(-1)) },
  { keys: ["z"], label: "z", text: "enlarge, or back to the whole photo", run: inSingle(() => stage.zoom(stage.isEnlarged ? 0 : 2)) },
  { keys: PANS, label: "⇧ ← ↑ ↓ →", text: "move the enlarged photo; in the grid: select", run: inSingle(pan) },
  { keys: ["a"], label: "a", text: "decide for look-alikes too; in the grid: select all shown", run: each(toggleAlike, () => grid.selectAll()) },
  { keys: ["g"], label: "g", text: "grid of many photos, and back", run: toggleGrid },
  { keys: ["c"], label: "c", text: "in the grid: select the photo's look-alikes", run: each(() => {}, () => grid.selectAlike()) },
  { keys: [], label: "Space Enter", text: "in the grid: select; open large", run: () => {} },
  { keys: ["f"], label: "f", text: "filters and orders; Esc leaves them", run: () => toggleDetails("filters") },
  { keys: ["i"], label: "i", text: "about this photo", run: inSingle(() => toggleDetails("facts")) },
  { keys: ["d"], label: "d", text: "theme: as the system, light, dark", run: setTheme },
  { keys: ["?"], label: "?", text: "these keys", run: () => byId("help").showModal() },
];
keys.fillHelp(byId("help-list"));

const onClick = {
  previous: () => go(-1),
  next: () => go(1),
  "not-a-landmark": () => decide("not_a_landmark"),
  skip: () => decide("skip"),
  undo: () => undo(),
  "heatmap-button": toggleHeatmap,
  "grid-button": toggleGrid,
  "theme-button": setTheme,
  "help-button": () => byId("help").showModal(),
  "grid-all": () => grid.selectAll(),
  "grid-alike": () => grid.selectAlike(),
  "grid-accept": () => decideInGrid("accept"),
  "grid-not-a-landmark": () => decideInGrid("not_a_landmark"),
  "grid-skip": () => decideInGrid("skip"),
  "grid-undo": () => undo(),
  "empty-audit": () => show({ order: "audit" }),
  "empty-skipped": () => show({ state: "skipped" }),
  "empty-reset": () => show({}),
};
for (const [id, work] of Object.entries(onClick)) byId(id).addEventListener("click", work);

function show(parameters) {
  filters.write(parameters);
  open(filters.read());
}

byId("heatmap-opacity").addEventListener("input", (event) => setHeatmap(true, Number(event.target.value)));
byId("alike-all").addEventListener("change", (event) => prefer("alikeAll", event.target.checked));
byId("history").addEventListener("toggle", () => byId("history").open && showHistory().catch(complain));
byId("reviewer").addEventListener("change", (event) => {
  prefer("reviewer", event.target.value.trim());
  event.target.value = reviewer();
  open(filters.read(), queue.at(place)?.photo_id);
});
addEventListener("beforeunload", (event) => {
  if (outbox.size) event.preventDefault(); // what was decided has not arrived yet
});
function askProgress() {
  get("/api/progress", { reviewer: reviewer() }).then((given) => outbox.size || showProgress(given), () => {});
}

setInterval(() => {
  if (!document.hidden && !outbox.size) askProgress();
}, PROGRESS_MS);

setInterval(() => {
  const item = queue.at(place);
  const { done: read, total } = progress?.looks ?? { done: 0, total: 0 };
  if (item && read < total && view === "single" && !document.hidden) renew(item);
}, LOOKS_MS);

byId("reviewer").value = reviewer();
byId("filters").open = preference("filters");
byId("filters").addEventListener("toggle", () => {
  prefer("filters", byId("filters").open);
  if (!byId("filters").open && byId("filters").contains(document.activeElement)) leaveField();
});
byId("filters").addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !byId("filters").open) return;
  event.preventDefault();
  byId("filters").open = false;
  leaveField();
});
setHeatmap(preference("heatmap"));
const { parameters, at } = Filters.fromAddress();
filters.write(parameters);
await open(filters.read(), at);
performance.measure("page-ready", { start: 0 });
document.documentElement.dataset.ready = "yes";
outbox.send();
loadTags().catch(() => {});
