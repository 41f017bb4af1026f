"""Messages: one line, no control characters, never the whole of a value; and what becomes of an error of the disk."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from safetensors import SafetensorError

from xstilts.base.errors import LONGEST, DataError, ParameterError, did_you_mean, run_stage


def test_a_long_value_leaves_room_for_what_to_do() -> None:
    message = str(DataError(Path("a.json"), "7" * 10_000, "x" * 1_000_000, "y" * 1_000_000, "correct the row"))
    assert len(message) < 1200
    assert message.startswith("a.json, row 777")
    assert message.endswith("; correct the row")


@pytest.mark.parametrize("hostile", ["\x1b[31m", "\r", "\n", "\x00", "\u202e", "\ud800", "\x9b"])
def test_control_characters_are_shown_as_what_they_are(hostile: str) -> None:
    for error in (DataError("a", hostile, hostile, hostile, "correct it"), ParameterError(f"a: '{hostile}'")):
        assert hostile not in str(error)
        assert "\\" in str(error)
        str(error).encode()
    assert len(str(ParameterError("x" * 10**6))) <= LONGEST


def test_a_word_of_any_type_has_no_close_match_but_a_list() -> None:
    assert did_you_mean(True, ["a", "b"]) == " Valid: a, b."
    assert did_you_mean("x" * 10**6, ["a"]) == " Valid: a."


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "data/x.arrow"),
            "error: data/x.arrow: No space left on device",
        ),
        (SafetensorError("I/O error: No space left on device (os error 28)"), "error: I/O error: No space left on"),
        (PermissionError(errno.EACCES, "Permission denied", "data"), "error: data: Permission denied\n"),
    ],
)
def test_an_error_of_the_disk_is_a_sentence(raised: Exception, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    def write() -> None:
        raise raised

    with pytest.raises(SystemExit) as exit_:
        run_stage(write)
    shown = capsys.readouterr().err
    assert exit_.value.code == 1
    assert shown.startswith(said)
    assert ("free some space" in shown) == ("No space" in shown)


def test_an_error_of_the_code_keeps_its_traceback() -> None:
    with pytest.raises(KeyError):
        run_stage(lambda: {}["x"])
