"""An export says what the checkpoint says, to transformers alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModel,
    AutoModelForQuestionAnswering,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedModel,
)

from xstilts.base.errors import DataError
from xstilts.base.files import read_json, write_json
from xstilts.export import READS, STOCK, export_model
from xstilts.model.checkpoint import load_model, save_checkpoint, trained_weights
from xstilts.model.encoder import load_public
from xstilts.model.heads import HEADS
from xstilts.model.multitask import MultitaskModel
from xstilts.predict.answers import one_question
from xstilts.train.examples import Examples, open_examples
from xstilts.train.masking import read_masking

KINDS = ["bert", "xlm-roberta", "modernbert"]
Trained = Callable[..., Path]


@pytest.fixture
def trained(every_kind: Path, tmp_path: Path) -> Trained:
    """A checkpoint of some tasks in which everything, embeddings too, is other than in the public encoder."""

    def write(public: Path, *tasks: str, inputs: bool = True) -> Path:
        cards = read_json(every_kind / "card.json")["tasks"]
        torch.manual_seed(0)
        model = MultitaskModel(load_public(public), {task: cards[task] for task in tasks})
        model.encoder.choose_trained(inputs=inputs, frozen_layers=0)
        with torch.no_grad():
            for weight in model.parameters():
                weight += 0.1 * torch.randn(weight.shape) * weight.requires_grad
        (out := tmp_path / "-".join([public.name, *tasks])).mkdir()
        save_checkpoint(out, trained_weights(model), {"tasks": model.cards, "training": {"seed": 3}})
        return out

    return write


@pytest.fixture(scope="session")
def everything(every_kind: Path, public: Path) -> Examples:
    return open_examples(every_kind, "train", masking=read_masking(public / "encoder", 0))


def of_task(examples: Examples, task: str) -> np.ndarray:
    return np.flatnonzero(examples.tasks == task)


def load(auto: Any, directory: Path) -> PreTrainedModel:
    """What a user of transformers would call, without the network and without code of the directory."""
    model: PreTrainedModel = auto.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
    return model.eval()


def read(model: PreTrainedModel, examples: Examples, rows: np.ndarray) -> Any:
    """The model's output for the texts of some rows, padded as its tokenizer would pad them."""
    batch = examples.batch(rows)
    tokens = batch.input_ids.masked_fill(~batch.text_mask, model.config.pad_token_id)
    return model(input_ids=tokens, attention_mask=batch.text_mask.long())


@pytest.mark.equivalence
@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_the_encoder_has_our_hidden_states(
    kind: str, tiny: Any, trained: Trained, everything: Examples, tmp_path: Path
) -> None:
    """Of every cached text, within 1e-5 of states that are of the order of 1."""
    public = tiny.public(kind)
    checkpoint = trained(public, "follows")
    export_model(checkpoint, public, tmp_path / "out")
    ours, theirs = load_model(public, checkpoint), load(AutoModel, tmp_path / "out")
    for task in ("follows", "finds", "tags"):
        batch = everything.batch(of_task(everything, task))
        expected = ours.encoder(batch).text()
        found = read(theirs, everything, of_task(everything, task)).last_hidden_state
        assert expected.std() > 0.3
        torch.testing.assert_close(found[batch.text_mask], expected[batch.text_mask], atol=1e-5, rtol=0)


@pytest.mark.equivalence
@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_span_and_tagging_models_are_stock_classes(
    kind: str, tiny: Any, trained: Trained, everything: Examples, tmp_path: Path
) -> None:
    """Logits within 1e-4 of ours; a family whose class has more than our head gets no such class."""
    public = tiny.public(kind)
    for task, auto in (("finds", AutoModelForQuestionAnswering), ("tags", AutoModelForTokenClassification)):
        checkpoint, out = trained(public, task), tmp_path / task
        export_model(checkpoint, public, out)
        named = read_json(out / "config.json")["architectures"]
        assert named == [read_json(out / "xstilts.json")["class"]]
        if kind == "modernbert":
            assert named == ["ModernBertModel"]
            continue
        batch = everything.batch(of_task(everything, task))
        ours = load_model(public, checkpoint)
        expected, stock = ours.logits(batch), load(auto, out)
        found = read(stock, everything, of_task(everything, task))
        logits = torch.stack([found.start_logits, found.end_logits], 1) if task == "finds" else found.logits
        mask = batch.text_mask[:, None].expand_as(expected) if task == "finds" else batch.text_mask
        torch.testing.assert_close(logits[mask], expected[mask], atol=1e-4, rtol=0)
        if task == "tags":
            assert tuple(stock.config.id2label.values()) == tiny.TAGS
        hidden = read(load(AutoModel, out), everything, of_task(everything, task)).last_hidden_state
        states = ours.encoder(batch).text()
        torch.testing.assert_close(hidden[batch.text_mask], states[batch.text_mask], atol=1e-5, rtol=0)


@pytest.mark.equivalence
@pytest.mark.parametrize("task", ["follows", "finds", "tags", "picks", "fills"])
@torch.inference_mode()
def test_the_heads_are_read_as_the_card_says(
    task: str, public: Path, trained: Trained, everything: Examples, tmp_path: Path
) -> None:
    """The lines in xstilts.json, run on the export's two files, give our logits within 1e-4."""
    checkpoint = trained(public, task)
    export_model(checkpoint, public, tmp_path / "out")
    batch, model = everything.batch(of_task(everything, task)), load(AutoModel, tmp_path / "out")
    tensors = load_file(tmp_path / "out" / "xstilts.safetensors")
    start = f"heads.{task}."
    names = {
        "torch": torch,
        "model": model,
        "head": {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)},
        "states": model(input_ids=batch.input_ids, attention_mask=batch.text_mask.long()).last_hidden_state,
        "mask": batch.text_mask.long(),
    }
    exec(read_json(tmp_path / "out" / "xstilts.json")["tasks"][task]["reads"], names)
    logits, expected = names["logits"], load_model(public, checkpoint).logits(batch)
    if task == "fills":
        logits = logits[batch.labels >= 0]
    if task == "picks":
        logits, expected = logits.view(expected.shape)[batch.choice_mask], expected[batch.choice_mask]
    if task in ("finds", "tags"):
        mask = batch.text_mask[:, None].expand_as(expected) if task == "finds" else batch.text_mask
        logits, expected = logits[mask], expected[mask]
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=0)


@pytest.mark.equivalence
@pytest.mark.parametrize("photographs", [False, True])
@torch.inference_mode()
def test_pictures_are_read_as_the_card_says(
    photographs: bool, public: Path, tiny: Any, trained: Trained, everything: Examples, tmp_path: Path
) -> None:
    """Of a matching task with pictures, aligned on names and on captions: logits within 1e-4 of ours."""
    phase0 = tiny.photo_public() if photographs else public
    checkpoint = trained(phase0, "matches")
    export_model(checkpoint, phase0, tmp_path / "out")
    text, about = load(AutoModel, tmp_path / "out"), read_json(tmp_path / "out" / "xstilts.json")
    tensors = load_file(tmp_path / "out" / "xstilts.safetensors")

    def part(start: str) -> dict[str, torch.Tensor]:
        return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}

    rows, compared = of_task(everything, "matches")[:8], 0
    for row in rows:
        batch = replace(everything.batch(np.array([row])), tokens_per_region=1 if photographs else 4)
        names = {"torch": torch, "regions": batch.features[0], "boxes": batch.boxes[0], "prefix": part("prefix.")}
        exec(about["prefix"]["reads"], names)
        words = text.get_input_embeddings()(batch.input_ids)
        read = text(inputs_embeds=torch.cat([words, names["tokens"][None]], 1)).last_hidden_state
        names |= {"states": read[:, : words.shape[1]], "mask": batch.text_mask.long(), "head": part("heads.matches.")}
        names["alone"] = text(input_ids=batch.input_ids).last_hidden_state.mean(1)
        names["shared"] = names["shared"][:1] if photographs else None
        exec(about["tasks"]["matches"]["reads"], names)
        compared += "similarity" in names
        torch.testing.assert_close(names["logits"], load_model(phase0, checkpoint).logits(batch), atol=1e-4, rtol=0)
    assert compared == (len(rows) if photographs else 0)
    assert len(rows) == 8


def test_every_kind_with_a_head_says_how_it_is_read() -> None:
    assert HEADS
    assert READS.keys() == STOCK.keys() == HEADS.keys()


def test_everything_that_differs_is_in_the_second_file(
    public: Path, trained: Trained, everything: Examples, tmp_path: Path
) -> None:
    """Several tasks: an encoder, and beside it visual prefix and all heads, bit for bit."""
    tasks = ("looks", "finds", "tags")
    checkpoint = trained(public, *tasks)
    shutil.copytree(public, tmp_path / "public")
    (tmp_path / "public" / "vision").mkdir()
    (tmp_path / "public" / "vision" / "config.json").write_text("{}")
    write_json(tmp_path / "public" / "public.json", {"encoder": "some", "vision": "other"})
    export_model(checkpoint, tmp_path / "public", tmp_path / "out")
    model, tensors = load_model(public, checkpoint), load_file(tmp_path / "out" / "xstilts.safetensors")
    expected = {f"prefix.{name}": tensor for name, tensor in model.encoder.prefix.state_dict().items()}
    expected |= {f"heads.{name}": tensor for name, tensor in model.heads.state_dict().items()}
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in tensors.items())
    about = read_json(tmp_path / "out" / "xstilts.json")
    assert about["class"] == "BertModel"
    assert about["tasks"].keys() == set(tasks)
    assert about["training"] == {"seed": 3}
    assert about["public"] == {"encoder": "some", "vision": "other"}
    assert (tmp_path / "out" / "vision" / "config.json").is_file()


def test_the_tokenizer_gives_the_ids_of_the_cache(tiny: Any, trained: Trained, tmp_path: Path) -> None:
    """With a configuration and without; one of another class, and with token types, is taken as it is all the same."""
    public, words = tiny.public("xlm-roberta"), "what is the big red dog"
    export_model(trained(public, "finds"), public, tmp_path / "without")
    shutil.copytree(public, tmp_path / "public")
    own = {
        "tokenizer_class": "XLMRobertaTokenizer",
        "pad_token": "<pad>",
        "auto_map": {"AutoTokenizer": ["evil.X", None]},
    }
    write_json(tmp_path / "public" / "encoder" / "tokenizer_config.json", own)
    export_model(trained(tmp_path / "public", "finds"), tmp_path / "public", tmp_path / "with")
    for out in (tmp_path / "without", tmp_path / "with"):
        tokenizer = AutoTokenizer.from_pretrained(out, local_files_only=True)
        found = tokenizer([words, "cat"], padding=True)
        assert found.keys() == {"input_ids", "attention_mask"}
        assert found["input_ids"][0] == tiny.tokenizer().encode(words).ids
        assert found["input_ids"][1] == [*tiny.tokenizer().encode("cat").ids, *[1] * 5]
        assert "auto_map" not in (out / "tokenizer_config.json").read_text()


@torch.inference_mode()
def test_pairs_have_token_types_where_the_encoder_has(tiny: Any, trained: Trained, tmp_path: Path) -> None:
    public, out = tiny.public("bert", type_vocab_size=2), tmp_path / "out"
    checkpoint = trained(public, "finds")
    export_model(checkpoint, public, out)
    read = AutoTokenizer.from_pretrained(out, local_files_only=True)("what is red", "the sky", return_tensors="pt")
    assert read["token_type_ids"].tolist() == [[0] * 5 + [1] * 3]
    theirs, empty = load(AutoModel, out)(**read).last_hidden_state, torch.zeros(0, 1)
    batch = one_question("finds", read["input_ids"][0].tolist(), empty, empty)
    ours = load_model(public, checkpoint).encoder(batch)
    torch.testing.assert_close(ours.text(), theirs, atol=1e-5, rtol=0)


def test_an_encoder_that_was_passed_on_is_the_public_one(public: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    save_checkpoint(tmp_path / "none", {}, {"tasks": {}, "training": None})
    export_model(tmp_path / "none", public, tmp_path / "out")
    expected = load_file(public / "encoder" / "model.safetensors")
    found = load_file(tmp_path / "out" / "model.safetensors")
    assert found
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.items())


def test_other_files_are_not_written_over(public: Path, trained: Trained, tmp_path: Path) -> None:
    checkpoint, out = trained(public, "finds"), tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("a year of work")
    with pytest.raises(DataError, match=r"out: found thesis\.tex, which was not written there"):
        export_model(checkpoint, public, out)
    assert (out / "thesis.tex").read_text() == "a year of work"
    with pytest.raises(DataError, match=r"thesis\.tex: found a file"):
        export_model(checkpoint, public, out / "thesis.tex")
    (out / "thesis.tex").unlink()
    export_model(checkpoint, public, out)
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    export_model(checkpoint, public, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    assert str(tmp_path) not in (out / "config.json").read_text()


def test_a_failure_leaves_the_earlier_export(public: Path, trained: Trained, tmp_path: Path) -> None:
    checkpoint, out = trained(public, "finds"), tmp_path / "out"
    export_model(checkpoint, public, out)
    (checkpoint / "model.safetensors").write_bytes(b"")
    with pytest.raises(DataError, match="found an unreadable file"):
        export_model(checkpoint, public, out)
    assert load(AutoModelForQuestionAnswering, out)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".out")]
