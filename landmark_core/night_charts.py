"""Draw the nights as two small SVG pictures: shares over the nights, and confidences.

Pure. Each picture is a card that brings its own paper and ink, light or dark by the reader's
setting, so that it is legible on any page. Colours follow Okabe and Ito, "Color Universal Design"
(https://jfly.uni-koeln.de/color/), safe for the colour-blind; lines are named where they end.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from landmark_core.nights import SHARES, Drift, Night, ShareName
from landmark_core.number_text import count_text, percent_text

NAMES: dict[ShareName, str] = {
    "tagged": "tagged",
    "review": "to review",
    "no_landmark": "no landmark",
    "failed": "unreadable",
}
_WIDTH, _HIGH = 780, 270  # pixels of a picture
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 146, 44, 36  # pixels around the plot
_LINE_HIGH = 14  # pixels between the names of two lines, at least
_STYLE = """<style>
svg { --paper: #ffffff; --ink: #1d2330; --soft: #5b6475; --line: #e3e7ee; --edge: #d9dee8;
  --tagged: #0072b2; --review: #c75400; --no_landmark: #7a5195; --failed: #b00020;
  font: 12px system-ui, "DejaVu Sans", Verdana, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --paper: #161b24; --ink: #e3e7ee; --soft: #a0a9ba;
  --line: #2a3240; --edge: #343c49; --tagged: #56b4e9; --review: #ff9d4d; --no_landmark: #c6a0ea;
  --failed: #ff7a8a; } }
text { fill: var(--soft); } .title { fill: var(--ink); font-weight: 600; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
path { fill: none; stroke-width: 2; stroke-linejoin: round; } .grid { stroke: var(--line); }
</style>"""


def draw_shares(nights: Sequence[Night]) -> str:
    """Draw the four shares of each night as lines, the last night marked.

    Args:
        nights: oldest first, tonight last; at least one.
    """
    body = [*_grid([(part / 4, f"{25 * part} %") for part in range(5)])]
    step = _plot_width() / max(len(nights) - 1, 1)
    places = [_LEFT + step * number for number in range(len(nights))]
    places = places if len(nights) > 1 else [_LEFT + _plot_width()]
    for (before, after), place in zip(pairwise(nights), places[1:], strict=True):
        if before.model_id != after.model_id:
            body.append(_model_change(place - step / 2))
    for name in SHARES:
        points = [
            (place, _y(night.share(name))) for place, night in zip(places, nights, strict=True)
        ]
        body.append(f'<path d="M{_joined(points)}" style="stroke:var(--{name})"/>')
        x, y = points[-1]
        body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" style="fill:var(--{name})"/>')
    body += _names_at_the_end(nights[-1])
    body.append(_date(places[-1], nights[-1], "end"))
    if len(nights) > 1:
        body.append(_date(places[0], nights[0], ""))
    return _card("Share of the photos, night by night", body)


def draw_confidences(tonight: Night, drift: Drift) -> str:
    """Draw the confidences of the past nights as an area, and tonight's as a line.

    Args:
        tonight: with confidences.
        drift: of tonight.
    """
    mine, past = _shares(tonight.confidences or ()), _shares(drift.past)
    top = max(*mine, *past)
    ends = [(part / 2, percent_text(top * part / 2, 0 if top > 0.1 else 1)) for part in range(3)]
    body = [*_grid(ends)]
    area = [(_LEFT, _y(0)), *_steps(past, top), (_LEFT + _plot_width(), _y(0))]
    body.append(f'<path d="M{_joined(area)}Z" style="fill:var(--soft);opacity:.35"/>')
    body.append(f'<path d="M{_joined(_steps(mine, top))}" style="stroke:var(--tagged)"/>')
    for part in range(6):
        x = _LEFT + _plot_width() * part / 5
        body.append(f'<text class="middle" x="{x:.1f}" y="{_HIGH - 14}">{part / 5:.1f}</text>')
    right = _WIDTH - _RIGHT + 12
    body.append(f'<path d="M{right},{_TOP + 6}h18" style="stroke:var(--tagged)"/>')
    body.append(f'<text x="{right + 24}" y="{_TOP + 10}">tonight</text>')
    body.append(
        f'<rect x="{right}" y="{_TOP + 20}" width="18" height="10"'
        ' style="fill:var(--soft);opacity:.35"/>'
    )
    before = count_text(drift.nights, "night")
    body.append(f'<text x="{right + 24}" y="{_TOP + 29}">{before}</text>')
    return _card("Share of the photos by confidence of the best tag", body)


def _card(title: str, body: Iterable[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HIGH}"'
        f' viewBox="0 0 {_WIDTH} {_HIGH}" role="img" aria-label="{title}">'
    )
    paper = (
        f'<rect x=".5" y=".5" width="{_WIDTH - 1}" height="{_HIGH - 1}" rx="8"'
        ' style="fill:var(--paper);stroke:var(--edge)"/>'
    )
    label = f'<text class="title" x="16" y="24">{title}</text>'
    return "\n".join([head, _STYLE, paper, label, *body, "</svg>"])


def _grid(marks: Iterable[tuple[float, str]]) -> Iterable[str]:
    for share, text in marks:
        y = _y(share)
        yield f'<path class="grid" d="M{_LEFT},{y:.1f}h{_plot_width()}" style="stroke-width:1"/>'
        yield f'<text class="end" x="{_LEFT - 8}" y="{y + 4:.1f}">{text}</text>'


def _names_at_the_end(night: Night) -> Iterable[str]:
    """Name each line at its height, pushed apart where they would touch."""
    upwards = sorted(SHARES, key=night.share)
    lowest = _y(0) + 4
    for name in upwards:
        y = min(_y(night.share(name)) + 4, lowest)
        lowest = y - _LINE_HIGH
        share = night.share(name)
        text = f"{NAMES[name]} {percent_text(share, 1 if 0 < share < 0.01 else 0)}"
        x = _WIDTH - _RIGHT + 12
        yield f'<text x="{x}" y="{y:.1f}" style="fill:var(--{name})">{text}</text>'


def _model_change(x: float) -> str:
    line = (
        f'<path d="M{x:.1f},{_TOP}V{_HIGH - _BOTTOM}"'
        ' style="stroke:var(--soft);stroke-width:1;stroke-dasharray:4 3"/>'
    )
    return f'{line}<text class="middle" x="{x:.1f}" y="{_HIGH - 14}">new model</text>'


def _date(x: float, night: Night, where: str) -> str:
    text = f"{night.finished_at:%Y-%m-%d}"
    return f'<text class="{where}" x="{x:.1f}" y="{_HIGH - 14}">{text}</text>'


def _steps(shares: Sequence[float], top: float) -> list[tuple[float, float]]:
    """Return the outline of a histogram whose highest bar may be `top`."""
    wide = _plot_width() / len(shares)
    return [
        (_LEFT + wide * (number + side), _y(share / top))
        for number, share in enumerate(shares)
        for side in (0, 1)
    ]


def _shares(histogram: Sequence[int]) -> list[float]:
    whole = sum(histogram)
    return [photos / whole for photos in histogram]


def _joined(points: Iterable[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _plot_width() -> int:
    return _WIDTH - _LEFT - _RIGHT


def _y(share: float) -> float:
    return _TOP + (_HIGH - _TOP - _BOTTOM) * (1 - share)
