"""One tag per word, at its first token, whatever the word is split into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from xstilts.base.errors import DataError
from xstilts.encode.kinds.tagging import WordTokens
from xstilts.encode.tokens import open_tokenizer
from xstilts.tasks.examples import TaggingExample
from xstilts.tasks.tagging import OTHER_TAG

LABELS = ["NOUN", "VERB", "DET"]
SENTENCE = TaggingExample("t", "en", ("the", "Katze", "sleeps"), ("DET", "NOUN", "VERB"))


def test_a_word_is_labelled_at_its_first_token(encoded: Any) -> None:
    ((row,), columns) = encoded("tagging", [SENTENCE], labels=LABELS)
    assert row["labels"] == [-1, 2, 0, *[-1] * 5, 1, -1]  # <s> the ▁ K a t z e sleeps </s>
    assert len(row["input_ids"]) == len(row["labels"])
    assert (row["answers"], row["label"], columns.truncated) == (["DET", "NOUN", "VERB"], -1, 0)


def test_words_without_tokens_are_unknown_and_keep_their_tag(
    tmp_path: Path, encoded: Any, tokenizer_file: Path
) -> None:
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.normalizer = normalizers.Replace("#", "")
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    example = TaggingExample("t", "en", ("the", "##", "cat"), ("DET", "VERB", "NOUN"))
    ((row,), _) = encoded("tagging", [example], labels=LABELS, tokenizer=path)
    assert (len(row["input_ids"]), row["labels"]) == (5, [-1, 2, 1, 0, -1])
    assert row["input_ids"][2] == 3


def test_a_tokenizer_without_an_unknown_token_says_so() -> None:
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "?": 1}, unk_token="?"))
    tokenizer.normalizer = normalizers.Replace("#", "")
    words = ("a", "#")
    with pytest.raises(DataError, match="found no unknown token"):
        list(WordTokens(tokenizer, [("en", words)]).of("en", words))


def test_long_sentences_are_cut_between_words(encoded: Any) -> None:
    words = ("the", "Katze", "sleeps", "on", "the", "card", "Katze")
    tags = ("DET", "NOUN", "VERB", "DET", "DET", "NOUN", "NOUN")
    rows, columns = encoded("tagging", [TaggingExample("t", "en", words, tags)], labels=LABELS, max_length=10)
    assert [(row["id"], row["window"]) for row in rows] == [("t", number) for number in range(len(rows))]
    assert len(rows) == 3
    assert [tag for row in rows for tag in row["answers"]] == list(tags)
    for row in rows:
        assert len(row["input_ids"]) == len(row["labels"]) <= 10
        assert [LABELS[label] for label in row["labels"] if label >= 0] == row["answers"]
    assert columns.truncated == 0


def test_a_word_longer_than_a_row_is_cut_and_counted(encoded: Any) -> None:
    example = TaggingExample("t", "en", ("the", "K" * 30, "cat"), ("DET", "NOUN", "NOUN"))
    rows, columns = encoded("tagging", [example], labels=LABELS, max_length=10)
    assert [row["answers"] for row in rows] == [["DET"], ["NOUN"], ["NOUN"]]
    assert max(len(row["input_ids"]) for row in rows) == 10
    assert columns.truncated == 1


def test_an_unknown_tag_is_an_error_unless_the_tags_are_those_of_training(encoded: Any) -> None:
    example = TaggingExample("t9", "en", ("cat",), ("NUON",))
    with pytest.raises(DataError, match=r"row t9: found label 'NUON'.*Did you mean 'NOUN'"):
        encoded("tagging", [example], labels=LABELS)
    ((row,), _) = encoded("tagging", [example], labels=[*LABELS, OTHER_TAG])
    assert (row["labels"], row["answers"]) == ([-1, 3, *[-1] * (len(row["labels"]) - 2)], ["NUON"])


def test_chinese_words_have_no_space_before_them_but_for_the_first(tokenizer_file: Path) -> None:
    tokenizer = open_tokenizer(tokenizer_file, 64)
    words = ("鴨", "小", "屋")
    tokens = list(WordTokens(tokenizer, [("zh", words)]).of("zh", words))
    assert [token for word in tokens for token in word] == tokenizer.encode("鴨小屋", add_special_tokens=False).ids
    assert [len(word) for word in tokens] == [2, 1, 1]  # ▁ 鴨, 小, 屋
    as_english = list(WordTokens(tokenizer, [("en", words)]).of("en", words))
    assert [len(word) for word in as_english] == [2, 2, 2]


@pytest.mark.parametrize("sequence", [False, True])
def test_the_tokenizer_is_left_as_it_was(sequence: bool, tokenizer_file: Path) -> None:
    tokenizer = open_tokenizer(tokenizer_file, 64)
    if sequence:
        parts = [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts)
    before, words = tokenizer.to_str(), ("鴨", "小")
    tokens = list(WordTokens(tokenizer, [("zh", words)]).of("zh", words))
    assert [len(word) for word in tokens] == [2, 1]
    assert tokenizer.to_str() == before


SPACED = ("ar", "bg", "de", "el", "en", "es", "fi", "fr", "hi", "id", "ko", "pt", "ru", "te", "tr", "ur", "vi")


@pytest.fixture(scope="module")
def real(real_tokenizer: Path) -> Tokenizer:
    return open_tokenizer(real_tokenizer, 10_000)


@pytest.mark.parametrize("language", SPACED)
def test_words_are_encoded_as_in_running_text(language: str, shared_data: Path, real: Tokenizer) -> None:
    sentences = read(shared_data / "xtreme" / "udpos" / f"dev-{language}.tsv")
    tokens = WordTokens(real, [(language, words) for words in sentences])
    for words in sentences:
        joined = [token for word in tokens.of(language, words) for token in word]
        assert joined == real.encode(" ".join(words), add_special_tokens=False).ids


def read(path: Path) -> list[tuple[str, ...]]:
    """The words of the first sentences."""
    blocks = path.read_text(encoding="utf-8").split("\n\n")[:200]
    sentences = [tuple(line.split("\t")[0] for line in block.strip().split("\n")) for block in blocks if block.strip()]
    assert len(sentences) > 50
    return sentences
