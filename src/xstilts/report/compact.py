"""JSON in which a record that fits on a line has a line: files of many intervals that still diff well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WIDTH = 120


def write_compact(path: Path, content: Any) -> None:
    """Write JSON with two spaces a level, UTF-8 and a final newline; what fits into `WIDTH` characters is one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(compact(content) + "\n", encoding="utf-8")


def compact(content: Any, indent: int = 0, before: int = 0) -> str:
    """The text of a value.

    Args:
        indent: of the line that it begins on.
        before: characters that precede it there, the indent not among them.
    """
    line = json.dumps(content, ensure_ascii=False)
    if indent + before + len(line) < WIDTH or not content or not isinstance(content, (dict, list)):
        return line
    inner, brackets = indent + 2, "{}" if isinstance(content, dict) else "[]"
    if isinstance(content, dict):
        parts = [(json.dumps(key, ensure_ascii=False) + ": ", value) for key, value in content.items()]
    else:
        parts = [("", value) for value in content]
    lines = [" " * inner + key + compact(value, inner, len(key)) for key, value in parts]
    return f"{brackets[0]}\n" + ",\n".join(lines) + f"\n{' ' * indent}{brackets[1]}"
