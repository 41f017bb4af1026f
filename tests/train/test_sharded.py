"""What sharded layers cannot do is refused before anything is moved to a device; see test_processes for the rest."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from xstilts.base.errors import ParameterError
from xstilts.model.sharding import as_kept, gathered_whole, split_sharded
from xstilts.train.processes import Processes
from xstilts.train.settings import TrainSettings
from xstilts.train.sharded import shard_and_move


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tune": "lora"}, "tune: lora trains so little that sharding saves next to nothing; launch without FSDP"),
        (
            {"compile": True},
            "compile: true is not supported for sharded layers; set it to false, or launch without",
        ),
    ],
)
def test_what_sharded_layers_cannot_do_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        shard_and_move(torch.nn.Linear(1, 1), TrainSettings(**changed), Processes(2, 0, sharded=True))  # type: ignore[arg-type]


def test_one_process_has_no_use_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    assert not Processes.here().sharded


def test_plain_weights_are_whole() -> None:
    weight, values = torch.nn.Parameter(torch.zeros(2, 3)), torch.ones(2, 3)
    assert split_sharded([weight, values]) == ([weight, values], [])
    assert gathered_whole(weight, keep=False).shape == (2, 3)
    copy = as_kept(weight, values)
    assert torch.equal(copy, values)
    assert copy.data_ptr() != values.data_ptr()
