"""Encoders and image models by name: from a local directory or the Hugging Face hub, as plain directories.

Only safetensors are accepted as weights, and no code of a repository is fetched or run.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError, ParameterError

KEEP = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "preprocessor_config.json",
)
# A pattern's * also matches a slash, and subfolders hold other formats and older checkpoints.
_PATTERNS: Any = {"allow_patterns": list(KEEP), "ignore_patterns": ["*/*"]}


def fetch(name: str, out: Path, parameter: str, embedded: str) -> None:
    """Fill the directory `out` with a model's config, safetensors, tokenizer and preprocessing.

    Args:
        name: a local directory, or a name on the hub such as `FacebookAI/xlm-roberta-base`, pinned by `@revision`.
        parameter: the key of params.yaml that names it, for errors.
        embedded: the model that needs no hub, for errors.

    Raises:
        ParameterError: neither a directory nor a name on the hub, or the hub is out of reach.
        DataError: the model has no config or no safetensors.
    """
    source = Path(name) if Path(name).is_dir() else _snapshot(name, parameter, embedded)
    files = sorted({path for pattern in KEEP for path in source.glob(pattern)})
    names = [path.name for path in files]
    if "config.json" not in names or not any(one.endswith(".safetensors") for one in names):
        found = ", ".join(names) or "neither"
        raise DataError(source, None, found, "config.json and safetensors", f"choose another {parameter}")
    out.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copyfile(path, out / path.name)  # not a link: the hub's cache is not part of the project


def _snapshot(name: str, parameter: str, embedded: str) -> Path:
    """Download from the hub into its cache; return the directory there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(repository, revision=revision or None, **_PATTERNS))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        found = f"'{name}' is neither '{embedded}' nor a directory, and the hub did not give it"
        raise ParameterError(f"params.yaml: {parameter}: {found} ({str(error).splitlines()[0]})") from None
