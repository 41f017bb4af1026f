"""The frame of the page that `dvc plots` writes: .dvc/plots/page.html, with Vega in it, so that it needs no network.

Run as a module, it writes the frame anew: `python -m xstilts.report.plots_page`.
"""

from pathlib import Path

import vl_convert

FRAME = Path(".dvc/plots/page.html")  # named by plots.html_template in .dvc/config
# DVC puts the plots where {plot_divs} stands. Its own scripts, which come over the network, have no place: {scripts}.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh_tag}
<title>xstilts: plots</title>
<style>
:root { color-scheme: light dark; }
body { font-family: system-ui, sans-serif; margin: clamp(0.75rem, 4vw, 2rem); }
body > div { margin-bottom: 1.5rem; padding: 0.5rem; overflow-x: auto; background: #ffffff; border-radius: 8px; }
@media (prefers-color-scheme: dark) { body { background: #14171b; color: #e8eaed; } }
</style>
<!-- Vega, Vega-Lite and Vega-Embed (BSD-3-Clause), as vl-convert bundles them; made by xstilts.report.plots_page. -->
<script>(() => {
VEGA
})();</script>
</head>
<body>
{plot_divs}
</body>
</html>
"""


def plots_page() -> str:
    """The frame: a page with Vega's scripts inline, and DVC's placeholder for the plots."""
    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub knows no default
    if "</script" in bundle:
        raise AssertionError("the bundle would end its own script element")
    return _PAGE.replace("VEGA", bundle)


if __name__ == "__main__":
    FRAME.write_text(plots_page(), encoding="utf-8")
