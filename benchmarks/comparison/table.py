"""Write results as Markdown. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.comparison.cases import BY_NAME
from benchmarks.comparison.marginal import Spread
from benchmarks.comparison.results import CaseResult, Line

COLUMNS = (
    *("way", "ms a photo", "least to most", "photos/s"),
    *("times ours", "least to most", "start-up s", "N"),
)
HEAD = f"| {' | '.join(COLUMNS)} |\n|---{'|---:' * (len(COLUMNS) - 1)}|"
METHOD = (
    "Marginal cost: a run of 3N photos minus a run of N, over 2N, whole processes. Medians over "
    "rounds in which everybody ran once, in another order each time; ratios are taken within each "
    "round. Photos lie in the page cache."
)


def to_markdown(
    results: Sequence[CaseResult], *, machine: str, settings: str, answers: Mapping[str, Any]
) -> str:
    """Return the page: what was measured where, a table for each case, everybody's settings.

    Args:
        results: of all cases.
        machine: one line.
        settings: one line.
        answers: what each contestant says of itself, by name.
    """
    parts = ["# What a photo costs", METHOD, machine, settings]
    parts += [f"## {result.label}\n\n{case_table(result)}" for result in results]
    parts.append("## Settings\n\n" + "\n".join(_settings_lines(answers)))
    return "\n\n".join(parts) + "\n"


def case_table(result: CaseResult) -> str:
    """Return the table of one case."""
    return "\n".join([HEAD, *(_row(line) for line in result.lines)])


def _row(line: Line) -> str:
    ratio, cost = line.against_ours, line.cost
    cells = [
        f"**{line.label}**" if line.name == "ours" else line.label,
        f"{cost.median:.1f}",
        f"{cost.least:.1f} to {cost.most:.1f}",
        f"{1000 / cost.median:.0f}" if cost.median > 0 else "",
        f"{ratio.median:.2f}" if ratio else "",
        _range(ratio),
        "" if line.start_s is None else f"{line.start_s:.1f}",
        "" if line.photos is None else f"{line.photos:,}",
    ]
    return f"| {' | '.join(cells)} |"


def _range(values: Spread | None) -> str:
    return f"{values.least:.2f} to {values.most:.2f}" if values else ""


def _settings_lines(answers: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, answer in answers.items():
        versions = ", ".join(" ".join(pair) for pair in answer["versions"].items())
        lines.append(f"- {BY_NAME[name].label}: {answer['settings']} ({versions})")
    return lines
