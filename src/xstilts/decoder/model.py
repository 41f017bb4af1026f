"""A public decoder with its processor, as transformers has them, and the adapters that training gives it.

Nothing here knows one model from another, but for the type of the tokens that PaliGemma writes: prompts are written by
the processor's chat template, or, where it has none, behind its image token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from xstilts.base.errors import DataError, ParameterError
from xstilts.base.files import sha256_of

ADAPTER = "adapter_model.safetensors"  # as peft names it
SCALE = 2  # alpha over rank
FILES = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")
WRITTEN = {"paligemma": 1}  # model type: `token_type_ids` of the tokens that it writes; elsewhere 0, a text's


@dataclass(frozen=True)
class Asked:
    """A question as the model is asked it.

    Attributes:
        text: the prompt.
        picture: RGB uint8 `[height, width, 3]`; None: there is none.
    """

    text: str
    picture: NDArray[np.uint8] | None = None


class Decoder:
    """A model and its processor.

    Args:
        model: of transformers; with adapters, of peft.
        fingerprint: what tells these weights from others.
    """

    def __init__(self, model: Any, processor: Any, fingerprint: str) -> None:
        self.model, self.processor, self.fingerprint = model, processor, fingerprint
        self.tokenizer = processor.tokenizer
        self.tokenizer.padding_side = "left"  # so that answers begin at the same place in every row
        self.config, self.dtype = model.config, model.dtype

    def tokens(self, answer: str) -> list[int]:
        """The tokens of an answer, without the one that ends it."""
        found: list[int] = self.tokenizer(answer, add_special_tokens=False)["input_ids"]
        return found

    @cached_property
    def end(self) -> int:
        """The token that ends an answer: what the chat template puts there; without one, the end of the text."""
        if self.processor.chat_template:
            answer = "answer"
            turns = [_turn("user", "", False), _turn("assistant", answer, False)]
            behind = self.processor.apply_chat_template(turns, tokenize=False).rpartition(answer)[2].strip()
            if behind:
                return int(self.tokens(behind)[0])
        return int(self.tokenizer.eos_token_id)

    def prompts(self, asked: Sequence[Asked]) -> dict[str, Tensor]:
        """What the model reads of some questions, all with a picture or all without: padded on the left."""
        pictures = [[Image.fromarray(one.picture)] for one in asked if one.picture is not None]
        texts, start = [self._prompt(one) for one in asked], self.tokenizer.bos_token
        # As transformers does: a template may have written the start of the text already.
        added = not (start and texts[0].startswith(start))
        settings: dict[str, Any] = {"padding": True, "return_tensors": "pt", "add_special_tokens": added}
        if pictures:
            batch = dict(self.processor(text=texts, images=pictures, **settings))
        else:
            typed = "token_type_ids" in self.processor.model_input_names
            batch = dict(self.tokenizer(texts, return_token_type_ids=typed, **settings))
        batch.pop("labels", None)
        moved = {name: value.to(self.model.device) for name, value in batch.items()}
        return {name: one.to(self.dtype) if one.is_floating_point() else one for name, one in moved.items()}

    def _prompt(self, asked: Asked) -> str:
        pictured = asked.picture is not None
        if self.processor.chat_template:
            turn = [_turn("user", asked.text, pictured)]
            return str(self.processor.apply_chat_template(turn, tokenize=False, add_generation_prompt=True))
        # PaliGemma's processor puts the start of the text and the new line there itself, but only beside a picture.
        return f"{self.processor.image_token}{asked.text}" if pictured else f"{self.tokenizer.bos_token}{asked.text}\n"

    def log_probs(self, prompts: Mapping[str, Tensor], tails: Sequence[Sequence[int]]) -> Tensor:
        """Log-probabilities of the next token behind each prompt and behind each token of its tail.

        Returns:
            float32 `[batch, 1 + longest tail, vocabulary]`; what is behind a shorter tail means nothing.
        """
        longest = max(len(tail) for tail in tails)
        batch = self._continued(prompts, tails, longest) if longest else prompts
        logits = self.model(**batch, use_cache=False, logits_to_keep=1 + longest).logits
        return torch.log_softmax(logits.float(), dim=-1)

    def _continued(
        self, prompts: Mapping[str, Tensor], tails: Sequence[Sequence[int]], longest: int
    ) -> dict[str, Tensor]:
        """The prompts with a tail behind each, filled up at the end with tokens that nothing attends to."""
        batch, ids = dict(prompts), prompts["input_ids"]
        added = torch.full((len(tails), longest), int(self.tokenizer.pad_token_id))
        for row, tail in enumerate(tails):
            added[row, : len(tail)] = torch.tensor(tail, dtype=torch.long)
        real = torch.arange(longest) < torch.tensor([len(tail) for tail in tails])[:, None]
        batch["input_ids"] = torch.cat([ids, added.to(ids)], dim=1)
        mask = prompts["attention_mask"]
        batch["attention_mask"] = torch.cat([mask, real.to(mask)], dim=1)
        for name in (name for name in prompts if name.endswith("token_type_ids")):
            kind = WRITTEN.get(self.config.model_type, 0)
            batch[name] = torch.cat([prompts[name], torch.full_like(added.to(ids), kind)], dim=1)
        return batch

    def add_adapters(self, rank: int) -> None:
        """Put an adapter beside every linear map of the text layers (Hu et al. 2022, LoRA); at first it adds 0.

        The half of it that is not 0 is drawn from torch's generator. Nothing else is trained.
        """
        from peft import LoraConfig, get_peft_model

        inside = set(self.model.get_decoder().modules())
        linear = [
            name for name, part in self.model.named_modules() if part in inside and isinstance(part, torch.nn.Linear)
        ]
        config = LoraConfig(r=rank, lora_alpha=SCALE * rank, target_modules=linear, lora_dropout=0.0)
        self.model = get_peft_model(self.model, config)

    def load_adapters(self, folder: Path, trained: bool) -> None:
        """Give the model the adapters of a checkpoint; `DataError` if they are damaged or another model's."""
        from peft import PeftModel

        try:
            self.model = PeftModel.from_pretrained(self.model, folder, is_trainable=trained)
        except Exception as error:  # safetensors, peft and torch have their own
            found = f"adapters that do not fit ({str(error).splitlines()[0]})"
            raise DataError(folder / ADAPTER, None, found, "those of this decoder", "train them again") from None


def _turn(role: str, text: str, pictured: bool) -> dict[str, Any]:
    picture = [{"type": "image"}] if pictured else []
    return {"role": role, "content": [*picture, {"type": "text", "text": text}]}


def open_decoder(name: str, precision: str) -> Decoder:
    """Open a public model where it is to run: a GPU if there is one.

    Only safetensors are read, and no code of a repository is run.

    Args:
        name: a folder, or a name on the hub, `owner/name` or `owner/name@commit`.
        precision: of its weights, `bf16` or `fp32`.

    Raises:
        ParameterError: there is no such model, or transformers does not have its kind.
    """
    from transformers import AutoModelForImageTextToText, AutoProcessor

    folder = Path(name) if Path(name).is_dir() else _downloaded(name)
    safe = {"trust_remote_code": False, "local_files_only": True}
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    try:
        processor = AutoProcessor.from_pretrained(folder, **safe)  # type: ignore[no-untyped-call]
        model: Any = AutoModelForImageTextToText.from_pretrained(folder, dtype=dtype, use_safetensors=True, **safe)
    except (OSError, ValueError, ImportError, KeyError) as error:
        said = str(error).strip().splitlines()[0]
        todo = "choose one that transformers opens with AutoModelForImageTextToText"
        raise ParameterError(f"decoder.model: '{name}' cannot be opened ({said}); {todo}") from None
    if model.config.is_encoder_decoder:
        raise ParameterError(f"decoder.model: '{name}' has an encoder for texts; choose one that is a decoder alone")
    model.requires_grad_(False)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Decoder(model.to(device).eval(), processor, _fingerprint(folder))


def _fingerprint(folder: Path) -> str:
    """The commit of a folder in the hub's cache; of another one, a hash of its files."""
    if folder.parent.name == "snapshots":
        return folder.name
    files = sorted({path for pattern in FILES for path in folder.glob(pattern)})
    return hashlib.sha256("".join(f"{path.name} {sha256_of(path)}\n" for path in files).encode()).hexdigest()


def _downloaded(name: str) -> Path:
    """The folder of a model in the hub's cache, downloaded if it is not there; named after its commit."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    repository, _, commit = name.partition("@")
    try:
        patterns: Any = {"allow_patterns": list(FILES), "ignore_patterns": ["*/*"]}
        return Path(snapshot_download(repository, revision=commit or None, **patterns))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        found = f"'{name}' is no folder, and the hub did not give it ({str(error).splitlines()[0]})"
        raise ParameterError(f"decoder.model: {found}; name a folder, or log in with `hf auth login`") from None
