"""mkdocs: links to files outside docs/ lead to the repository, if one is known; the site has a page per study."""

from __future__ import annotations

import posixpath
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
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


def studies() -> dict[str, tuple[Path, list[str]]]:
    """{name: project and options of stages/page.py} of every study whose numbers git holds."""
    own = {path.parents[1].name: (path.parents[1], []) for path in ROOT.glob("stages/*/metrics/study.json")}
    named = {path.parent.name: (ROOT, ["--study", path.parent.name]) for path in ROOT.glob("metrics/*/study.json")}
    default: dict[str, tuple[Path, list[str]]] = (
        {"default": (ROOT, [])} if (ROOT / "metrics/study.json").is_file() else {}
    )
    return {**default, **named, **own}


def on_nav(nav: Any, *, config: Any, files: Any) -> Any:
    """Put the studies' pages behind the documentation's."""
    from mkdocs.structure.nav import Link, Section

    nav.items.append(Section("Studies", [Link(name, f"studies/{name}.html") for name in studies()]))
    return nav


def on_post_build(*, config: Any) -> None:
    """Make them, of what git holds."""
    for name, (project, options) in studies().items():
        out = Path(config.site_dir, "studies", f"{name}.html")
        command = [sys.executable, str(ROOT / "stages/page.py"), *options, "--from-git", "--out", str(out)]
        subprocess.run(command, cwd=project, check=True)
