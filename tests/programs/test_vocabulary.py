"""Templates and concepts of training programs."""

from __future__ import annotations

from pathlib import Path

from xstilts.data.pictograms.build import World
from xstilts.data.pictograms.families import FAMILIES
from xstilts.data.pictograms.gqa import questions_in
from xstilts.programs.layout import Layout, fill, parse_layout, read_layout
from xstilts.programs.vocabulary import OFTEN, OUTSIDE, UNUSED, Template, Vocabulary, collect_labels

NAME, COLOUR = "select[]>query name[0]", "select[]>filter[0]>exist[1]"


def many(skeleton: str, *values: list[str]) -> list[Layout]:
    """Each of the values as often as a value that is filled must be seen."""
    return [fill(skeleton, one) for one in values for _ in range(OFTEN)]


def test_a_frequent_slot_with_few_values_is_filled_and_others_stay_open() -> None:
    nouns = many("select[]>exist[0]", ["dog"], ["cat"], ["owl"], ["bus"], ["egg"])
    labels = collect_labels([*many(NAME, ["animal"], ["food"]), *nouns])
    assert labels[:3] == ["select[]>exist[0] | {object}", f"{NAME} | animal", f"{NAME} | food"]
    assert sorted(labels[3:]) == ["{object} bus", "{object} cat", "{object} dog", "{object} egg", "{object} owl"]


def test_a_slot_that_is_rare_stays_open() -> None:
    assert collect_labels([fill(NAME, ["animal"])] * (OFTEN - 1)) == [f"{NAME} | {{object}}", "{object} animal"]


def test_an_attribute_is_filled_only_if_it_never_varies() -> None:
    one, two = many(COLOUR, ["dog", "color", "red"]), many(COLOUR, ["dog", "color", "blue"])
    assert collect_labels(one) == [f"{COLOUR} | dog | color | red"]
    assert collect_labels([*one, *two])[0] == f"{COLOUR} | dog | color | {{attribute}}"


def test_a_rare_template_is_left_out_with_its_concepts() -> None:
    layouts = [fill("select[]>exist[0]", ["dog"])] * 3 + [fill(NAME, ["owl"])]
    assert collect_labels(layouts, min_count=2) == ["select[]>exist[0] | {object}", "{object} dog"]


def test_what_is_unknown_and_what_is_not_there_are_told_apart() -> None:
    templates = [f"{COLOUR} | {{object}} | color | {{attribute}}", f"{NAME} | {{object}}"]
    labels = [*templates, "{attribute} red", "{object} dog"]
    vocabulary = Vocabulary(tuple(labels))
    assert vocabulary.columns == (("attribute", 0), ("object", 0))
    assert vocabulary.parts == (2, 1, 1)
    assert vocabulary.encode(fill(COLOUR, ["dog", "color", "red"])) == (0, [2, 3])
    assert vocabulary.encode(fill(COLOUR, ["dog", "color", "blue"])) == (0, [OUTSIDE, 3])
    assert vocabulary.encode(fill(COLOUR, ["dog", "material", "red"])) == (OUTSIDE, [2, 3])
    assert vocabulary.encode(fill(NAME, ["cat"])) == (1, [UNUSED, OUTSIDE])
    assert vocabulary.encode(fill("select[]>count[0]", ["dog"])) == (OUTSIDE, [OUTSIDE, OUTSIDE])
    assert vocabulary.places([2, UNUSED]) == [0, UNUSED]


def test_templates_and_layouts_survive_their_text(real_layouts: dict[str, Layout]) -> None:
    vocabulary = Vocabulary(tuple(collect_labels(list(real_layouts.values()))))
    assert len(vocabulary.templates) > 100
    assert [Template.parse(str(one)) for one in vocabulary.templates] == list(vocabulary.templates)
    for layout in real_layouts.values():
        assert parse_layout(str(layout)) == layout
        label, labels = vocabulary.encode(layout)
        template = vocabulary.templates[label]
        names = [vocabulary.labels[index].partition("} ")[2] for index in labels]
        values = [names[vocabulary.columns.index(column)] for column in template.columns]
        assert template.fill(values) == layout


def test_the_embedded_worlds_templates_are_its_families() -> None:
    asked = questions_in("en", World(Path("unused")).questions("xgqa", "train"))
    layouts = [read_layout(one["semantic"], "train", key) for key, one in asked.items()]
    assert len(Vocabulary(tuple(collect_labels(layouts))).templates) == len(FAMILIES)
