"""Decoders as transformers has them: what they read, alone and in batches, and the probabilities of answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xstilts.base.errors import DataError, ParameterError
from xstilts.decoder.answering import answer
from xstilts.decoder.model import Asked, Decoder, open_decoder
from xstilts.decoder.trie import Trie

ANSWERS = ["cat", "red dog", "red", "the big blue sky", "no"]
TEXTS = ("who is it?", "what is left of the big red dog?", "sky?")
SIDES = ((30, 40), (56, 28), (40, 90))


def questions(pictured: bool) -> list[Asked]:
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 255, (*sides, 3), dtype=np.uint8) for sides in SIDES]
    return [Asked(text, picture if pictured else None) for text, picture in zip(TEXTS, pictures, strict=True)]


def exhaustive(decoder: Decoder, asked: Asked) -> list[float]:
    """The log-probability of every answer, each scored alone."""
    found = []
    for one in ANSWERS:
        whole = [*decoder.tokens(one), decoder.end]
        (log_probs,) = decoder.log_probs(decoder.prompts([asked]), [whole[:-1]])
        found.append(float(sum(log_probs[place, token] for place, token in enumerate(whole))))
    return found


@pytest.mark.parametrize("pictured", [True, False])
@torch.inference_mode()
def test_the_best_answers_are_those_of_scoring_every_one(decoder: Decoder, pictured: bool) -> None:
    asked = questions(pictured)
    found = answer(decoder, asked, Trie(ANSWERS, decoder.tokens, decoder.end), len(ANSWERS))
    for one, own in zip(asked, found, strict=True):
        expected = exhaustive(decoder, one)
        assert len(set(np.round(expected, 3))) == len(ANSWERS)
        assert [label for label, _ in own] == np.argsort(expected)[::-1].tolist()
        assert [log_prob for _, log_prob in own] == pytest.approx(sorted(expected, reverse=True), abs=1e-3)


@pytest.mark.equivalence
@pytest.mark.parametrize("pictured", [True, False])
@torch.inference_mode()
def test_a_question_is_read_the_same_alone_and_in_a_batch(decoder: Decoder, pictured: bool) -> None:
    asked, tails = questions(pictured), [decoder.tokens(one) for one in ("red", "cat", "a")]
    together = decoder.log_probs(decoder.prompts(asked), tails)
    for row, (one, tail) in enumerate(zip(asked, tails, strict=True)):
        (alone,) = decoder.log_probs(decoder.prompts([one]), [tail])
        assert torch.allclose(together[row, : len(tail) + 1], alone, atol=1e-4)


@torch.inference_mode()
def test_the_picture_counts(decoder: Decoder) -> None:
    one, two = (
        decoder.log_probs(decoder.prompts([Asked(TEXTS[0], other.picture)]), [[]]) for other in questions(True)[:2]
    )
    assert not torch.allclose(one, two, atol=1e-2)


@torch.inference_mode()
def test_the_text_is_what_the_chat_template_writes_with_the_answer(folders: Any) -> None:
    decoder = open_decoder(str(folders("Gemma 3")), "fp32")
    (prompt,) = decoder.prompts([Asked("who?")])["input_ids"].tolist()
    turns = [
        {"role": role, "content": [{"type": "text", "text": text}]}
        for role, text in (("user", "who?"), ("assistant", "cat"))
    ]
    whole = decoder.processor.apply_chat_template(turns, tokenize=False)
    expected = decoder.tokenizer(whole, add_special_tokens=False)["input_ids"]
    assert [*prompt, *decoder.tokens("cat"), decoder.end] == expected[:-1]  # which ends in a new line


@pytest.mark.equivalence
@torch.inference_mode()
def test_the_loss_is_that_of_transformers_for_the_suffix_of_paligemma(folders: Any) -> None:
    """Its own processor writes prompt, answer and labels, and its own model masks the answer causally."""
    decoder, (asked, *_) = open_decoder(str(folders("PaliGemma 2")), "fp32"), questions(True)
    batch = decoder.processor(text=f"<image>{asked.text}", images=asked.picture, suffix="red dog", return_tensors="pt")
    loss, count = float(decoder.model(**batch).loss), int((batch["labels"] != -100).sum())
    whole = [*decoder.tokens("red dog"), decoder.end]
    assert count == len(whole)
    assert exhaustive(decoder, asked)[ANSWERS.index("red dog")] == pytest.approx(-loss * count, abs=1e-3)


@torch.inference_mode()
def test_fresh_adapters_change_nothing_and_stand_in_the_text_layers_alone(decoder: Decoder) -> None:
    prompts, tails = decoder.prompts(questions(True)), [[5], [6, 7], []]
    before = decoder.log_probs(prompts, tails)
    decoder.add_adapters(4)
    assert torch.equal(decoder.log_probs(prompts, tails), before)
    trained = [name for name, weight in decoder.model.named_parameters() if weight.requires_grad]
    assert len(trained) == 2 * 7 * 2  # layers, linear maps of each, matrices
    assert all("lora_" in name and "vision" not in name and "visual" not in name for name in trained)


def test_what_cannot_be_opened_is_named(tmp_path: Path, folders: Any) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ParameterError, match=r"decoder.model: .*empty.* cannot be opened"):
        open_decoder(str(tmp_path / "empty"), "fp32")
    with pytest.raises(DataError, match="adapters that do not fit"):
        open_decoder(str(folders("PaliGemma 2")), "fp32").load_adapters(tmp_path / "empty", trained=False)
