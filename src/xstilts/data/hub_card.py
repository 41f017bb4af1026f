"""What the README of a dataset on the hub says: its licence, its configurations, and how many rows they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from xstilts.base.errors import DataError

if TYPE_CHECKING:
    from xstilts.data.hub_files import HubRepository

README = "README.md"


@dataclass(frozen=True)
class HubCard:
    """The metadata in a README's head, empty where there is none.

    Attributes:
        place: the repository and commit, for errors.
    """

    place: str
    metadata: dict[str, Any]

    @classmethod
    def read(cls, repository: HubRepository) -> HubCard:
        """Download and read the README; `DataError` if its head is not valid YAML."""
        if README not in repository.files:
            return cls(repository.place, {})
        text = repository.download(README).read_text(encoding="utf-8")
        head = text.split("\n---", 1)[0].removeprefix("---") if text.startswith("---") else ""
        try:
            metadata = yaml.safe_load(head)
        except yaml.YAMLError as error:
            place, found = f"{repository.place}/{README}", f"broken metadata ({getattr(error, 'problem', error)})"
            raise DataError(place, None, found, "a dataset card in YAML", "choose another revision") from None
        return cls(repository.place, metadata if isinstance(metadata, dict) else {})

    @property
    def licence(self) -> str:
        """The licences it names, "" if none."""
        named = self.metadata.get("license") or []
        return ", ".join(str(one) for one in named) if isinstance(named, list) else str(named)

    def configs(self) -> list[dict[str, Any]]:
        """The entries of `configs`: `config_name`, `data_files`, `data_dir`, `default`."""
        entries = self.metadata.get("configs") or []
        return [one for one in entries if isinstance(one, dict) and "config_name" in one]

    def default_config(self) -> str | None:
        """The default configuration; `DataError` if one has to be named."""
        entries = self.configs()
        names = [str(one["config_name"]) for one in entries]
        marked = [str(one["config_name"]) for one in entries if one.get("default")]
        if len(names) <= 1 or marked or "default" in names:
            return marked[0] if marked else "default" if "default" in names else next(iter(names), None)
        found = f"{len(names)} configurations ({', '.join(names)})"
        raise DataError(self.place, None, found, "a choice among them", "name one in data.official.hub.config")

    def patterns(self, config: str | None, split: str) -> list[str]:
        """The patterns of a split's files in `configs`; empty if it has none."""
        for entry in self.configs():
            if entry["config_name"] == config:
                folder = f"{entry['data_dir']}/" if entry.get("data_dir") else ""
                return [folder + one for one in _paths_of(entry.get("data_files"), split)]
        return []

    def check_rows(self, config: str | None, split: str, rows: int) -> None:
        """Refuse a number of rows other than that in the card's `dataset_info` for this split."""
        infos = self.metadata.get("dataset_info") or []
        for info in infos if isinstance(infos, list) else [infos]:
            if len(infos) > 1 and isinstance(infos, list) and info.get("config_name") != config:
                continue
            for one in info.get("splits") or []:
                if one.get("name") == split and one.get("num_examples", rows) != rows:
                    expected = f"{one['num_examples']}, as its card says"
                    raise DataError(self.place, None, f"{rows} rows in {split}", expected, "choose another revision")


def _paths_of(data_files: Any, split: str) -> list[str]:
    """The paths of one split in any of the layouts of `data_files`: a path, a list of paths, or a list by split."""
    if isinstance(data_files, str):
        data_files = [data_files]
    if not isinstance(data_files, list):
        return []
    named = [one for one in data_files if isinstance(one, dict) and one.get("split") == split]
    paths = [one["path"] for one in named if "path" in one]
    if all(isinstance(one, str) for one in data_files) and split == "train":
        paths = data_files  # files without a split are its only one
    return [path for one in paths for path in ([one] if isinstance(one, str) else one)]


def licence_note(licence: str, card: HubCard) -> str:
    """The licence of the task's file and, if the card names another, that one as well."""
    if not card.licence or _letters(card.licence) == _letters(licence):
        return licence
    return f"{licence or 'not named in the task file'} (the hub's card: {card.licence})"


def _letters(text: str) -> str:
    return "".join(one for one in text.lower() if one.isalnum())
