"""Results shared through an S3 store (moto's server on loopback): other clones get them, and train nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import digests

pytestmark = [pytest.mark.stage, pytest.mark.slow]
Pipeline = Any  # tests/pipeline/conftest.py
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The address of an empty bucket's server."""
    server_of = pytest.importorskip("moto.server")
    boto3 = pytest.importorskip("boto3")
    server = server_of.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=address, **keys).create_bucket(Bucket="results")
    yield address
    server.stop()


@pytest.fixture(scope="module")
def shared(pipeline: Pipeline, store: str) -> Pipeline:
    """The first clone: its study and the chosen route's model are pushed, and the model has a tag."""
    pipeline.environment |= KEYS
    pipeline.dvc("remote", "add", "--default", "store", "s3://results/xstilts")
    pipeline.dvc("remote", "modify", "store", "endpointurl", store)
    pipeline.executed("repro", "stages/models/dvc.yaml")
    pipeline.commit()
    pipeline.dvc("push")
    pipeline.run("git", "tag", "-a", "xgqa@v1.0.0", "-m", "the first model")
    return pipeline


def another(shared: Pipeline, root: Path) -> Pipeline:
    """A clone with a cache of its own, in which nothing has run."""
    shared.run("git", "clone", "--quiet", str(shared.root), str(root))
    other = type(shared)(root, shared.log, shared.environment | {"PYTHONPATH": str(root / "src")})
    other.dvc("config", "--local", "core.site_cache_dir", str(root.parent / f"{root.name}-site"))
    return other


def test_a_second_clone_reproduces_the_study_and_runs_nothing(shared: Pipeline, tmp_path: Path) -> None:
    second = another(shared, tmp_path / "second")
    assert second.executed("repro", "--pull") == []
    mine, theirs = digests(second.root), digests(shared.root)
    assert {path for path in mine if path.startswith("data/scores/")}
    assert mine == {path: theirs[path] for path in mine}
    assert "up to date" in second.dvc("status", "dvc.yaml").stdout
    shutil.rmtree(second.root)


def test_a_clone_without_cache_and_remote_shows_the_metrics(shared: Pipeline, tmp_path: Path) -> None:
    third = another(shared, tmp_path / "third")
    third.dvc("remote", "remove", "store")
    first = third.run("git", "rev-list", "--max-parents=0", "HEAD").stdout.strip()
    changes = json.loads(third.dvc("metrics", "diff", first, "HEAD", "--json").stdout)
    expected = shared.metrics()["accuracy"]["zero_shot"]
    assert changes["metrics/xgqa.json"]["accuracy.zero_shot"]["new"] == expected
    assert not (third.root / "data").exists()


def test_the_model_is_had_by_its_name_and_version(shared: Pipeline, tmp_path: Path) -> None:
    fourth = another(shared, tmp_path / "fourth")  # it has tags and no cache
    command = [sys.executable, "-m", "dvc", "artifacts", "get", str(fourth.root), "xgqa", "--out", "model"]
    got = subprocess.run(command, cwd=tmp_path, env=shared.environment, capture_output=True, text=True, check=False)
    assert got.returncode == 0, got.stderr
    there = shared.root / "data/models/xgqa"
    assert {path.name for path in (tmp_path / "model").iterdir()} == {path.name for path in there.iterdir()}
