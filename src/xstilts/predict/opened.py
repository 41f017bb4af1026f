"""A trained model with all that asking it needs, opened from a checkpoint of this project or an exported folder."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from safetensors.torch import load_file
from tokenizers import Tokenizer

from xstilts.base.errors import DataError
from xstilts.base.files import read_object, read_tensors
from xstilts.base.parameters import build
from xstilts.features.settings import FeatureSettings, feature_settings
from xstilts.features.vision import VisionEncoder, load_vision
from xstilts.model.checkpoint import load_model
from xstilts.model.encoder import MultimodalEncoder
from xstilts.model.multitask import MultitaskModel
from xstilts.model.text_encoder import load_text, separator_of
from xstilts.model.visual_prefix import VisualPrefix

EXPORT, EXPORTED = "xstilts.json", "xstilts.safetensors"  # of an exported folder: see `xstilts.export`
ENCODER_PARTS = ("prefix.",)  # of these tensors, what belongs to the encoder and not to a task
TODO = "choose another target"


@dataclass(frozen=True)
class Opened:
    """A model, and where the rest of it lies.

    Attributes:
        place: the folder that errors name.
        tokenizer_file: the encoder's tokenizer.json.
        vision_folder: the image model.
        settings: how features were made.
    """

    place: Path
    model: MultitaskModel
    tokenizer_file: Path
    vision_folder: Path
    settings: FeatureSettings

    def task(self, kind: str, expected: str) -> str:
        """The name of its one task; `DataError` if that is of another kind."""
        task, card = next(iter(self.model.cards.items()), ("", {"kind": "passed-on"}))
        if card["kind"] != kind:
            raise DataError(self.place, None, f"a {card['kind']} model", expected, TODO)
        return task

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The encoder's tokenizer."""
        return Tokenizer.from_file(str(self.tokenizer_file))

    @cached_property
    def vision(self) -> VisionEncoder:
        """The image model."""
        return load_vision(self.vision_folder)


def open_checkpoint(checkpoint: Path, public: Path) -> Opened:
    """Open a target checkpoint.

    Args:
        checkpoint: `data/target/<recipe>/<route>-s<seed>/<target>`.
        public: phase 0, `data/public`.
    """
    model, tokenizer = load_model(public, checkpoint), public / "encoder" / "tokenizer.json"
    return Opened(checkpoint, model, tokenizer, public / "vision", feature_settings())


def open_export(folder: Path) -> Opened:
    """Open a folder that `xstilts export` wrote: nothing else of a project is needed.

    Raises:
        DataError: it is no such folder, or a part of it is missing or damaged.
    """
    if not (folder / EXPORT).is_file():
        todo = "name a folder that `xstilts export --out FOLDER` wrote"
        raise DataError(folder, None, f"no {EXPORT}", "an exported model", todo)
    about = read_object(folder / EXPORT, "tasks", "prefix")
    text, prefix = load_text(folder), VisualPrefix(about["prefix"]["features"], about["prefix"]["hidden"])
    model = MultitaskModel(MultimodalEncoder(text, prefix, separator_of(folder, text)), about["tasks"])
    tensors = read_tensors(folder / EXPORTED, load_file)
    named = {f"encoder.{name}" if name.startswith(ENCODER_PARTS) else name: one for name, one in tensors.items()}
    try:
        unexpected = model.load_state_dict(named, strict=False).unexpected_keys
    except RuntimeError as error:  # another shape
        unexpected = [str(error).splitlines()[-1].strip()]
    if unexpected:
        found = f"weights of another model, such as {unexpected[0]}"
        raise DataError(folder / EXPORTED, None, found, "those of the tasks in xstilts.json", "export it again")
    settings = build(FeatureSettings, about.get("features") or {}, f"{folder / EXPORT}: features")
    return Opened(folder, model.eval(), folder / "tokenizer.json", folder / "vision", settings)
