"""Where the files of a raw set lie in data/raw/<dataset>, in either world."""

from collections.abc import Mapping

# By dataset and split; `{language}` stands for every language. Other datasets keep the official files' names.
LAYOUT: Mapping[str, Mapping[str, str]] = {
    "gqa": {"train": "train_questions.json", "dev": "dev_questions.json"},
    "xgqa": {"train": "train/en.json", "dev": "dev/en.json", "test": "test/{language}.json"},
    "squad": {"train": "train.json", "dev": "dev.json"},
    "mnli": {"train": "train.jsonl", "dev": "dev.jsonl"},
    "snli_ve": {"train": "train.jsonl", "dev": "dev.jsonl"},
}
