"""A study as the page reads it, made of plain numbers; every name and text in it can be chosen."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from PIL import Image

from xstilts.page.material import Material, Question, Scenes

Make = Callable[..., Material]
Json = dict[str, Any]
TYPES = ("query", "verify")
COST = {"updates": 300, "examples": 3600, "tokens": 40_000}
OTHERS = ("de", "zh")


def difference(value: float, half: float = 0.03, **more: float) -> Json:
    return {"difference": value, "interval": [value - half, value + half], "p": 0.01, "smallest": 0.04, **more}


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


def cell(target: str, route: str, number: int, languages: Sequence[str], data: str) -> Json:
    records = {code: difference(0.05 * number - 0.07, p_holm=0.02) for code in languages if code != "en"}
    means = {"zero_shot": difference(0.05 * number - 0.06), "gap": difference(0.01)}
    english = {"en": difference(0.04)} if "en" in languages else {}
    about = {"target": target, "route": route, "data": data, "metric": "accuracy", "examples": 40, "clusters": 10}
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
    sentence = f"On {target} {multimodal} does {verdict} than {text}."
    return {**about, "zero_shot": difference(0.05), "en": difference(0.04), "sentence": sentence}


def claim(route: str) -> Json:
    evidence = [{"what": f"{route} less none", **difference(0.02), "says": "supported"}]
    words = {"claim": "It gains.", "averages_over": "two", "source": "abstract", "tested": "above 0"}
    return {"name": "gains", **words, "judgement": "supported", "evidence": evidence, "lacking": ["targets xnli"]}


def webp(shade: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 90, 200)).save(content, "WEBP")
    return content.getvalue()


def scenes_of(languages: Sequence[str], count: int, text: str, gold: str) -> Scenes:
    """A question a picture, of two types in turn."""
    questions = [
        Question(f"q{n}", f"i{n}", TYPES[n % 2], gold, {code: f"{text} {code} {n}" for code in languages})
        for n in range(count)
    ]
    about = {"data": "pictograms", "licence": "CC0", "source": "a seed", "why_none": "" if count else "it has none"}
    return Scenes(about, questions, {f"i{n}": webp(n) for n in range(count)})


def given(
    scenes: Scenes, right: Callable[[int], bool], gold: str, wrong: str
) -> Mapping[tuple[str, str], tuple[str, float]]:
    return {
        (one.id, code): (gold, 1.0) if right(number) else (wrong, 0.0)
        for number, one in enumerate(scenes.questions)
        for code in one.texts
    }


def phase(dev: float) -> Json:
    curve = [{"update": 150, "loss": 0.5, "dev": dev}, {"update": 300, "loss": 0.2, "dev": dev + 0.1}]
    return {"tasks": {"x": "pictograms"}, **COST, "english_dev": {"mean": dev + 0.1}, "curve": curve}


@pytest.fixture
def make() -> Make:
    """Make a study: `routes` (the first is the baseline), `seeds`, `targets`, `languages`, and the texts in it."""

    def material(
        routes: Sequence[str] = ("none", "squad", "gqa"),
        seeds: Sequence[int] = (0,),
        targets: Sequence[str] = ("xgqa",),
        languages: Sequence[str] = ("en", *OTHERS),
        pictures: bool = True,
        data: str = "pictograms",
        text: str = "what is this",
        gold: str = "dog",
        wrong: str = "cat",
    ) -> Material:
        scenes = scenes_of(languages, 12 if pictures else 0, text, gold)
        keys = [(target, route, seed) for target in targets for route in routes for seed in seeds]
        about = {"seeds": len(seeds), "intervals": "95 %", "covers": "test items", "baseline": routes[0]}
        cells = [
            cell(target, route, number, languages, data)
            for target in targets
            for number, route in enumerate(routes[1:], start=1)
        ]
        part = target_part(routes, len(seeds), languages, pictures, data)
        typed = {where: dict.fromkeys(TYPES, 0.5) for where in ("en", "zero_shot")} if pictures else {}
        pair = [answer(target, routes[-1], routes[1], pictures) for target in targets] if len(routes) > 2 else []
        return Material(
            targets=targets,
            routes=routes,
            seeds=seeds,
            study=dict.fromkeys(targets, part),
            answer={**about, "answers": pair, "missing": ["gqa against squad: add gqa to study.intermediates"]},
            transfer={**about, "cells": cells, "averages": []},
            claims={**about, "data": data, "scores": "zero-shot", "claims": [claim(routes[-1])]},
            cells={key: {"metric": "accuracy", "types": typed} for key in keys},
            training={
                key: {"intermediate": None if key[1] == routes[0] else phase(0.6), "target": phase(0.7)} for key in keys
            },
            answers={key: given(scenes, lambda number: number % 4 < 2, gold, wrong) for key in keys},
            scenes=dict.fromkeys(targets, scenes),
        )

    return material
