"""One row of the hub as rows of the raw set: fields renamed, numbers of classes as names, lists taken apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from xstilts.base.cache import image_id
from xstilts.base.errors import DataError

if TYPE_CHECKING:
    from xstilts.data.hub import Rows
    from xstilts.data.hub_pictures import PictureStore

# Every field that a reader of the format `rows` knows, whatever the task's kind.
FIELDS = (
    *("id", "language", "text", "second", "label", "image", "second_image"),
    *("question", "context", "answer", "answers", "scores", "structural", "semantic"),
    *("description", "words", "tags", "choices", "side", "gold", "layout"),
)
NO_LABEL = "no gold label"  # why a row is left out; SNLI has such rows
UNLABELLED = (-1, "-1", "-", "", None)
TEXTS = ("id", "image", "second_image", "text", "second", "question", "context", "answer")  # never empty
IMAGES = ("image", "second_image")
TYPES = ("structural", "semantic")  # of questions; some sets have none
TRIMMED = ("text", "second", "question")
MOVED = "answer starts moved by the white space that contexts have lost on the hub"
MOST = 8  # characters of white space that a context may have lost
_NAME = re.compile(r"\{([^{}]+)\}")
_OWN = ("row", "item", "match")  # names in a text that are no column
_TODO = "correct data.official.hub in the task's file"


class LeftOut(Exception):
    """A row that nothing can be learnt from; the text is the reason."""


class RowMap:
    """Makes the fields of the format `rows` out of rows of one split of the hub.

    Args:
        wanted: the fields, and what they are made of.
        split: the ids of rows without one start with it.
        names_labels: whether numbers of labels and tags become their names; otherwise they are kept.
        store: what pictures are kept in.

    Attributes:
        paths: the columns that are read.
        changed: {how: how often} of what was changed so far.
    """

    def __init__(self, wanted: Rows, split: str, names_labels: bool, store: PictureStore) -> None:
        self._wanted, self._split, self._store, self._names_labels = wanted, split, store, names_labels
        self._names: dict[str, list[str]] = {}
        self._place, self._number = "", 0
        self.changed: Counter[str] = Counter()
        columns = [one for value in wanted.columns.values() for one in _columns(value)]
        each = [] if wanted.each is None else _listed(wanted.each)
        others = [*each, *wanted.where, *wanted.pictures.values(), *([wanted.matches] if wanted.matches else [])]
        own = "each" if each else ""
        self.paths = [one for one in dict.fromkeys([*columns, *others]) if one.split(".", 1)[0] != own]

    def check(self, features: Mapping[str, Any], place: str) -> list[str]:
        """Compare with the columns and types of a file or card; return the columns that are needed.

        Raises:
            DataError: a column that is not there, or labels in another order than the hub's.
        """
        needed = list(dict.fromkeys(_top(path, features, place) for path in self.paths))
        for key in ("label", "tags"):
            column = self._wanted.columns.get(key)
            if isinstance(column, str):
                self._names[key] = self._names_of(class_names(features, column), place)
        return needed

    def _names_of(self, own: list[str], place: str) -> list[str]:
        """The names by number: those of the task's file, which must not be the hub's in another order."""
        given = self._wanted.labels
        permuted = set(own) == set(given) and own != given
        if own and given and "choices" not in self._wanted.columns and (permuted or len(own) != len(given)):
            todo = "write data.official.hub.labels in the hub's order, one for each"
            raise DataError(place, None, f"the labels {', '.join(own)}", ", ".join(given), todo)
        return given or own

    def is_wanted(self, row: Mapping[str, Any], place: str, number: int) -> bool:
        """Whether a row has the values that are asked for; what is done next is about this row."""
        self._place, self._number = place, number
        return all(
            any(fnmatchcase(str(self._at(row, column)).lower(), one.lower()) for one in _listed(values))
            for column, values in self._wanted.where.items()
        )

    def items(self, row: Mapping[str, Any], named: int) -> Iterator[dict[str, Any] | LeftOut]:
        """The rows that one row becomes; in the place of one that nothing can be learnt from, the reason.

        Args:
            named: its number in the split, for the id of a row without one.
        """
        match: dict[int, list[int]] = {}
        for one, other in self._at(row, self._wanted.matches) if self._wanted.matches else ():
            match.setdefault(int(one), []).append(int(other))
        for item, each in enumerate(self._each(row), start=1):
            name = f"{self._split}-{named}" + ("" if self._wanted.each is None else f"#{item}")
            own = {**row, "each": each, "row": self._number, "item": item}
            try:
                yield self._fields(own, name, match.get(item, ()))
            except LeftOut as reason:
                yield reason

    def _each(self, row: Mapping[str, Any]) -> Sequence[Any]:
        each = self._wanted.each
        if each is None:
            return [None]
        if isinstance(each, list):
            return [self._at(row, column) for column in each]
        found = self._at(row, each)
        if isinstance(found, str):
            return [line for line in found.split("\n") if line.strip()]
        if not isinstance(found, list):
            raise self._error(f"{each} {found!r}", "a list or a text")
        return found

    def _fields(self, row: Mapping[str, Any], name: str, match: Sequence[int]) -> dict[str, Any]:
        fields: dict[str, Any] = {"id": name, **self._wanted.constants}
        for key, column in self._wanted.columns.items():
            if key == "gold" and self._wanted.matches:
                fields[key] = [self._text(str(column), {**row, "match": one}) for one in match]
            else:
                fields[key] = self._field(key, self._value(row, column))
        if self._wanted.stripped and "answers" in fields:
            self.changed.update(_restore(fields))
        for key, column in self._wanted.pictures.items():
            self._store.add(fields[key], self._at(row, column), self._place, self._number)
        return fields

    def _value(self, row: Mapping[str, Any], column: str | list[str]) -> Any:
        if isinstance(column, list):
            return [self._value(row, one) for one in column]
        if _NAME.search(column):
            return self._text(column, row)
        return self._at(row, column)

    def _text(self, pattern: str, row: Mapping[str, Any]) -> str:
        """A text with the values of columns in it; it is left out if one of them has none."""

        def fill(name: re.Match[str]) -> str:
            value = self._at(row, name[1])
            if value is None or str(value).strip() == "":
                raise LeftOut(f"nothing in '{name[1]}'")
            return str(value).strip()

        return _NAME.sub(fill, pattern)

    def _at(self, row: Mapping[str, Any], path: str) -> Any:
        """The value in a column or struct; of a list of structs, a list. None stands for itself."""
        column = path if path in row else path.split(".", 1)[0]
        if column not in row:
            raise self._error(f"columns {', '.join(row)}", f"a column '{path}'")
        value = row[column]
        for key in path[len(column) + 1 :].split(".") if path != column else ():
            if isinstance(value, list):
                value = [one.get(key) if isinstance(one, Mapping) else None for one in value]
            else:
                value = value.get(key) if isinstance(value, Mapping) else None
        if path in self._wanted.without and isinstance(value, str):
            return re.sub(self._wanted.without[path], "", value)
        if path in self._wanted.values:
            names = {str(one): name for one, name in self._wanted.values[path].items()}
            if str(value) not in names:
                raise self._error(f"{path} '{value}'", f"one of {', '.join(names)}")
            return names[str(value)]
        return value

    def _field(self, key: str, value: Any) -> Any:
        if key in TEXTS:
            return self._string(key, value)
        if key == "label":
            if any(value is one or value == one for one in UNLABELLED):
                raise LeftOut(NO_LABEL)
            if "choices" in self._wanted.columns:
                return self._index(value)
            return self._name(key, value)
        if key in TYPES:
            return value or ""
        if value is None or (isinstance(value, list) and any(one is None for one in value)):
            raise LeftOut(f"no {key}")
        if key == "choices" and any(not str(one).strip() for one in value):
            raise LeftOut("an empty choice")
        if key == "tags" and isinstance(value, list):
            return [self._name(key, one) for one in value]
        if not _plain(value):
            raise self._error(f"{key} that holds more than text and numbers", "text and numbers")
        return value

    def _string(self, key: str, value: Any) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise LeftOut(f"no {key}")
        if not isinstance(value, str):
            raise self._error(f"{key} that is a {type(value).__name__}", "a text (pictures: see pictures)")
        if key in IMAGES:
            return image_id(value)
        return value.strip() if key in TRIMMED else value

    def _name(self, key: str, value: Any) -> Any:
        """The name of a class or tag, which the hub has as its number, in digits, as true and false, or by name."""
        names = self._names.get(key) or self._wanted.labels
        if not self._names_labels or (isinstance(value, str) and (not names or value in names)):
            return value
        digits = isinstance(value, str) and value.isdecimal()
        if not isinstance(value, int) and not digits:
            raise self._error(f"{key} {value!r}", f"one of {', '.join(names)}")
        if not 0 <= int(value) < len(names):
            expected = f"one of the {len(names)} numbers that have a name in labels"
            raise self._error(f"{key} {value}", expected)
        return names[int(value)]

    def _index(self, value: Any) -> int:
        """The number of the right choice: the place of its name in `labels`, or itself, also in digits."""
        labels = self._wanted.labels
        if str(value) in labels:
            return labels.index(str(value))
        try:
            return int(value)
        except (TypeError, ValueError):
            expected = "the number of a choice, or a name in labels"
            raise self._error(f"label '{value}'", expected) from None

    def _error(self, found: str, expected: str) -> DataError:
        return DataError(self._place, self._number, found, expected, _TODO)


def _restore(fields: dict[str, Any]) -> dict[str, int]:
    """Move the starts of a question's answers to where they are, if they all are the same few characters before.

    That many white space characters stood at the start of the context before they were taken away. Other starts that
    do not fit are left as they are, for the reader to refuse.
    """
    context, answers = fields["context"], fields["answers"]
    pairs = list(zip(answers["text"], answers["answer_start"], strict=True))
    if all(context.startswith(text, start) for text, start in pairs):
        return {}
    for lost in range(1, MOST + 1):
        if all(start >= lost and context.startswith(text, start - lost) for text, start in pairs):
            fields["answers"] = {"text": answers["text"], "answer_start": [start - lost for _, start in pairs]}
            return {MOVED: len(pairs)}
    return {}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _columns(value: str | list[str]) -> list[str]:
    """The columns that a value of `columns` names."""
    if isinstance(value, list):
        return [one for part in value for one in _columns(part)]
    names = _NAME.findall(value)
    return [one for one in names if one not in _OWN] if names else [value]


def _top(path: str, features: Mapping[str, Any], place: str) -> str:
    name = path if path in features else path.split(".", 1)[0]
    if name not in features:
        raise DataError(place, None, f"columns {', '.join(features)}", f"a column '{path}'", _TODO)
    return name


def class_names(features: Mapping[str, Any], column: str) -> list[str]:
    """The names of a column's classes, or of those in its lists; empty if it has none."""
    feature: Any = features.get(column)
    while feature is not None and not hasattr(feature, "names"):
        feature = getattr(feature, "feature", None)
    return [str(one) for one in feature.names] if feature is not None else []


def _plain(value: Any) -> bool:
    """Whether JSON has the value: texts, numbers, and lists and mappings of them."""
    if isinstance(value, Mapping):
        return all(_plain(one) for one in value.values())
    if isinstance(value, list):
        return all(_plain(one) for one in value)
    return isinstance(value, str | int | float | bool)
