"""The model card of one target checkpoint, from metadata to provenance."""

import json
from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

from xstilts.base.cells import PLAIN
from xstilts.base.kinds import KINDS, covers
from xstilts.report.cells.metrics import CONTROLS, EMBEDDED, GAP, ZERO_SHOT
from xstilts.report.model_card.facts import PHASES, Facts
from xstilts.report.model_card.header import header
from xstilts.report.model_card.licences import data_section, model_name
from xstilts.report.model_card.markdown import code, escaped, fenced, table
from xstilts.report.model_card.picture import FILE
from xstilts.report.model_card.snippets import picture_snippet, snippet
from xstilts.report.numbers import count, percent, percent_interval

# What training scores on English dev (`xstilts.train.dev.METRICS`), which is not always what a task is judged by.
DEV: Mapping[str, str] = covers(
    {
        **dict.fromkeys(("vqa", "classification", "matching", "choice"), "accuracy"),
        "layout": "accuracy of exact layouts",
        "span": "F1 of tokens",
        "tagging": "accuracy over words",
        "mlm": "accuracy over masked tokens",
    },
    "xstilts.report.model_card.text.DEV",
    needs=lambda kind: kind.is_trained,
)
NAMES = {ZERO_SHOT: "mean of the others", GAP: "English minus that mean"}
PICTURE = f"![Scores by language with their intervals; rings: blind; the numbers are in the table below]({FILE})"
NOT_SCORED = "This checkpoint was not scored yet."
INTERVALS = (
    "Intervals: 95 %, over clusters of test examples (images or paragraphs with all their questions). They "
    "cover the test items of **this one checkpoint**, not what another training run would give: compare routes over "
    "several seeds, by paired differences (`metrics/answer.json`), never by two cards."
)


def model_card(facts: Facts) -> str:
    """The whole card, Markdown under YAML; nothing in it depends on time or place of its making."""
    title = f"# {code(facts.cell.target)} after {code(facts.route)}, seed {facts.cell.seed}"
    sections = {
        "Scores": scores_section(facts),
        "Training": training_section(facts),
        "Data and licences": data_section(facts),
        "Use": use_section(facts),
        "Limits": limits_section(facts),
        "Citation": citation_section(facts),
        "Provenance": provenance_section(facts),
    }
    parts = [header(facts), title, introduction(facts), *(f"## {name}\n\n{text}" for name, text in sections.items())]
    return "\n\n".join(parts) + "\n"


def introduction(facts: Facts) -> str:
    """What the model is, and what it must not be taken for."""
    route, target = facts.cell.route, facts.cell.target
    first = "without an intermediate task" if route == "none" else f"first on {code(route)}"
    last = f"and then on {code(target)}" if facts.task else "and on no target: its vectors are searched as they are"
    said = [f"A multilingual encoder, trained {first} {last}. It is one cell of a comparison of routes."]
    if facts.cell.recipe != PLAIN:
        said.append(recipe(facts))
    if facts.data == EMBEDDED:
        said.append(
            "> **Embedded data.** It was scored on drawn scenes in the file format of the set that it is named after. "
            "No number here is a result on that set."
        )
    if facts.shuffled_labels:
        names = ", ".join(code(name) for name in facts.shuffled_labels)
        said.append(
            f"> **A control.** The labels of {names} were exchanged among examples: it is not meant to be used."
        )
    return "\n\n".join(said)


def recipe(facts: Facts) -> str:
    """Which recipe the model was trained by, and what that changes in each phase."""
    settings = [
        f"{section} {code(f'{name}: {json.dumps(value)}')}"
        for section, own in facts.changes.items()
        for name, value in own.items()
    ]
    return f"It was trained by the recipe {code(facts.cell.recipe)}, which changes: {', '.join(settings) or 'nothing'}."


def scores_section(facts: Facts) -> str:
    """One row per language, with its interval and its controls."""
    if not facts.scores:
        return NOT_SCORED
    metric, controls = escaped(facts.scores["metric"]), [one for one in CONTROLS if one in facts.metrics]
    said = f"{metric} in %, {escaped(facts.data)} data, {count(max(facts.scores['rows'].values()))} rows per language."
    if controls:
        said += " `blind`: the same model, its picture masked at test time; `shuffled`: with another's picture."
    if "sweep" in facts.scores:
        said += " Other layers, and the best of them, are in `scores.json` (`sweep`, `oracle`)."
    shown = table(["language", metric, "95 %", *controls], score_rows(facts, controls), numbers=2 + len(controls))
    return f"{said}\n\n{PICTURE}\n\n{shown}\n\n{INTERVALS}"


def score_rows(facts: Facts, controls: Sequence[str]) -> list[list[str]]:
    """Every language, the mean over those that are not English, and the gap; in percent."""
    values = facts.metrics[facts.scores["metric"]] | ({GAP: facts.metrics[GAP]} if GAP in facts.metrics else {})
    rows = []
    for name, value in values.items():
        beside = [percent(own[name]) if name in (own := facts.metrics[one]) else "" for one in controls]
        ends = (facts.intervals[name].low, facts.intervals[name].high)  # nan with a single cluster of examples
        interval = percent_interval([None if isnan(end) else end for end in ends])
        rows.append([NAMES.get(name, code(name)), percent(value), interval, *beside])
    return rows


def training_section(facts: Facts) -> str:
    """What each phase was trained on, what it cost, and how it was set."""
    rows = []
    for phase in PHASES:
        card = facts.phases[phase]
        training = card["training"] or {}
        tasks = ", ".join(code(f"{name} ({entry['kind']})") for name, entry in card["tasks"].items()) or "nothing"
        costs = [count(training[name]) if name in training else "-" for name in ("updates", "examples", "tokens")]
        rows.append([phase, tasks, *costs, dev_score(card["tasks"], training)])
    shown = table(["phase", "trained on", "updates", "examples", "tokens", "English dev"], rows, numbers=4)
    settings = [
        f"{phase}: {code(json.dumps(facts.phases[phase]['training']['settings'], sort_keys=True))}"
        for phase in PHASES
        if facts.phases[phase]["training"]
    ]
    chosen = "Each phase kept what was best on **English** dev data; no other language was used to choose anything."
    return "\n\n".join([shown, chosen, *settings])


def dev_score(tasks: Mapping[str, Any], training: Mapping[str, Any]) -> str:
    """The score on English dev in percent, and what it is: `61.2 (accuracy)`, or a mean over tasks."""
    best = training.get("english_dev", {}).get("mean")
    if best is None:
        return percent(best)
    names = " and ".join(sorted({DEV[entry["kind"]] for entry in tasks.values()}))
    return f"{percent(best)} ({'mean of ' if len(tasks) > 1 else ''}{names})"


def use_section(facts: Facts) -> str:
    """How to get the model as a folder, and code that is run in it."""
    recipe = "" if facts.cell.recipe == PLAIN else f" --recipe {facts.cell.recipe}"
    cell = f"--route {facts.cell.route}{recipe} --seed {facts.cell.seed} --target {facts.cell.target}"
    said = [
        f"{code(f'xstilts export {cell} --out model')} writes the model as a folder of transformers, with this card in "
        "it. In that folder:",
        fenced(snippet(facts)),
    ]
    if seen := picture_snippet(facts):
        said += ["With a picture, whose regions this project's own code finds:", fenced(seen)]
    if KINDS[facts.kind].has_vocabulary:
        said.append("Answers are the English words of its vocabulary, whatever the language of the question.")
    return "\n\n".join(said)


def limits_section(facts: Facts) -> str:
    """What the scores do not say."""
    said = [
        "One training run. Another seed gives other scores; the spread over seeds is in `metrics/study.json`.",
        "In languages that were not tested nothing is known of it.",
        "It was made to compare routes and has seen no safety or bias evaluation: do not decide about people with it.",
    ]
    if facts.data == EMBEDDED:
        said.append(
            "The embedded world is small and clean: 64 drawn nouns, a plain canvas, templated questions, one author's "
            "translations. It says nothing of photographs."
        )
    if "blind" in facts.metrics:
        said.append("A part of its score needs no picture at all: see `blind`.")
    return "\n".join(f"- {one}" for one in said)


def citation_section(facts: Facts) -> str:
    """What to cite: this software, and every data set that the model was trained on, as its task file names it."""
    entries = [entry for phase in PHASES for entry in facts.phases[phase]["tasks"].values()]
    published = [entry for entry in entries if entry.get("citation") and entry.get("data") != EMBEDDED]
    works = dict.fromkeys(escaped(entry["citation"]) for entry in published)
    ours = fenced("@software{xstilts, title = {xstilts}, author = {{The xstilts authors}}}", "bibtex")
    if not works:
        return ours
    listed = "\n".join(f"- {work}" for work in works)
    return f"{ours}\n\nAnd what it was made from, with the models named above:\n\n{listed}"


def provenance_section(facts: Facts) -> str:
    """Hashes and versions that the model can be made again from."""
    rows = [["weights of the checkpoint", code(f"sha256:{facts.sha256}")]]
    features: Mapping[str, Any] = facts.task.get("features") or {}
    if "sha256" in features:
        rows.append(["features of its images", code(f"sha256:{features['sha256']}")])
    rows += [
        [name, code(model_name(str(facts.public[name])))] for name in ("encoder", "vision") if name in facts.public
    ]
    if facts.origin:
        versions = ", ".join(f"{name} {version}" for name, version in facts.origin["versions"].items())
        rows.append(["code, at scoring", code(facts.origin["revision"])])
        rows.append(["versions", escaped(versions)])
        rows.append(["scored in", escaped(f"{facts.origin['precision']} on {facts.origin['hardware']}")])
    return table(["what", "which"], rows)
