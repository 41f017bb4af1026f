"""The encoder's word space, and the projector into it: a closed-form ridge regression from crop features.

The crop of a named picture should land on the mean word embedding of its English name and, by a second map, on that of
its colour. An encoder that never saw an image then reads the region as it would read those two words. They play the
part of a detector's object and attribute classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from xstilts.base.errors import DataError
from xstilts.base.threads import one_thread_per_operation

TABLES = ("word_embeddings.weight", "embed_tokens.weight", "tok_embeddings.weight")
_AGAIN = "delete it and run `dvc repro` to make it again"
COLUMNS = ("object", "attribute")  # what a picture's phrases name, in order
ANCHORS = ("left", "right", "top", "bottom", "small", "large")
STRENGTH = 0.3  # of the ridge, per example: the best of 0.03 ... 3 on held-out pictures


class WordSpace:
    """Mean word embeddings of phrases.

    Args:
        encoder: a Hugging Face directory with tokenizer.json and safetensors.

    Attributes:
        hidden: length of an embedding.

    Raises:
        DataError: tokenizer or weights are missing or broken, or no tensor is an embedding table.
    """

    def __init__(self, encoder: Path) -> None:
        self._tokenizer = _open_tokenizer(encoder / "tokenizer.json")
        self._table = _open_table(encoder)
        self.hidden = int(self._table.shape[1])

    def phrase(self, text: str) -> Tensor:
        """The mean embedding of a phrase's pieces, float32 `[hidden]`."""
        pieces = self._tokenizer.encode(text, add_special_tokens=False).ids
        return self._table[pieces].float().mean(0)

    def phrases(self, texts: Sequence[str]) -> Tensor:
        """Mean embeddings of several phrases, float32 `[n, hidden]`."""
        known = {text: self.phrase(text) for text in set(texts)}
        return torch.stack([known[text] for text in texts])


def _open_tokenizer(path: Path) -> Tokenizer:
    if not path.is_file():
        raise DataError(path, None, "no such file", "a fast tokenizer", "choose another encoder")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the Rust library raises plain Exception
        raise DataError(path, None, f"a broken tokenizer ({error})", "tokenizer.json", _AGAIN) from None


def _open_table(encoder: Path) -> Tensor:
    """The first tensor with the name of a word embedding table."""
    files = sorted(encoder.glob("*.safetensors"))
    for path in files:
        try:
            with safe_open(path, framework="pt") as weights:
                names = [name for name in weights.keys() if name.endswith(TABLES)]  # noqa: SIM118 (not a mapping)
                if names:
                    table: Tensor = weights.get_tensor(names[0])
                    return table
        except (SafetensorError, OSError) as error:
            raise DataError(path, None, f"broken weights ({error})", "safetensors", _AGAIN) from None
    found = ", ".join(path.name for path in files) or "no safetensors"
    raise DataError(encoder, None, found, f"a tensor named *{TABLES[0]}", "choose another encoder")


@dataclass(frozen=True)
class Alignment:
    """An affine map from features `[n, dim]` to the word space, one vector per column: `[n, columns * hidden]`.

    Attributes:
        weight: `[columns * hidden, dim]`, applied to standardised features.
        bias: `[columns * hidden]`, the mean target.
        mean, std: `[dim]`, what standardises the features.
    """

    weight: Tensor
    bias: Tensor
    mean: Tensor
    std: Tensor

    def project(self, features: Tensor) -> Tensor:
        """Vectors in word space, float32 `[n, columns * hidden]`."""
        return (features.float() - self.mean) / self.std @ self.weight.T + self.bias

    def save(self, path: Path, words: WordSpace) -> None:
        """Write alignment.safetensors: one map per column, and the word anchors of positions and sizes."""
        tensors = {"feature.mean": self.mean, "feature.std": self.std}
        for column, weight, bias in zip(COLUMNS, self.weight.chunk(2), self.bias.chunk(2), strict=True):
            tensors |= {f"{column}.weight": weight.clone(), f"{column}.bias": bias.clone()}
        anchors = {f"word.{word}": words.phrase(word) for word in ANCHORS}
        save_file(tensors | anchors, path)


@one_thread_per_operation()  # its rounding must not depend on the number of processors
def fit(features: Tensor, targets: Tensor, strength: float = STRENGTH) -> Alignment:
    """Ridge regression in closed form: minimises mean |standardised(x) W' + b - y|^2 + strength |W|^2.

    Args:
        features: `[n, dim]`.
        targets: `[n, outputs]`.
        strength: of the penalty, per example, so that it means the same for any n.
    """
    x, y = features.double(), targets.double()
    mean, std = x.mean(0), x.std(0).clamp_min(1e-3)
    bias = y.mean(0)
    standardised = (x - mean) / std
    gram = standardised.T @ standardised / len(x) + strength * torch.eye(x.shape[1], dtype=torch.float64)
    weight = torch.linalg.solve(gram, standardised.T @ (y - bias) / len(x)).T
    return Alignment(weight.float(), bias.float(), mean.float(), std.float())


def targets_of(words: WordSpace, phrases: Sequence[Sequence[str]]) -> Tensor:
    """What the projector should give: each picture's mean phrase embeddings side by side, `[n, columns * hidden]`."""
    return torch.cat([words.phrases(column) for column in zip(*phrases, strict=True)], dim=1)


def recognise(content: Tensor, names: Tensor, centre: Tensor) -> Tensor:
    """The nearest name of every content vector, by cosine after centring: indices `[n]`.

    Args:
        content: `[n, hidden]`, from `Alignment.project`.
        names: `[names, hidden]`, the candidates' embeddings.
        centre: `[hidden]`, the mean content vector (an alignment's bias).
    """
    candidates = F.normalize(names - names.mean(0), dim=-1)
    return (F.normalize(content - centre, dim=-1) @ candidates.T).argmax(1)


def recognised(alignment: Alignment, features: Tensor, phrases: Sequence[Sequence[str]], words: WordSpace) -> Tensor:
    """Which phrases are recognised from the features, bool `[n, columns]`.

    A picture's i-th phrase (its name, its colour, ...) is looked for among the i-th phrases of all pictures.
    """
    columns, found = list(zip(*phrases, strict=True)), []
    projected = alignment.project(features).chunk(len(columns), dim=1)
    for column, vectors, centre in zip(columns, projected, alignment.bias.chunk(len(columns)), strict=True):
        choices = sorted(set(column))
        truth = torch.tensor([choices.index(phrase) for phrase in column])
        found.append(recognise(vectors, words.phrases(choices), centre) == truth)
    return torch.stack(found, 1)


def leave_variant_out(
    features: Tensor, phrases: Sequence[Sequence[str]], words: WordSpace, strength: float = STRENGTH
) -> Tensor:
    """Which phrases are recognised in held-out pictures: fold k leaves out the k-th picture of every name.

    Args:
        features: `[n, dim]`.
        phrases: `n` lists of equal length, a picture's name first.

    Returns:
        bool `[n, columns]`. A name with a single picture is never fitted, so it is hardly ever recognised.
    """
    targets, folds = targets_of(words, phrases), torch.tensor(_variants([name for name, *_ in phrases]))
    found = torch.zeros(len(phrases), len(phrases[0]), dtype=torch.bool)
    for fold in range(int(folds.max()) + 1):
        held = folds == fold
        alignment = fit(features[~held], targets[~held], strength)
        found[held] = recognised(alignment, features, phrases, words)[held]
    return found


def _variants(names: Sequence[str]) -> list[int]:
    """How often each name occurred before: 0 for its first picture, 1 for its second."""
    seen: dict[str, int] = {}
    variants = []
    for name in names:
        variants.append(seen.get(name, 0))
        seen[name] = variants[-1] + 1
    return variants
