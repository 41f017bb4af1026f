"""The table of operations against the real files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from xstilts.programs.layout import Layout
from xstilts.programs.operations import ANSWER, FORMS, OBJECTS, TRUTH
from xstilts.systems.rules import RULES


def test_every_form_has_a_rule_and_no_rule_is_left_over() -> None:
    assert list(RULES) == list(FORMS)
    assert len(FORMS) == 33


def test_what_ends_a_question_is_never_objects() -> None:
    for form in FORMS.values():
        assert set(form.takes) <= {OBJECTS, TRUTH}
        assert (form.gives == OBJECTS) == (form.structural == ""), form.name
        assert form.gives in {OBJECTS, TRUTH, ANSWER}


def test_every_real_step_is_of_exactly_one_form(real_questions: dict[str, dict[str, list[dict[str, str]]]]) -> None:
    steps = {
        (step["operation"], step["argument"], len(step["dependencies"]))
        for entry in real_questions.values()
        for step in entry["semantic"]
    }
    assert len(steps) > 4000
    for operation, argument, arity in steps:
        fitting = [form.name for form in FORMS.values() if len(form.takes) == arity and form.read(operation, argument)]
        assert len(fitting) == 1, (operation, argument, fitting)


def test_real_files_have_the_operations_that_the_table_counts(
    shared_data: Path, real_layouts: dict[str, Layout]
) -> None:
    dev = json.loads((shared_data / "xgqa/few_shot/en/dev.json").read_text(encoding="utf-8"))
    operations = {key: {step.operation for step in real_layouts[key].steps} for key in real_layouts}
    assert len(real_layouts) == 4382
    assert len(set().union(*operations.values())) == 109
    assert len(set().union(*(operations[key] for key in dev))) == 89


def test_only_the_worlds_own_forms_and_one_other_do_not_occur_in_real_files(real_layouts: dict[str, Layout]) -> None:
    seen = Counter(step.form for layout in real_layouts.values() for step in layout.steps)
    world = {form.name for form in FORMS.values() if form.world}
    assert set(FORMS) - set(seen) == world | {"choose object"}
