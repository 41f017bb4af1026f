"""Random decoders with the structure of published ones, a folder each, as their processors and configs write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForImageTextToText,
    Gemma3Config,
    Gemma3Processor,
    GemmaTokenizer,
    PaliGemmaConfig,
    PaliGemmaProcessor,
    Qwen2Tokenizer,
    Qwen2VLConfig,
    Qwen2VLProcessor,
)
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.processing_utils import ProcessorMixin

from xstilts.decoder.model import Decoder, open_decoder

LETTERS = "abcdefghijklmnopqrstuvwxyz?.:,0123456789"
TEXT = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
LARGE = {
    "initializer_range": 0.3
}  # with small weights every answer would be nearly as likely, and so would be any test
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]  # of Gemma
GEMMA_CHAT = (
    "{{ bos_token }}{% for message in messages %}<start_of_turn>"
    "{{ 'model' if message.role == 'assistant' else message.role }}\n{% for part in message.content %}"
    "{% if part.type == 'image' %}<start_of_image>{% else %}{{ part.text }}{% endif %}{% endfor %}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def paligemma(folder: Path) -> Path:
    """PaliGemma 2: Gemma 2 with layers of a sliding window, a square picture of four tokens, no chat template."""
    tokenizer = GemmaTokenizer(vocab={text: i for i, text in enumerate([*SPECIAL, *LETTERS, "▁", "\n"])})
    pixels = SiglipImageProcessorPil(size={"height": 28, "width": 28})
    pixels.image_seq_length = 4
    processor = PaliGemmaProcessor(pixels, tokenizer)
    text = {
        **TEXT,
        **LARGE,
        "model_type": "gemma2",
        "vocab_size": len(tokenizer),
        "num_key_value_heads": 1,
        "head_dim": 16,
    }
    text |= {"sliding_window": 16, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
    vision = {**TEXT, "model_type": "siglip_vision_model", "image_size": 28, "patch_size": 14, "projection_dim": 32}
    config = PaliGemmaConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=processor.image_token_id,
        projection_dim=32,
        hidden_size=32,
        **LARGE,
    )
    return _saved(folder, config, processor)


def gemma3(folder: Path) -> Path:
    """Gemma 3: a picture's tokens read one another in both directions, a chat template."""
    marks = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    turns = ["<start_of_turn>", "<end_of_turn>"]
    words = {text: i for i, text in enumerate([*SPECIAL, *LETTERS, "▁", "\n", *marks.values(), *turns])}
    tokenizer = GemmaTokenizer(vocab=words, extra_special_tokens=marks)
    tokenizer.add_special_tokens({"additional_special_tokens": turns})
    pixels = Gemma3ImageProcessorPil(size={"height": 28, "width": 28})
    processor = Gemma3Processor(pixels, tokenizer, chat_template=GEMMA_CHAT, image_seq_length=4)
    text = {
        **TEXT,
        **LARGE,
        "vocab_size": len(tokenizer),
        "num_key_value_heads": 1,
        "head_dim": 16,
        "sliding_window": 16,
    }
    text |= {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
    vision = {**TEXT, "model_type": "siglip_vision_model", "image_size": 28, "patch_size": 14}
    ids = {key: words[marks[f"{name}_token"]] for name, key in GEMMA_MARKS.items()}
    config = Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4, **ids, **LARGE)
    return _saved(folder, config, processor)


GEMMA_MARKS = {"image": "image_token_index", "boi": "boi_token_index", "eoi": "eoi_token_index"}


def _saved(folder: Path, config: Any, *parts: Any) -> Path:
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(config)
    for weight in model.parameters():
        if not weight.any():  # such as Gemma 3's map of the picture, which starts at 0
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(folder)
    for part in parts:
        part.save_pretrained(folder)
    return folder


def qwen2_vl(folder: Path) -> Path:
    """Qwen2-VL: pictures of any size, positions in three dimensions, a chat template."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
    special += ["<|video_pad|>"]
    words = {text: i for i, text in enumerate([*LETTERS, "Ġ", "Ċ", *special])}
    tokenizer = Qwen2Tokenizer(vocab=words, eos_token="<|im_end|>", additional_special_tokens=special[1:])
    tokenizer.chat_template = CHAT
    pixels = Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=56 * 56)
    text = {**TEXT, **LARGE, "vocab_size": len(tokenizer), "num_key_value_heads": 1}
    text |= {"rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e4}}
    text |= {"pad_token_id": words[special[0]], "eos_token_id": words[special[2]], "bos_token_id": None}
    vision = {"embed_dim": 32, "depth": 2, "num_heads": 2, "hidden_size": 32, "mlp_ratio": 2}
    names = ("vision_start", "vision_end", "image_pad", "video_pad")
    keys = ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id")
    ids = {key: words[f"<|{name}|>"] for key, name in zip(keys, names, strict=True)}
    return _saved(folder, Qwen2VLConfig(text_config=text, vision_config=vision, **ids, **LARGE), tokenizer, pixels)


DECODERS = {"PaliGemma 2": paligemma, "Gemma 3": gemma3, "Qwen2-VL": qwen2_vl}


class OnlyPictures(Qwen2VLProcessor):
    """Qwen2-VL's processor without the part that reads films, which needs torchvision."""

    def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None) -> None:
        self.image_token, self.video_token = "<|image_pad|>", "<|video_pad|>"
        self.image_token_id, self.video_token_id = map(
            tokenizer.convert_tokens_to_ids, (self.image_token, self.video_token)
        )
        ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)


def opened(name: str, folder: Path) -> Decoder:
    """The tiny decoder of this name, whose folder was made."""
    if name != "Qwen2-VL":
        return open_decoder(str(folder), "fp32")
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).requires_grad_(False).eval()
    pixels, tokenizer = Qwen2VLImageProcessorPil.from_pretrained(folder), Qwen2Tokenizer.from_pretrained(folder)
    return Decoder(model, OnlyPictures(pixels, tokenizer, CHAT), "tiny")
