"""Texts to token ids in an Arrow file: the pipeline's encoding, and `datasets.map` with the same tokenizer file.

The texts are those of a cache, decoded: so a cache is all that is needed, and both sides read the same.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from xstilts.base.files import write_table
from xstilts.bench.job import Job, Measured
from xstilts.bench.sample import table_of, token_ids
from xstilts.bench.trainer import PADDED, tokenizer_of
from xstilts.encode.lists import IntLists
from xstilts.encode.tokens import BATCH, Text, encode, open_tokenizer

BEST = "map_best"


def texts_of(job: Job, rows: Sequence[int]) -> list[Text]:
    """The texts, or pairs of texts, of a cache's rows."""
    tokenizer = Tokenizer.from_file(str(_file(job)))
    special = {id_ for id_, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    found: list[Text] = []
    for ids in token_ids(table_of(job, rows)):
        runs: list[list[int]] = [[]]
        for token in ids:
            if token not in special:
                runs[-1].append(token)
            elif runs[-1]:
                runs.append([])
        parts = tokenizer.decode_batch([run for run in runs if run])
        found.append((parts[0], parts[1]) if len(parts) == 2 else " ".join(parts))
    return found


def encode_ours(job: Job) -> Measured:
    """As the `tokenized` stage encodes texts."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = open_tokenizer(_file(job), PADDED)
        return _measure(job, lambda texts: _ours(tokenizer, texts, Path(folder) / "rows.arrow"))


def _ours(tokenizer: Tokenizer, texts: list[Text], out: Path) -> None:
    column = IntLists()
    for encoding in encode(tokenizer, texts):
        column.append(encoding.ids)
    write_table(out, pa.table({"input_ids": column.arrow()}))


def encode_map(job: Job) -> Measured:
    """As the scripts do, padded to 128; at its best without padding and other columns, in large batches."""
    disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        tokenizer, best = tokenizer_of(job), job.side == BEST
        return _measure(job, lambda texts: _mapped(tokenizer, best, texts, Path(folder) / f"{len(texts)}.arrow"))


def _mapped(tokenizer: PreTrainedTokenizerFast, best: bool, texts: list[Text], out: Path) -> None:
    pairs = [text if isinstance(text, tuple) else (text, "") for text in texts]
    columns = {"first": [first for first, _ in pairs]}
    if isinstance(texts[0], tuple):
        columns["second"] = [second for _, second in pairs]
    dataset = Dataset.from_dict(columns)
    dataset.map(
        lambda rows: tokenizer(
            rows["first"],
            rows.get("second"),
            truncation=True,
            max_length=PADDED,
            padding=False if best else "max_length",
        ),
        batched=True,
        batch_size=BATCH if best else 1000,
        remove_columns=dataset.column_names if best else None,
        cache_file_name=str(out),
        new_fingerprint=str(len(texts)),  # else the tokenizer is hashed: an overhead that a user can avoid
    )


def _measure(job: Job, work: Callable[[list[Text]], None]) -> Measured:
    """Time the work on the job's rows, after the warm-up rows; opening the tokenizer is not in it."""
    texts = texts_of(job, job.rows)
    if job.warmup:
        work(texts_of(job, job.warmup))
    began = time.perf_counter()
    work(texts)
    seconds = time.perf_counter() - began
    return Measured(len(texts), sum(len(ids) for ids in token_ids(table_of(job, job.rows))), seconds)


def _file(job: Job) -> Path:
    return Path(job.public) / "encoder" / "tokenizer.json"
