"""What a model was made from, with licences and citations, as the cards of caches and checkpoints have them."""

from collections.abc import Iterator

from xstilts.base.kinds import KINDS
from xstilts.report.model_card.facts import PHASES, Facts
from xstilts.report.model_card.markdown import code, escaped, table
from xstilts.report.numbers import count

EMBEDDED_MODELS = {"multilingual-e5-small": "MIT", "efficientnet-lite0": "Apache-2.0"}
ELSEWHERE = "see its own card"


def data_section(facts: Facts) -> str:
    """One row per data set of both phases and per model of phase 0."""
    rows = [*_data(facts), *_models(facts)]
    note = "Read what each of these licences asks before you pass the model on."
    return f"{table(['what', 'part', 'licence', 'source'], rows)}\n\n{note}"


def _data(facts: Facts) -> Iterator[list[str]]:
    for phase in PHASES:
        for name, entry in facts.phases[phase]["tasks"].items():
            said = [escaped(entry.get(key) or "not stated") for key in ("licence", "citation")]
            trained = f"{phase} task, {count(entry.get('examples', entry.get('rows', {})).get('train', 0))} examples"
            yield [f"{code(name)}, {escaped(entry.get('data', ''))} data", trained, *said]


def _models(facts: Facts) -> Iterator[list[str]]:
    for part in ("encoder", "vision") if _sees(facts) else ("encoder",):
        if part in facts.public:
            name = str(facts.public[part])
            licence = EMBEDDED_MODELS.get(name, ELSEWHERE)
            yield [f"{part} model", "start of every route", licence, code(model_name(name))]


def _sees(facts: Facts) -> bool:
    """Whether a task of either phase looks at pictures; where its entry does not say, one whose kind may have them."""
    entries = [entry for card in facts.phases.values() for entry in card["tasks"].values()]
    return any(entry.get("features", KINDS[entry["kind"]].takes_images) for entry in entries)


def model_name(name: str) -> str:
    """The name of a model; of a folder its last part alone, since its path is private."""
    return name.rstrip("/").rsplit("/", 1)[-1] if name.startswith(("/", ".", "~")) else name
