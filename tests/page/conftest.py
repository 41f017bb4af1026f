"""A study as the page reads it, made of plain numbers; every name and text in it can be chosen."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image

from xstilts.base.cells import PLAIN, Route
from xstilts.page.material import Material, Question, Scenes
from xstilts.report.transfer import OVER

Make = Callable[..., Material]
Json = dict[str, Any]
TYPES = ("query", "verify")
COST = {"updates": 300, "examples": 3600, "tokens": 40_000}
OTHERS = ("de", "zh")
TOOK = "Both phases of gqa took 600 updates; those of squad took 600 updates."


def difference(value: float, half: float = 0.03, **more: float) -> Json:
    return {"difference": value, "interval": [value - half, value + half], "p": 0.01, "detectable": 0.04, **more}


def scores(number: int, languages: Sequence[str]) -> Json:
    """Scores of the route of this number; English is best."""
    values = {code: 0.8 - 0.1 * place + 0.02 * number for place, code in enumerate(languages)}
    others = [value for code, value in values.items() if code != "en"]
    mean = {"zero_shot": sum(others) / len(others)} if others else {}
    gap = {"gap": values["en"] - mean["zero_shot"]} if "en" in values and mean else {}
    return {**values, **mean, **gap}


def target_part(routes: Sequence[str], seeds: int, languages: Sequence[str], pictures: bool, data: str) -> Json:
    table = {route: scores(number, languages) for number, route in enumerate(routes)}
    part: Json = {"data": data, "metric": "accuracy", "seeds": seeds, "accuracy": table}
    means = [name for name in ("en", "zero_shot", "gap") if name in table[routes[0]]]
    part["intervals"] = {
        route: {name: [row[name] - 0.02, row[name] + 0.03] for name in means} for route, row in table.items()
    }
    if seeds > 1:
        part["spread"] = {route: dict.fromkeys(row, 0.011) for route, row in table.items()}
    if pictures:
        controls = {route: {code: 0.3 for code in row if code != "gap"} for route, row in table.items()}
        part |= {"blind": controls, "shuffled": controls}
    return part


def cell(target: str, route: str, baseline: str, number: int, languages: Sequence[str], data: str) -> Json:
    records = {code: difference(0.05 * number - 0.07, p_holm=0.02) for code in languages if code != "en"}
    means = {"zero_shot": difference(0.05 * number - 0.06), "gap": difference(0.01)}
    english = {"en": difference(0.04)} if "en" in languages else {}
    about = {"target": target, "route": route, "baseline": baseline, "data": data, "metric": "accuracy"}
    about |= {"examples": 40, "clusters": 10}
    shared = {"shared_data": "none", "shared": [], "in_averages": True}
    return {
        **about,
        **(means if english else {"zero_shot": means["zero_shot"]}),
        **english,
        "languages": records,
        **shared,
    }


def answer(target: str, multimodal: str, text: str, pictures: bool, verdict: str = "better") -> Json:
    types = {name: {"en": difference(0.03), "zero_shot": difference(0.01)} for name in TYPES if pictures}
    about = {"target": target, "multimodal": multimodal, "text": text, "verdict": verdict, "types": types}
    about |= {"matched": ["facts", "tokens"], "controls": {}, "details": [TOOK]}
    if pictures:
        about["controls"] = {"blind": {"zero_shot": difference(0.02)}, "above_blind": {"zero_shot": difference(0.03)}}
    sentence = f"On {target} {multimodal} does {verdict} than {text}: +5.0 points (−1.0 to +8.0)."
    return {**about, "zero_shot": difference(0.05), "en": difference(0.04), "sentence": sentence}


def exposure(target: str, route: str, control: str) -> Json:
    """A route against a control of equal exposure, as metrics/answer.json has it."""
    about = {"target": target, "route": route, "control": control, "verdict": "inconclusive"}
    means = {"zero_shot": difference(0.01), "en": difference(0.02)}
    said = {"matched": ["exposure"], "details": [TOOK]}
    return {**about, **means, **said, "sentence": f"On {target} {route} against {control}: inconclusive."}


def recipe(target: str, route: str, baseline: str, languages: Sequence[str]) -> Json:
    """The same intermediate task by two recipes, as metrics/transfer.json has it."""
    values = (0.05, -0.05, 0.01)
    records = {code: difference(value, p_holm=0.02) for code, value in zip(languages[1:], values, strict=False)}
    means = {"zero_shot": difference(0.02), "en": difference(-0.05), "gap": difference(-0.07)}
    return {"target": target, "task": baseline, "route": route, "baseline": baseline, **means, "languages": records}


def average(route: str, over: str, targets: Sequence[str], data: str) -> Json:
    about = {"route": route, "data": data, "over": over, "targets": list(targets), "left_out": [], "not_checked": []}
    return {**about, "zero_shot": difference(0.03, p_holm=0.02)}


def claim(route: str) -> Json:
    evidence = [{"what": f"{route} minus none", **difference(0.02), "says": "supported"}]
    words = {"claim": "It gains.", "averages_over": "two", "source": "abstract", "tested": "above 0"}
    return {"name": "gains", **words, "judgement": "supported", "evidence": evidence, "lacking": ["targets xnli"]}


def webp(shade: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 90, 200)).save(content, "WEBP")
    return content.getvalue()


def scenes_of(languages: Sequence[str], count: int, text: str, gold: str) -> Scenes:
    """One question per picture, of two types in turn."""
    questions = [
        Question(f"q{n}", f"i{n}", TYPES[n % 2], gold, {code: f"{text} {code} {n}" for code in languages})
        for n in range(count)
    ]
    about = {"data": "pictograms", "licence": "CC0", "source": "a seed", "why_none": "" if count else "it has none"}
    return Scenes(about, questions, {f"i{n}": webp(n) for n in range(count)})


def given(
    scenes: Scenes, right: Callable[[int], bool], gold: str, wrong: str
) -> Mapping[tuple[str, str], tuple[str, float, float | None]]:
    return {
        (one.id, code): (gold, 1.0, 0.9) if right(number) else (wrong, 0.0, 0.4)
        for number, one in enumerate(scenes.questions)
        for code in one.texts
    }


def phase(dev: float) -> Json:
    curve = [{"update": 150, "loss": 0.5, "dev": dev}, {"update": 300, "loss": 0.2, "dev": dev + 0.1}]
    return {"tasks": {"x": "pictograms"}, **COST, "english_dev": {"mean": dev + 0.1}, "curve": curve}


def trained(route: str, baseline: str) -> Json:
    """Both phases of a route; nothing was trained for the baseline's first."""
    first = None if Route.parse(route).task == baseline else phase(0.6)
    return {"intermediate": first, "target": phase(0.7)}


@dataclass(frozen=True)
class Study:
    """What a study is made of: `routes` (the first is the baseline), `seeds`, `targets`, `languages`, and its texts."""

    routes: Sequence[str] = ("none", "squad", "gqa")
    controls: Sequence[str] = ()  # which of the routes are controls
    seeds: Sequence[int] = (0,)
    targets: Sequence[str] = ("xgqa",)
    languages: Sequence[str] = ("en", *OTHERS)
    pictures: bool = True
    data: str = "pictograms"
    text: str = "what is this"
    gold: str = "dog"
    wrong: str = "cat"

    @property
    def about(self) -> Json:
        covers = "test items" + ("" if len(self.seeds) == 1 else f" and training runs ({len(self.seeds)} seeds)")
        return {"seeds": len(self.seeds), "intervals": "95 %", "covers": covers, "baseline": self.routes[0]}

    def baseline_of(self, route: str) -> str:
        """The first route, by the recipe of another one that is no control."""
        recipe = PLAIN if route in self.controls else Route.parse(route).recipe
        return str(Route(self.routes[0], recipe))

    def by_route(self, content: Callable[[str], Any]) -> Mapping[str, Mapping[str, Any]]:
        """{target: {route: what it has}}."""
        return {target: {route: content(route) for route in self.routes} for target in self.targets}


def metrics(study: Study) -> Json:
    """The files of metrics/."""
    routes, targets, data, about = study.routes, study.targets, study.data, study.about
    cells = [
        cell(target, route, study.baseline_of(route), number, study.languages, data)
        | ({"control": "equal exposure", "in_averages": False} if route in study.controls else {})
        for target in targets
        for number, route in enumerate(routes)
        if route != study.baseline_of(route)
    ]
    pairs = [answer(target, routes[-1], routes[1], study.pictures) for target in targets] if len(routes) > 2 else []
    overs = [average(route, over, targets, data) for over in OVER for route in routes[1:]]
    part = target_part(routes, len(study.seeds), study.languages, study.pictures, data)
    return {
        "study": dict.fromkeys(targets, part),
        "answer": {**about, "answers": pairs, "missing": ["gqa against squad: add gqa to study.intermediates"]},
        "transfer": {**about, "cells": cells, "averages": overs},
        "claims": {**about, "data": data, "scores": "zero-shot", "claims": [claim(routes[-1])]},
    }


def of_two_recipes(material: Material) -> Material:
    """The study none, gqa, lora/none, lora/gqa with what the report says of recipes and of equal exposure."""
    (target,), languages = material.targets, ("en", *OTHERS)
    pairs = [recipe(target, f"lora/{task}", task, languages) for task in ("none", "gqa")]
    exposed = [exposure(target, "gqa", "longer/none")]
    parts = {"transfer": material.transfer | {"recipes": pairs}, "answer": material.answer | {"exposure": exposed}}
    return Material(**{**vars(material), **parts})


@pytest.fixture
def two_recipes(make: Make) -> Material:
    """A study of two recipes and a control of equal exposure."""
    return of_two_recipes(
        make(routes=("none", "gqa", "lora/none", "lora/gqa", "longer/none"), controls=("longer/none",))
    )


def of_cell(study: Study, route: str) -> Json:
    """The scores of a cell, by language."""
    own = scores(list(study.routes).index(route), study.languages)
    return {name: value for name, value in own.items() if name != "gap"}


@pytest.fixture
def make() -> Make:
    """Make a study; the arguments are the fields of `Study`."""

    def material(**options: Any) -> Material:
        study = Study(**options)
        scenes = scenes_of(study.languages, 12 if study.pictures else 0, study.text, study.gold)
        typed = {where: dict.fromkeys(TYPES, 0.5) for where in ("en", "zero_shot")} if study.pictures else {}
        answers = given(scenes, lambda number: number % 4 < 2, study.gold, study.wrong)
        return Material(
            targets=study.targets,
            routes=study.routes,
            seeds=study.seeds,
            **metrics(study),
            cells=study.by_route(
                lambda route: (
                    [{"metric": "accuracy", "types": typed, "accuracy": of_cell(study, route)}] * len(study.seeds)
                )
            ),
            training=study.by_route(lambda route: [trained(route, study.routes[0])] * len(study.seeds)),
            answers=study.by_route(lambda _: [answers] * len(study.seeds)),
            scenes=dict.fromkeys(study.targets, scenes),
        )

    return material
