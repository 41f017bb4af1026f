"""Where the files of the embedded world's raw sets lie in data/raw/<dataset>."""

from collections.abc import Mapping

# By dataset and split; `{language}` stands for every language, `{language3}` for its code of three letters.
LAYOUT: Mapping[str, Mapping[str, str]] = {
    "gqa": {"train": "train_questions.json", "dev": "dev_questions.json"},
    "xgqa": {"train": "train/en.json", "dev": "dev/en.json", "test": "test/{language}.json"},
    "squad": {"train": "train.json", "dev": "dev.json"},
    "mnli": {"train": "train.jsonl", "dev": "dev.jsonl"},
    "snli_ve": {"train": "train.jsonl", "dev": "dev.jsonl"},
    "nlvr2": {"train": "train.jsonl", "dev": "dev.jsonl"},
    "cosmosqa": {"train": "train.csv", "dev": "dev.csv"},
    "visual7w": {"train": "dataset_v7w_telling.json", "dev": "dataset_v7w_telling.json"},
    "ccg": {"train": "train.stagged", "dev": "dev.stagged"},
    "squad_v2": {"train": "train.json", "dev": "dev.json"},
    "flickr30k": {"train": "dataset_flickr30k.json", "dev": "dataset_flickr30k.json"},
    "mlm": {"train": "train-{language}.txt", "dev": "dev-en.txt"},
    "marvl": {"train": "train.jsonl", "dev": "dev.jsonl", "test": "marvl-{language}.jsonl"},
    "xvnli": {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test-{language}.jsonl"},
    "xnli": {"train": "train.jsonl", "dev": "dev-en.tsv", "test": "test-{language}.tsv"},
    "panx": {"train": "train-en.tsv", "dev": "dev-en.tsv", "test": "test-{language}.tsv"},
    "xquad": {"train": "train.json", "dev": "dev.json", "test": "xquad.{language}.json"},
    "xcopa": {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test-{language}.jsonl"},
    "xflickrco": {"train": "train.jsonl", "dev": "dev.jsonl", "test": "{language}/test.jsonl"},
    "tatoeba": {
        "test": "tatoeba.{language3}-eng.{language3}",
        "english": "tatoeba.{language3}-eng.eng",
    },
}
