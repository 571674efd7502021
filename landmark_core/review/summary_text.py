"""The summary of people's decisions, as lines for a terminal and as plain JSON values. Pure."""

import dataclasses
from typing import Any

from landmark_core.number_text import count_text, percent_text
from landmark_core.report_text import printable
from landmark_core.review.summary import ReviewSummary, Share

NOTHING = "not a landmark"


def summary_to_json(summary: ReviewSummary) -> dict[str, Any]:
    """Return the summary as plain JSON values; every share stands beside its count."""
    values = dataclasses.asdict(summary)
    values["audit"]["error_rate"] = _share_json(summary.audit.wrong)
    values["bands"] = [
        {"low": band.low, "high": band.high, "right": _share_json(band.right)}
        for band in summary.bands
    ]
    return values


def summary_to_text(summary: ReviewSummary) -> str:
    """Return the summary as the lines that `landmarks review --summary` prints."""
    if not summary.photos:
        return "nobody has decided on a photo yet; `landmarks review OUT` opens the page"
    settled = count_text(summary.photos, "photo")
    lines = [
        f"{settled} settled by people, {summary.not_landmarks} of them {NOTHING}",
        f"the model's best tag was right for {_share(summary.right)} of those that waited",
        "",
        *_bands(summary),
        *_confusions(summary),
        *_classes(summary),
        suggestion_text(summary),
        audit_text(summary),
    ]
    return "\n".join(lines)


def suggestion_text(summary: ReviewSummary) -> str:
    """Return the suggested threshold as one sentence."""
    suggestion = summary.suggestion
    if suggestion.threshold is None:
        wanted = percent_text(suggestion.precision)
        return f"no threshold for {wanted} right tags yet: {suggestion.reason}"
    return (
        f"from a confidence of {suggestion.threshold:.2f} on, at least "
        f"{percent_text(suggestion.precision)} of the tags are right ({suggestion.reason}): "
        f"--review-below {suggestion.threshold:.2f}"
    )


def audit_text(summary: ReviewSummary) -> str:
    """Return what the audit found as one sentence."""
    wrong, pool = summary.audit.wrong, summary.audit.pool
    if not wrong.total:
        return "no photo of the audit was checked: the errors of what nobody checks are unknown"
    return (
        f"audit: {wrong.count} of {count_text(wrong.total, 'photo')} that the machine settled "
        f"{'was' if wrong.count == 1 else 'were'} wrong; of all {pool}, "
        f"about {round(pool * wrong.share)} may be "
        f"({round(pool * wrong.low)} to {round(pool * wrong.high)}, 95 %)"
    )


def _bands(summary: ReviewSummary) -> list[str]:
    return [
        "confidence   photos    right   95 % interval",
        *(
            f"{band.low:.1f} to {band.high:.1f} {band.right.total:9d} "
            f"{percent_text(band.right.share):>8}   "
            f"{percent_text(band.right.low)} to {percent_text(band.right.high)}"
            for band in summary.bands
            if band.right.total
        ),
        "",
    ]


def _confusions(summary: ReviewSummary) -> list[str]:
    if not summary.confusions:
        return []
    return [
        "most often wrong",
        *(
            f"{one.photos:6d}  {printable(one.model_tag)}, really "
            f"{NOTHING if one.tag is None else printable(one.tag)}"
            for one in summary.confusions
        ),
        "",
    ]


def _classes(summary: ReviewSummary) -> list[str]:
    if not summary.classes:
        return []
    return [
        "photos   right  missed  tag",
        *(
            f"{one.right.total:6d} {one.right.share:7.0%} {one.missed:7d}  {printable(one.tag)}"
            for one in summary.classes
        ),
        "",
    ]


def _share(share: Share) -> str:
    return f"{share.count} of {share.total} ({percent_text(share.share)})"


def _share_json(share: Share) -> dict[str, Any]:
    return {**dataclasses.asdict(share), "share": share.share}
