// The panel beside the photo: its name, what the model says, what people said, what looks alike.
// All texts from outside are set as text, never as markup.

import { addressOf } from "./pictures.js";
import { answer, count, moment, percent } from "./words.js";

const MOST_BUTTONS = 5;
const MOST_ALIKE = 12;

const byId = (id) => document.getElementById(id);

export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

// onTag(tag): a suggestion was taken
export function showPanel(item, decidesForAll, onTag) {
  byId("photo-name").textContent = item.name;
  byId("photo-name").title = `${item.folder}/${item.name}`;
  byId("changed").hidden = true;
  showTags(item, onTag);
  showStanding(item);
  showAlike(item, decidesForAll);
  showFacts(item);
  showHeatmapTools(item);
}

function showHeatmapTools(item) {
  const why = item.heatmap ? "" : whyNoHeatmap(item);
  byId("heatmap-button").disabled = !item.heatmap;
  byId("heatmap-button").title = why;
  byId("heatmap-why").textContent = why;
  byId("heatmap-why").hidden = !why;
}

export function whyNoHeatmap(item) {
  return item.model.decision === "review"
    ? "No heatmap was made for this photo."
    : "Heatmaps are made for photos to review.";
}

function showTags(item, onTag) {
  const buttons = item.model.tags.slice(0, MOST_BUTTONS).map(({ tag, confidence }, number) => {
    const bar = element("span", "bar");
    bar.style.width = `${100 * (confidence ?? 0)}%`;
    const button = element(
      "button",
      "tag",
      bar,
      element("kbd", "", String(number + 1)),
      element("span", "tag-name", tag),
      element("span", "share", percent(confidence)),
    );
    button.type = "button";
    button.setAttribute("aria-keyshortcuts", String(number + 1));
    button.setAttribute("aria-label", `${tag}, ${percent(confidence)}`);
    button.classList.toggle("is-chosen", item.settled?.tag === tag);
    button.addEventListener("click", () => onTag(tag));
    return button;
  });
  byId("tag-buttons").replaceChildren(...buttons);
  byId("not-a-landmark").classList.toggle("is-chosen", item.settled?.verdict === "not_a_landmark");
}

function showStanding(item) {
  const lines = [];
  if (item.disagree) {
    lines.push(element("strong", "", "People disagree:"));
    for (const opinion of item.opinions) {
      const said = answer(opinion.verdict, opinion.tag);
      lines.push(element("span", "", `${opinion.reviewer}: ${said}`));
    }
  } else if (item.settled) {
    const { reviewer, decided_at: decidedAt, verdict, tag } = item.settled;
    const when = decidedAt ? `, ${moment(decidedAt)}` : "";
    lines.push(element("span", "", `Settled: ${answer(verdict, tag)} (${reviewer}${when})`));
  } else if (item.skipped) {
    lines.push(element("span", "", "Skipped"));
  } else if (item.model.decision !== "review") {
    const said = item.model.decision === "tagged" ? "tagged" : "no landmark";
    lines.push(element("span", "", `The machine settled this: ${said}`));
  }
  byId("standing").replaceChildren(...lines);
  byId("standing").hidden = lines.length === 0;
  byId("standing").classList.toggle("is-disputed", item.disagree);
}

export function showAlike(item, decidesForAll) {
  const open = item.alike.filter((other) => other.open);
  byId("alike").hidden = open.length === 0;
  byId("alike-text").textContent = `${count(open.length, "photo looks", "photos look")} like this`;
  byId("alike-all").checked = decidesForAll;
  const small = open.slice(0, MOST_ALIKE).map((other) => {
    const image = element("img");
    image.src = addressOf.thumb(other);
    image.alt = "";
    image.loading = "lazy";
    return element("li", "", image);
  });
  const rest = open.length - small.length;
  if (rest > 0) small.push(element("li", "quiet", `+${rest}`));
  byId("alike-list").replaceChildren(...small);
}

function showFacts(item) {
  const { model } = item;
  const facts = {
    Folder: item.folder,
    Size: item.width ? `${item.width} × ${item.height}` : "",
    "File changed": item.modified_us === null ? "" : moment(item.modified_us / 1000),
    Tagged: moment(item.tagged_at),
    "Model says": model.decision.replace("_", " "),
    "Best minus second": model.margin === null ? "" : model.margin.toFixed(3),
    Entropy: model.entropy === null ? "" : `${model.entropy.toFixed(3)} nats`,
    Model: item.model_id,
    Run: item.run_id,
    Photo: item.photo_id,
  };
  const rows = Object.entries(facts).filter(([, value]) => value !== "");
  const cells = rows.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]);
  byId("facts-list").replaceChildren(...cells);
}
