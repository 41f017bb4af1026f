"""Parameter files with plain mistakes: one sentence that names file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from xstilts.base.errors import ParameterError
from xstilts.base.parameters import read_yaml, task_kind, task_section


@pytest.fixture
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder stages/ with a task and defaults."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stages" / "tasks").mkdir(parents=True)
    (tmp_path / "stages" / "tasks" / "gqa.yaml").write_text("kind: vqa\nencode: {}\n")
    (tmp_path / "stages" / "defaults.yaml").write_text("encode: {}\n")
    return tmp_path / "stages"


LAUGHS = b"a0: &a0 [x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"a: \xe9\n", "a byte that is not UTF-8 at 3; save the file as UTF-8"),
        (b"on: 1\n", "the key True is no text; YAML reads on, off, yes and no so: put the key in quotes"),
        (b"a: [{1: b}]\n", "the key 1 is no text"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"a: " + b"[" * 50_000, "nested too deeply"),
        (b"a:\n" + b"- " * 50_000, "nested too deeply"),
        (b"a: " + b"9" * 5000, "a value that cannot be read"),
        (b"? [a]\n: b\n", "not valid YAML"),
        (b"a: \x00", "not valid YAML"),
        (b"- a\n", "found list, expected a mapping"),
        (b"a: &a [*a]\n", "more than 100000 values"),
        (LAUGHS, "more than 100000 values"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(content: bytes, found: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(ParameterError) as error:
        read_yaml(tmp_path / "x.yaml")
    assert str(error.value).startswith(str(tmp_path / "x.yaml"))
    assert found in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_folder_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="Is a directory"):
        read_yaml(tmp_path)
    with pytest.raises(ParameterError, match="no such file; run from the repository root"):
        read_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("encode: {}\n", r"gqa\.yaml: missing kind"),
        ("kind: [vqa]\n", r"gqa\.yaml: unknown kind \['vqa'\]"),
        ("kind: vqaa\n", "unknown kind 'vqaa'. Did you mean 'vqa'"),
    ],
)
def test_a_task_has_a_kind(text: str, found: str, stages: Path) -> None:
    (stages / "tasks" / "gqa.yaml").write_text(text)
    with pytest.raises(ParameterError, match=found.replace("?", r"\?")):
        task_kind("gqa")


@pytest.mark.parametrize("file", ["defaults.yaml", "tasks/gqa.yaml"])
def test_a_section_is_a_mapping(file: str, stages: Path) -> None:
    (stages / file).write_text("kind: vqa\nintermediate: fast\n")
    with pytest.raises(ParameterError, match=f"{file}: intermediate is 'fast', expected a mapping of settings"):
        task_section("gqa", "intermediate")
