"""Two-letter and three-letter codes of languages."""

from __future__ import annotations

from pathlib import Path

from xstilts.base.languages import LANGUAGE3

# The 36 languages of XTREME's Tatoeba task (Hu et al. 2020, table of languages by task).
XTREME_TATOEBA = """
af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru sw ta te th tl tr ur vi zh
""".split()


def test_every_language_has_codes_of_its_own() -> None:
    assert all(len(two) == 2 and len(three) == 3 for two, three in LANGUAGE3.items())
    assert len(set(LANGUAGE3.values())) == len(LANGUAGE3)


def test_the_languages_of_tatoeba_name_its_files(shared_data: Path) -> None:
    assert len(XTREME_TATOEBA) == 36
    for language in XTREME_TATOEBA:
        three = LANGUAGE3[language]
        assert (shared_data / "xtreme" / "tatoeba" / f"tatoeba.{three}-eng.{three}").is_file(), language
