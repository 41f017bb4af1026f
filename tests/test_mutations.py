"""Files that were changed at random are read, counted or refused in a sentence; none ends in a traceback.

    XSTILTS_MUTATIONS=20000 python -m pytest -s tests/test_mutations.py -m slow

runs so many, and prints the counts.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from input_files import Readers, inputs, own_files
from mutations import mutated, of_values
from official_samples import LABELS, LINE_BY_LINE, NLI, SAMPLES
from xstilts.base.errors import LONGEST, XstiltsError
from xstilts.base.kinds import KINDS
from xstilts.base.parameters import STAGES, read_yaml
from xstilts.check.choices import check_choices
from xstilts.check.files import check_recipe, check_task
from xstilts.check.grid import check_grid
from xstilts.features.settings import feature_settings
from xstilts.report.comparisons import read_comparisons
from xstilts.tasks import READERS
from xstilts.tasks.formats import FORMATS
from xstilts.tasks.rows import BLANK_LINE
from xstilts.tasks.schema import EncodeSection, TaskSpec
from xstilts.tasks.source import Source

ROOT = Path(__file__).parents[1]
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
SLOWEST, LARGEST = 10.0, 1 << 20  # seconds of a processor for one file; KiB of memory
Counts = Counter[str]


def test_every_format_has_a_sample() -> None:
    assert set(SAMPLES) == {(kind, name) for kind, formats in FORMATS.items() for name in formats}


@pytest.mark.parametrize(("kind", "name"), SAMPLES, ids="-".join)
def test_the_samples_are_read(kind: str, name: str, tmp_path: Path) -> None:
    assert read_sample(kind, name, SAMPLES[kind, name], tmp_path, "error") == "read"


def read_sample(kind: str, name: str, parts: Any, folder: Path, bad_rows: str) -> str:
    """Read the parts of a format as train or test, whichever the sample is: `read`, or `refused` in a sentence."""
    paths = tuple(folder / f"test-{number}" for number in range(len(parts)))
    for path, content in zip(paths, parts, strict=True):
        path.write_bytes(content)
    labels = LABELS.get(name, NLI) if kind == "classification" else []
    section = EncodeSection(
        ["en"],
        KINDS[kind].metrics[-1],
        {},
        labels=labels,
        features="x",
        bad_rows=bad_rows,  # type: ignore[arg-type]
    )
    bilingual = name in ("tatoeba", "bucc", "marvl")
    split = "train" if bad_rows == "skip" else "test"
    source = Source(paths, "de" if bilingual else "en", split, TaskSpec("t", kind, section))

    def read() -> None:
        reading = READERS[kind][name](source)
        for example in reading.examples:
            json.dumps(asdict(example), ensure_ascii=False).encode()  # what Arrow can hold
        if (headers := LINE_BY_LINE.get((kind, name))) is not None:
            text = paths[0].read_bytes().decode("utf-8-sig")
            present = sum(bool(line.strip()) for line in text.split("\n")) - headers
            left_out = sum(rows for reason, rows in reading.skipped.items() if reason != BLANK_LINE)
            assert len(reading.examples) + left_out == present, "a row was dropped in silence"

    return outcome(read)


def outcome(call: Callable[[], object]) -> str:
    """`read`, or `refused` in a sentence that is fit to be printed."""
    begun = time.process_time()
    try:
        call()
        return "read"
    except XstiltsError as error:
        said = str(error)
        return "refused" if len(said) <= LONGEST and not _CONTROL.search(said) else f"unfit to print: {said[:300]!r}"
    finally:
        assert time.process_time() - begun < SLOWEST


def mutate_readers(number: int, folder: Path, seed: int = 0) -> Counts:
    """Read so many changed samples, format after format, and one in three with `bad_rows: skip`."""
    rng, counts, formats = random.Random(seed), Counts(), list(SAMPLES)
    for place in range(number):
        kind, name = formats[place % len(formats)]
        parts = list(SAMPLES[kind, name])
        which = rng.randrange(len(parts))
        parts[which] = mutated(parts[which], rng)
        try:
            counts[read_sample(kind, name, parts, folder, rng.choice(("error", "error", "skip")))] += 1
        except Exception as error:
            raise AssertionError(f"{kind} {name}, change {place} of seed {seed}: {parts[which][:300]!r}") from error
    return counts


@pytest.fixture
def parameter_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the parameter files, as the working directory."""
    for name in ("params.yaml", "stages"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checks() -> dict[Path, Callable[[], object]]:
    """What reads each of the parameter files."""
    universe = check_grid()
    files: dict[Path, Callable[[], object]] = {
        Path("params.yaml"): lambda: check_choices(universe),
        STAGES / "grid.yaml": check_grid,
        STAGES / "comparisons.yaml": read_comparisons,
        STAGES / "defaults.yaml": lambda: (feature_settings(), check_task("gqa"), check_task("all")),
    }
    for name in ("gqa", "mnli", "squad", "panx", "all", "xgqa", "tatoeba"):
        files[STAGES / "tasks" / f"{name}.yaml"] = lambda name=name: check_task(name)  # type: ignore[misc]
    for name in ("longer", "lora"):
        files[STAGES / "recipes" / f"{name}.yaml"] = lambda name=name: check_recipe(name, universe)  # type: ignore[misc]
    return files


def mutate_parameters(number: int, seed: int = 0) -> Counts:
    """Check so many changed parameter files: their bytes, or the values in them."""
    rng, counts, files = random.Random(seed), Counts(), checks()
    contents = {path: (path.read_bytes(), read_yaml(path)) for path in files}
    for place in range(number):
        path = list(files)[place % len(files)]
        text, values = contents[path]
        if rng.random() < 0.5:
            changed = mutated(text, rng)
        else:
            changed = json.dumps(of_values(json.loads(json.dumps(values)), rng)).encode()  # JSON is YAML
        path.write_bytes(changed)
        try:
            counts[outcome(files[path])] += 1
        except Exception as error:
            raise AssertionError(f"{path}, change {place} of seed {seed}: {changed[:2000]!r}") from error
        finally:
            path.write_bytes(text)
    return counts


def mutate_files(number: int, files: Readers, seed: int = 0) -> Counts:
    """Open so many changed files."""
    rng, counts = random.Random(seed), Counts()
    contents = {path: path.read_bytes() for path in files}
    for place in range(number):
        path = list(files)[place % len(files)]
        path.write_bytes(mutated(contents[path], rng))
        try:
            counts[outcome(files[path])] += 1
        except Exception as error:
            raise AssertionError(f"{path}, change {place} of seed {seed}: {path.read_bytes()[:300]!r}") from error
        finally:
            path.write_bytes(contents[path])
    return counts


def test_changed_files_of_every_format(tmp_path: Path) -> None:
    counts = mutate_readers(30 * len(SAMPLES), tmp_path)
    assert min(counts["read"], counts["refused"]) > 200


def test_changed_parameter_files(parameter_folder: Path) -> None:
    counts = mutate_parameters(130)
    assert min(counts["read"], counts["refused"]) > 20


@pytest.mark.parametrize("make", [inputs, own_files], ids=["inputs", "own files"])
def test_changed_files_that_are_no_rows(
    parameter_folder: Path, tmp_path: Path, make: Callable[[Path], Readers]
) -> None:
    """Pictures, boxes and predictions that users bring, and files of the project's own."""
    files = make(tmp_path)
    assert {outcome(read) for read in files.values()} == {"read"}
    counts = mutate_files(20 * len(files), files)
    assert set(counts) == {"read", "refused"}
    assert min(counts["read"], counts["refused"]) > len(files)
    assert {outcome(read) for read in files.values()} == {"read"}


@pytest.mark.slow
def test_many_changed_files(parameter_folder: Path, tmp_path: Path) -> None:
    number, seed = int(os.environ.get("XSTILTS_MUTATIONS", "3000")), 1
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # of the tests that ran in this process
    found = {
        "files of tasks": mutate_readers(number * 6 // 10, tmp_path, seed),
        "parameter files": mutate_parameters(number * 2 // 10, seed),
        "pictures, boxes, predictions": mutate_files(number // 10, inputs(tmp_path), seed),
        "own files": mutate_files(number // 10, own_files(tmp_path), seed),
    }
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("| files | tries | read | refused |", "|---|---|---|---|", sep="\n")
    for name, counts in found.items():
        print(f"| {name} | {counts.total():,} | {counts['read']:,} | {counts['refused']:,} |")
        assert set(counts) <= {"read", "refused"}, counts
    print(f"peak memory {memory / 1024:.0f} MiB, before {before / 1024:.0f}")
    assert memory < max(LARGEST, before + LARGEST // 8)
