"""Encoders and image models by name: from a local directory or the Hugging Face hub, as plain directories.

Only safetensors are accepted as weights, and no code of a repository is fetched or run.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import read_json

KEEP = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "preprocessor_config.json",
)
# The files in which a repository may name code of its own.
CONFIGS = ("config.json", "tokenizer_config.json", "preprocessor_config.json")


def fetch(name: str, out: Path, parameter: str, embedded: str) -> None:
    """Fill the directory `out` with a model's config, safetensors, tokenizer and preprocessing.

    Args:
        name: a local directory, or a name on the hub such as `FacebookAI/xlm-roberta-base`, pinned by `@revision`.
        parameter: the key of params.yaml that names it, for errors.
        embedded: the model that needs no hub, for errors.

    Raises:
        ParameterError: neither a directory nor a name on the hub, or the hub is out of reach.
        DataError: the model has no config or no safetensors, or it needs code of its own, which is never run.
    """
    for wanted in (CONFIGS, KEEP):  # whether it can be used is known before its weights are downloaded
        source = Path(name) if Path(name).is_dir() else _snapshot(name, wanted, parameter, embedded)
        _refuse_code(source, parameter)
    files = sorted({path for pattern in KEEP for path in source.glob(pattern)})
    names = [path.name for path in files]
    if "config.json" not in names or not any(one.endswith(".safetensors") for one in names):
        found = ", ".join(names) or "neither"
        raise DataError(source, None, found, "config.json and safetensors", f"choose another {parameter}")
    out.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copyfile(path, out / path.name)  # not a link: the hub's cache is not part of the project


def _refuse_code(source: Path, parameter: str) -> None:
    """Raise `DataError` where a config names code of the repository (`auto_map`).

    Weights that were made for such code may load into the library's own class of the same type, and mean nothing there.
    """
    from transformers import CONFIG_MAPPING  # takes long to import

    for path in (source / name for name in CONFIGS):
        if not path.is_file() or not (named := read_json(path).get("auto_map")):
            continue
        found = f"auto_map ({', '.join(named)}): a model with code of its own, which xstilts does not run"
        todo = f"choose another {parameter}"
        kind = str(read_json(source / "config.json").get("model_type")) if (source / "config.json").is_file() else ""
        if kind in CONFIG_MAPPING:
            todo += f", or, if the weights fit the type '{kind}' of transformers, name a copy without auto_map"
        raise DataError(path, None, found, "a model of the library transformers", todo)


def _snapshot(name: str, wanted: Sequence[str], parameter: str, embedded: str) -> Path:
    """Download some files from the hub into its cache; return the directory there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")
    try:
        # A pattern's * also matches a slash, and subfolders hold other formats and older checkpoints.
        patterns: Any = {"allow_patterns": list(wanted), "ignore_patterns": ["*/*"]}
        return Path(snapshot_download(repository, revision=revision or None, **patterns))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        found = f"'{name}' is neither '{embedded}' nor a directory, and the hub did not give it"
        raise ParameterError(f"params.yaml: {parameter}: {found} ({str(error).splitlines()[0]})") from None
