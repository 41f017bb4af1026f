"""mkdocs: links to files outside docs/ lead to the repository, or are plain text where no repository is known."""

from __future__ import annotations

import posixpath
import re
from typing import Any

LINK = re.compile(r"\[([^\]]+)\]\((\.\.[^)\s]*)\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Rewrite the links of a page."""
    folder, repository = posixpath.dirname(page.file.src_uri), config.repo_url

    def rewritten(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", folder, found[2]))
        if path.startswith("docs/"):
            return found[0]
        return f"[{found[1]}]({repository}/blob/main/{path})" if repository else found[1]

    return LINK.sub(rewritten, markdown)
