"""The page as one file of HTML: styles, scripts, specs and pictures inside, nothing fetched.

Whatever comes from data is escaped: in HTML by Jinja's autoescape, in the JSON of the specs by its `tojson`, which
writes `<` as `\\u003c`. The policy in the head lets the page's own scripts run, by their hash, and nothing load.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import altair as alt
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from xstilts.page.charts import CONFIG
from xstilts.page.content import Content

TEMPLATES = "templates"
SCRIPTS = ("statistics.js", "permalink.js", "explorer.js", "atlas.js", "page.js")
CLOSING = "</script"


def render(content: Content) -> str:
    """The page's HTML."""
    loader = PackageLoader("xstilts.page", TEMPLATES)
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}  # the order of languages and routes says something
    environment.filters |= {"pair": lambda name: (name, name), "only": lambda seed: (seed, f"seed {seed} alone")}
    script = bundle("\n".join(loader.get_source(environment, name)[0] for name in SCRIPTS))
    style = Markup(loader.get_source(environment, "page.css")[0])
    parts = {"config": CONFIG, "script": Markup(script), "style": style, "policy": policy(script)}
    return environment.get_template("page.html.j2").render(content=content, **parts) + "\n"


@lru_cache(maxsize=2)
def bundle(source: str) -> str:
    """The page's script with Vega, Vega-Lite and Vega-Embed in it, so that it needs no network.

    Raises:
        ValueError: the bundle would end its own element.
    """
    major, minor, *_ = alt.SCHEMA_VERSION.removeprefix("v").split(".")
    script = str(vl_convert.javascript_bundle(source, vl_version=f"{major}.{minor}"))
    if CLOSING in script.lower():
        raise ValueError(f"the script bundle of vl-convert {version('vl-convert-python')} holds {CLOSING}")
    return script


def policy(script: str) -> str:
    """A content security policy: this script, styles and pictures of the page itself, no connection to anywhere."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules: Mapping[str, Any] = {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
