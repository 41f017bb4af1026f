"""Text encoders of the library transformers: loading one, and what it does not say of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoConfig, AutoModel, PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import read_json

POOLED = ("bert", "roberta", "xlm-roberta", "xlm-roberta-xl", "rembert")  # types whose pooling layer can be left out


def load_text(directory: Path) -> PreTrainedModel:
    """The text encoder in a directory, in float32 and without a pooling layer; no code of the directory is run.

    Raises:
        DataError: no encoder, unreadable weights, or weights that lack parts of the library's class.
    """
    if not (directory / "config.json").exists():
        raise DataError(directory, None, "no encoder", "a Hugging Face directory", "run `dvc repro`")
    disable_progress_bar()  # type: ignore[no-untyped-call]  # of loading weights: it says nothing and fills the log
    safe: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False, "use_safetensors": True}
    try:
        if AutoConfig.from_pretrained(directory, **safe).model_type in POOLED:
            safe["add_pooling_layer"] = False
        text, about = AutoModel.from_pretrained(directory, dtype=torch.float32, output_loading_info=True, **safe)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        found = f"unreadable weights ({str(error).partition(chr(10))[0]})"
        raise DataError(directory, None, found, "a whole Hugging Face directory", "run `dvc repro` again") from None
    loaded: PreTrainedModel = text
    if lacking := sorted(name for name in about["missing_keys"] if "pooler" not in name):
        found = f"no weights for {len(lacking)} parts, such as {lacking[0]}, which would be random"
        expected = f"those of the type '{loaded.config.model_type}' of transformers"
        raise DataError(directory, None, found, expected, "choose another encoder")
    return loaded


def separator_of(directory: Path, text: PreTrainedModel) -> int | None:
    """The token behind which the second text of a pair begins, where the encoder embeds which text a token is of.

    BERT and RemBERT do, and their tokenizers say so: type 0 up to the first `[SEP]`, type 1 behind it. None for an
    encoder without such embeddings, or whose tokenizer gives both texts one type (as XLM-R's does) or puts no special
    token between them.

    Args:
        directory: has the encoder's tokenizer.json. Only its template is used: opening all of it takes long.
    """
    if getattr(text.config, "type_vocab_size", 0) < 2:
        return None
    template = read_json(directory / "tokenizer.json").get("post_processor")
    words = {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}
    pair = Tokenizer.from_str(json.dumps({"model": words, "post_processor": template})).encode("a", "a")
    before = pair.type_ids.index(1) - 1 if 1 in pair.type_ids else 0
    return int(pair.ids[before]) if before and pair.special_tokens_mask[before] else None


def layers_of(text: PreTrainedModel) -> nn.ModuleList:
    """The encoder's layers, in order from the input."""
    count = text.config.num_hidden_layers
    for part in text.modules():
        if isinstance(part, nn.ModuleList) and len(part) == count:
            return part
    found = f"encoder {text.config.model_type}: found no list of {count} layers"
    raise ParameterError(f"{found}, expected a BERT-like encoder; choose another in params.yaml")


def first_position_of(text: PreTrainedModel) -> int:
    """The position id of the first token: RoBERTa's family counts from `padding_idx + 1`, BERT's from 0."""
    for part in text.modules():
        table = getattr(part, "position_embeddings", None)
        if isinstance(table, nn.Embedding):
            return 0 if table.padding_idx is None else table.padding_idx + 1
    return 0
