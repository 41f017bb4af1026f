"""What the text encoder makes of whole sentences: the mean of its last states over the tokens."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from torch import Tensor

from xstilts.base.errors import DataError
from xstilts.base.machine import processors
from xstilts.base.threads import workers

BATCH = 64
LONGEST = 128  # tokens; longer sentences are cut
_AGAIN = "delete it and run `dvc repro` to make it again"


def sentence_vectors(encoder: Path, texts: Sequence[str]) -> Tensor:
    """The encoder's vectors of texts that it reads alone, float32 `[texts, hidden]`, as training reads them: in bf16.

    Every operation runs on one thread and a text's batch depends on the texts alone, so the bytes do not depend on the
    number of processors.

    Args:
        encoder: a Hugging Face directory with tokenizer.json.

    Raises:
        DataError: the weights are missing or broken.
    """
    model, tokenizer = _open(encoder), Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    ids = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    parts = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    with workers(processors()) as pool:
        read = list(pool.map(lambda rows: _means(model, [ids[row] for row in rows]), parts))
    vectors = torch.empty(len(ids), read[0].shape[1])
    vectors[torch.tensor(order)] = torch.cat(read)
    return vectors


def _open(encoder: Path) -> Any:
    from transformers import AutoModel  # slow to import
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()  # type: ignore[no-untyped-call]
    set_verbosity_error()  # type: ignore[no-untyped-call]  # a pooler without weights is not used
    safe: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}
    try:
        return AutoModel.from_pretrained(encoder, dtype=torch.float32, **safe).eval()
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise DataError(encoder, None, str(error).splitlines()[0], "a Hugging Face encoder", _AGAIN) from None


@torch.inference_mode()
def _means(model: Any, ids: Sequence[Sequence[int]]) -> Tensor:
    longest = max(map(len, ids))
    tokens = torch.tensor([[*one, *[0] * (longest - len(one))] for one in ids])
    mask = torch.arange(longest) < torch.tensor([len(one) for one in ids])[:, None]
    with torch.autocast("cpu", torch.bfloat16):
        states = model(input_ids=torch.where(mask, tokens, model.config.pad_token_id or 0), attention_mask=mask.long())
    weight = mask[..., None].float()
    means: Tensor = (states.last_hidden_state.float() * weight).sum(1) / weight.sum(1)
    return means
