"""Turn a comparison of nights into what people read: lines and a Markdown page with two charts.

Pure. The page is small enough to live in a database: pictures are inlined as SVG, about 10 KB.
"""

import base64
from collections.abc import Sequence

from landmark_core.night_charts import NAMES, draw_confidences, draw_shares
from landmark_core.nights import Comparison, Drift, Night, PassedLimit, Spread
from landmark_core.number_text import count_text, percent_text
from landmark_core.report_text import markdown_cell


def limit_to_text(passed: PassedLimit, tonight: Night) -> str:
    """Return one line: what is off, by how much, what is allowed."""
    if passed.limit == "drift":
        return (
            f"the confidences have drifted: stability index {passed.value:.2f}, at most "
            f"{passed.allowed:.2f} is allowed ({tonight.photos:,} photos)"
        )
    what = {"failures": "could not be read", "review": "wait for a person"}[passed.limit]
    return (
        f"{percent_text(passed.value, 1)} of {tonight.photos:,} photos {what}, "
        f"at most {percent_text(passed.allowed, 1)} is allowed"
    )


def nights_to_markdown(
    comparison: Comparison, past: Sequence[Night], passed: Sequence[PassedLimit]
) -> str:
    """Return tonight beside the nights before as a Markdown page.

    Args:
        comparison: of tonight.
        past: the nights that the lines show, oldest first.
        passed: limits that tonight is beyond.
    """
    tonight = comparison.tonight
    blocks = [
        f"# {count_text(tonight.photos, 'photo')} tonight, beside {count_text(len(past), 'night')}"
    ]
    blocks += [f"⚠️ **{one.limit}**: {limit_to_text(one, tonight)}" for one in passed]
    blocks += [] if passed else ["No limit was passed."]
    blocks += _model_note(comparison)
    if tonight.photos:
        blocks.append(_picture("Shares by night", draw_shares([*past, tonight])))
        blocks.append(_table(comparison))
    blocks.append("## Confidences")
    if comparison.drift is None:
        blocks.append("Nothing to compare: no confidences of this model on both sides.")
    else:
        blocks.append(_drift_text(comparison.drift, sum(tonight.confidences or ())))
        blocks.append(_picture("Confidences", draw_confidences(tonight, comparison.drift)))
    return "\n\n".join(blocks)


def _model_note(comparison: Comparison) -> list[str]:
    model = markdown_cell(comparison.tonight.model_id)
    note = f"The model changed since the night before (now {model})."
    if not comparison.model_changed:
        note = f"Model {model} has few nights yet."
    if comparison.other_models:
        note += " Shares are compared with nights of other models too, confidences are not."
    return [note] if comparison.model_changed or comparison.other_models else []


def _table(comparison: Comparison) -> str:
    nights = count_text(comparison.nights, "night")
    lines = [
        f"| share of the photos | tonight | median of {nights} | middle half |",
        "|---|---:|---:|---:|",
    ]
    for share in comparison.shares:
        median = percent_text(share.past.median, 1) if share.past else "–"
        half = _half(share.past)
        lines.append(
            f"| {NAMES[share.name]} | **{percent_text(share.tonight, 1)}** | {median} | {half} |"
        )
    return "\n".join(lines)


def _half(spread: Spread | None) -> str:
    return f"{100 * spread.low:.1f} to {percent_text(spread.high, 1)}" if spread else "–"


def _drift_text(drift: Drift, photos: int) -> str:
    usual = (
        f" The nights before were mostly between {drift.usual.low:.3f} and {drift.usual.high:.3f}."
        if drift.usual
        else ""
    )
    return (
        f"**Drift {drift.value:.3f}** (population stability index against "
        f"{count_text(drift.nights, 'night')} of this model, {sum(drift.past):,} photos).{usual} "
        f"Chance alone stays below {drift.noise:.3f} with {count_text(photos, 'photo')}; "
        "below 0.1 is usually read as no change, above 0.25 as a real one."
    )


def _picture(title: str, svg: str) -> str:
    return f"![{title}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"
