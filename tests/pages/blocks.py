"""The fenced blocks of the project's pages, and the shell commands in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *(ROOT / name / "README.md" for name in ("benchmarks", "deployments")),
    ]
)
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, and its text without the indentation of a list."""

    language: str
    text: str


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """Return a page's fenced blocks in their order."""
    found = _FENCED.findall(page.read_text(encoding="utf-8"))
    return [
        Block(language, re.sub(f"^{indent}", "", text, flags=re.MULTILINE))
        for indent, language, text in found
    ]


def commands_of(page: Path, language: str = "sh") -> list[list[str]]:
    """Return the commands of each block, without comments; a continued line is one command."""
    return [
        [
            line
            for whole in block.text.replace("\\\n", " ").splitlines()
            if (line := re.sub(r"(^|\s+)#\s.*", "", whole).strip())
        ]
        for block in blocks_of(page)
        if block.language == language
    ]
