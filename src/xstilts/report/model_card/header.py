"""The metadata that a model card begins with, in the Hugging Face hub's terms."""

import re
from collections.abc import Mapping
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from xstilts.base.cells import PLAIN
from xstilts.base.kinds import covers
from xstilts.report.cells.metrics import EMBEDDED, ZERO_SHOT
from xstilts.report.model_card.facts import Facts
from xstilts.report.numbers import rounded

HUB_NAME = re.compile(r"([\w.-]+/[\w.-]+?)(@[\w.-]+)?")
EMBEDDED_ENCODERS = {"multilingual-e5-small": "intfloat/multilingual-e5-small"}
# The hub's names of what a kind of task does; a kind that is None has no such name there.
PIPELINES: Mapping[str, str | None] = covers(
    {
        "vqa": "visual-question-answering",
        "classification": "text-classification",
        "span": "question-answering",
        "tagging": "token-classification",
        "choice": "multiple-choice",
        "layout": None,
        "matching": None,
        "retrieval": "sentence-similarity",
    },
    "xstilts.report.model_card.header.PIPELINES",
    needs=lambda kind: kind.is_scored,
)


def header(facts: Facts) -> str:
    """The YAML between the two rules at the top of a card."""
    embedded = facts.data == EMBEDDED
    about: dict[str, Any] = {
        "language": facts.languages,
        "base_model": base_model(str(facts.public.get("encoder", ""))),
        "library_name": "transformers",
        "pipeline_tag": PIPELINES[facts.kind],
        "license": "other",
        "license_name": "see-data-and-licences",
        "license_link": "README.md#data-and-licences",
        "tags": tags(facts),
        "datasets": None if embedded else sorted({name for card in facts.phases.values() for name in card["tasks"]}),
    }
    if facts.scores:
        name = f"{facts.cell.target}-after-{facts.route.replace('/', '-')}-s{facts.cell.seed}"
        about |= {"metrics": [facts.scores["metric"]], "model_name": name, "eval_results": results(facts)}
    given = {name: value for name, value in about.items() if value}
    return f"---\n{ModelCardData(**given).to_yaml()}\n---"


def tags(facts: Facts) -> list[str]:
    """What a checkpoint is found by: its kind, its route, its data, and whether it is a control."""
    data = "embedded-data" if facts.data == EMBEDDED else "published-data"
    control = ["control-shuffled-labels"] if facts.shuffled_labels else []
    recipe = [] if facts.cell.recipe == PLAIN else [f"recipe-{facts.cell.recipe}"]
    known = ["xstilts", "cross-lingual-transfer", "zero-shot", facts.kind, f"intermediate-task-{facts.cell.route}"]
    return [*known, *recipe, data, *control]


def base_model(encoder: str) -> str | None:
    """The hub's name of the encoder; None for a folder, whose path is private."""
    if encoder in EMBEDDED_ENCODERS:
        return EMBEDDED_ENCODERS[encoder]
    named = HUB_NAME.fullmatch(encoder)
    return named[1] if named and not encoder.startswith(".") else None


def results(facts: Facts) -> list[EvalResult]:
    """The score in every language, in percent; embedded data are named as what they are, never as the published set."""
    metric, embedded = facts.scores["metric"], facts.data == EMBEDDED
    name = f"embedded pictogram scenes in the format of {facts.cell.target}" if embedded else facts.cell.target
    return [
        EvalResult(
            task_type=PIPELINES[facts.kind] or facts.kind,
            dataset_type=f"{EMBEDDED}-{facts.cell.target}" if embedded else facts.cell.target,
            dataset_name=f"{name}, {language}",
            dataset_config=language,
            dataset_split="test",
            metric_type=metric,
            metric_value=rounded(value, 2),
            metric_name=f"{metric} in %",
        )
        for language, value in facts.metrics[metric].items()
        if language != ZERO_SHOT
    ]
