"""Questions about three pictures in official layouts, and answers to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# id: image, answer, type
ASKED = {
    "1": ("n1", "yes", "verify"),
    "2": ("n1", "red", "query"),
    "3": ("n2", "no", "verify"),
    "4": ("n2", "dog", "query"),
    "5": ("n3", "yes", "verify"),
    "6": ("n3", "cat", "query"),
}
RIGHT = {name: answer for name, (_, answer, _) in ASKED.items()}


def gqa(language: str = "en") -> dict[str, Any]:
    """The questions in GQA's and xGQA's layout."""
    return {
        name: {
            "question": f"{name} in {language}?",
            "imageId": image,
            "answer": answer,
            "types": {"structural": kind, "semantic": "obj"},
        }
        for name, (image, answer, kind) in ASKED.items()
    }


def iglue(answers: Mapping[str, str]) -> list[dict[str, str]]:
    """Predictions as GQA's evaluation script and IGLUE have them."""
    return [{"questionId": name, "prediction": answer} for name, answer in answers.items()]
