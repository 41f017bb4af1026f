"""Phase 0 on captions: planted pairs are found again, by held-out captions, with the same bytes for any threads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from xstilts.base.errors import ParameterError
from xstilts.features import captions
from xstilts.features.captions import Maps, Pairs, calibrate, held_out
from xstilts.features.public import assemble
from xstilts.features.settings import FeatureSettings

DIM, HIDDEN, TOPICS = 12, 10, 8


def planted(photographs: int, seed: int) -> Pairs:
    """Photographs and two captions of each that both show a topic, each in a space of its own."""
    random = torch.Generator().manual_seed(seed)
    image_of, text_of = (
        torch.randn(TOPICS, size, generator=torch.Generator().manual_seed(9)) for size in (DIM, HIDDEN)
    )
    topic = torch.arange(photographs) % TOPICS
    image = torch.arange(photographs).repeat_interleave(2)
    wholes = image_of[topic] + 0.1 * torch.randn(photographs, DIM, generator=random)
    sentences = text_of[topic[image]] + 0.1 * torch.randn(len(image), HIDDEN, generator=random)
    return Pairs(wholes, sentences, image, (image + 1) % photographs, [""] * len(image))


@pytest.fixture(scope="module")
def learned() -> tuple[Maps, Pairs, list[dict[str, float]]]:
    train, dev = planted(256, 0), planted(24, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(captions, "BATCH", 32)
        maps, curve = captions._learn(train, dev)
    return maps, dev, curve


def test_what_was_planted_is_found(learned: tuple[Maps, Pairs, list[dict[str, float]]]) -> None:
    maps, dev, curve = learned
    assert held_out(maps, dev)["pairwise_accuracy"] > 0.95
    assert [point["epoch"] for point in curve] == list(range(1, captions.EPOCHS + 1))
    assert curve[-1]["loss"] < curve[0]["loss"]


def test_calibrated_logits_tell_pairs_apart_at_zero(learned: tuple[Maps, Pairs, list[dict[str, float]]]) -> None:
    maps, dev, _ = learned
    calibrate(maps.eval(), dev)
    with torch.no_grad():
        said, seen = maps.said(dev.sentences), maps.seen(dev.wholes)
        own, other = (maps.scale.exp() * (said * seen[image]).sum(1) + maps.offset for image in (dev.image, dev.other))
    assert (own > 0).double().mean() > 0.9
    assert (other < 0).double().mean() > 0.9


def test_the_number_of_threads_changes_no_byte() -> None:
    found = []
    for threads in (1, 2):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        with captions.one_thread_per_operation():
            maps, _ = captions._learn(planted(64, 0), planted(8, 1))
        torch.set_num_threads(before)
        found.append(maps.state_dict())
    assert found[0].keys() == found[1].keys()
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


@pytest.mark.parametrize(("alignment", "proposals"), [("names", "patches"), ("flickr8k_captions", "components")])
def test_regions_that_an_alignment_has_no_tokens_for_are_refused(
    tmp_path: Path, alignment: str, proposals: str
) -> None:
    settings = FeatureSettings(proposals=proposals)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=f"alignment is {alignment}, but features.proposals is {proposals}"):
        assemble(tmp_path, tmp_path, tmp_path / "public", "multilingual-e5-small", "x", alignment, settings)
    assert not (tmp_path / "public").exists()
