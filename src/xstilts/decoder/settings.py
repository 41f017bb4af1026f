"""How a decoder answers and is trained: the keys of a recipe's section `decoder`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from xstilts.base.errors import ParameterError
from xstilts.base.parameters import Range
from xstilts.train.settings import TrainSettings

QUESTION, DESCRIPTION = "{question}", "{description}"


@dataclass(frozen=True)
class DecoderSettings:
    """Both phases are trained by the same settings.

    Attributes:
        model: a folder, or a name on the Hugging Face hub, pinned by `@commit`, of a model that transformers opens with
            AutoModelForImageTextToText.
        prompt: what the model reads beside the picture, with `{question}` in it.
        prompt_told: the same for questions with a description, with `{description}` in it as well.
        epochs: passes over the training rows, at most; 0: nothing is trained, the public model answers.
        patience, cooldown, evaluations, warmup: as in `intermediate` and `target`.
        examples: train on so many training rows alone, drawn by the seed of the run; null: on all.
        labels: own; shuffled, a control: exchanged among the rows.
        pictures: shown; two controls: blind, none; shuffled, those of other rows.
        lora_rank: rank of the adapters beside the linear maps of the text layers; their product is multiplied by 2.
        learning_rate: peak rate of the adapters.
        weight_decay: AdamW's.
        clip: largest gradient norm.
        batch_size: examples in memory at once.
        accumulation: batches per update.
        gradient_checkpointing: whether training computes the layers' states again in place of keeping them: less
            memory, more time.
        precision: of the public model's weights, in training; adapters are fp32.
    """

    model: str = "google/paligemma2-3b-pt-448"
    prompt: str = "answer en {question}"
    prompt_told: str = "answer en {question} {description}"
    epochs: Annotated[float, Range(0, 1000)] = 1.0
    patience: Annotated[int | None, Range(1, 1000)] = None
    cooldown: Annotated[float | None, Range(0, 1000, above=True)] = None
    evaluations: Annotated[int, Range(1, 1000)] = 2
    warmup: Annotated[float, Range(0, 1)] = 0.05
    examples: Annotated[int | None, Range(1, 1e9)] = None
    labels: Literal["own", "shuffled"] = "own"
    pictures: Literal["shown", "blind", "shuffled"] = "shown"
    lora_rank: Annotated[int, Range(1, 4096)] = 16
    learning_rate: Annotated[float, Range(0, 1)] = 1.0e-4
    weight_decay: Annotated[float, Range(0, 1)] = 0.0
    clip: Annotated[float, Range(0, 1e6, above=True)] = 1.0
    batch_size: Annotated[int, Range(1, 1e5)] = 8
    accumulation: Annotated[int, Range(1, 1e5)] = 4
    gradient_checkpointing: bool = True
    precision: Literal["bf16", "fp32"] = "bf16"

    def __post_init__(self) -> None:
        """Refuse prompts that do not ask."""
        for key, needed in (("prompt", (QUESTION,)), ("prompt_told", (QUESTION, DESCRIPTION))):
            if missing := [one for one in needed if one not in getattr(self, key)]:
                raise ParameterError(f"{key} is {getattr(self, key)!r}, expected a text with {missing[0]} in it")

    @property
    def course(self) -> TrainSettings:
        """What decides learning rate, evaluations and end of a run, by the same rules as for encoders."""
        return TrainSettings(
            epochs=self.epochs,
            patience=self.patience,
            cooldown=self.cooldown,
            evaluations=self.evaluations,
            warmup=self.warmup,
        )

    def deciding(self) -> dict[str, Any]:
        """The settings on which a run's numbers depend beyond rounding."""
        return {name: value for name, value in asdict(self).items() if name != "gradient_checkpointing"}
