"""A trained model as an ordinary Hugging Face directory, which transformers loads without this project.

- `config.json`, `model.safetensors` and the tokenizer's files: the text encoder, whole. Of one question answering or
  tagging task they are a stock class with the task's head in it (`AutoModelForQuestionAnswering`,
  `AutoModelForTokenClassification`), where the encoder's family has one that computes the same; `AutoModel` loads the
  encoder out of it.
- `xstilts.safetensors`: what no stock class has: visual prefix, heads and feature maps, by their names in
  `MultitaskModel`.
- `xstilts.json`: what those are, how each head reads the encoder's states, how the model was trained, and how pictures
  are read; `xstilts predict --model` opens the folder by it.
- `vision/`: the image model, if a task looks at pictures with it.
- `README.md`, `scores.png`: the model card and its picture, if they were given.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModelForQuestionAnswering, AutoModelForTokenClassification, PreTrainedModel

from xstilts.base.cells import PUBLIC, Cell
from xstilts.base.errors import DataError, XstiltsError
from xstilts.base.files import OWN, own_directory, read_json, refuse_foreign, write_json
from xstilts.base.kinds import covers
from xstilts.model.checkpoint import load_model, read_card
from xstilts.model.heads import LinearHead
from xstilts.model.multitask import MultitaskModel
from xstilts.model.photo_prefix import PhotoPrefix
from xstilts.report.model_card.facts import read_facts
from xstilts.report.model_card.picture import FILE as FILE_OF_SCORES
from xstilts.report.model_card.picture import scores_picture
from xstilts.report.model_card.text import model_card

CARD, FILE, README, FORMAT = "xstilts.json", "xstilts.safetensors", "README.md", 1
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
NAMED = ("pad", "bos", "eos", "cls", "sep", "unk", "mask")  # tokens that a config names
# What the heads of each kind make of the encoder's states, as code that reads an export's two files. `states` is
# `last_hidden_state` without the picture's tokens, `mask` the attention mask, `head` the task's tensors.
MEAN = "mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)"
LINEAR = "torch.nn.functional.linear({}, head['output.weight'], head['output.bias'])"
READS: Mapping[str, str] = covers(
    {
        "vqa": f"{MEAN}  # mask: of the question, without the clues behind it\nlogits = {LINEAR.format('mean')}",
        **dict.fromkeys(("classification", "matching"), f"{MEAN}\nlogits = {LINEAR.format('mean')}"),
        "choice": f"{MEAN}  # one sequence per choice\nlogits = {LINEAR.format('mean')}.squeeze(-1)",
        "span": f"logits = {LINEAR.format('states')}.transpose(1, 2)  # first and last token",
        "tagging": f"logits = {LINEAR.format('states')}  # of a word: those of its first token",
        "layout": "normal = lambda some: torch.nn.functional.layer_norm(some, some.shape[-1:])\n"
        f"{MEAN}\nlinear = torch.nn.functional.linear\n"
        "templates = linear(normal(mean), head['template.weight'], head['template.bias'])\n"
        "attention = head['focus'].exp() * normal(states) @ head['queries.weight'].T\n"
        "attention = attention.masked_fill(~mask.bool()[..., None], -torch.inf).softmax(1)\n"
        "found = attention.transpose(1, 2) @ linear(states, head['read.weight'], head['read.bias'])\n"
        "# of a column: head['scale'].exp() * cosines of (found - head['centres.<type>']) with head['names.<type>']\n"
        "logits = templates  # the label's open slots have a column each, by type and number",
        "mlm": "dense = torch.nn.functional.linear(states, head['dense.weight'], head['dense.bias'])\n"
        "dense = torch.nn.functional.gelu(dense)\n"
        "dense = torch.nn.functional.layer_norm(dense, dense.shape[-1:], head['norm.weight'], head['norm.bias'])\n"
        "logits = torch.nn.functional.linear(dense, model.get_input_embeddings().weight, head['bias'])",
    },
    "xstilts.export.READS",
    needs=lambda kind: kind.is_trained,
)
# What the visual prefix makes of `regions` [n, size] and `boxes` [n, 7], with `prefix` the prefix's tensors.
DRAWN = """linear = torch.nn.functional.linear
seen = (regions - prefix['mean']) / prefix['std']
parts = [linear(seen, prefix[f'{name}.weight'], prefix[f'{name}.bias']) for name in ('attribute', 'object')]
parts += [linear(boxes, prefix[f'{name}.weight'], prefix[f'{name}.bias']) for name in ('horizontal', 'vertical')]
tokens = torch.stack(parts, 1).flatten(0, 1) + prefix['kind']"""
PHOTOGRAPHED = """linear, normal = torch.nn.functional.linear, lambda some: torch.nn.functional.normalize(some, dim=-1)
inner = linear((regions - prefix['mean']) / prefix['std'], prefix['image.0.weight'], prefix['image.0.bias'])
shared = normal(linear(torch.nn.functional.gelu(inner), prefix['image.2.weight'], prefix['image.2.bias']))
tokens = linear(shared, prefix['word.weight'], prefix['word.bias'])
tokens = tokens + linear(boxes, prefix['place.weight'], prefix['place.bias']) + prefix['kind']"""
# What is added to a matching head's logits for a text with a picture. `alone`: means of the states of texts that are
# read without it, `[n, hidden]`; `shared`: as above, of first regions, which are whole pictures, `[n, joint]`, or None.
COMPARED = """
if shared is not None:  # there is a picture
    said = normal(linear(normal(alone - prefix['centre']), prefix['text.weight'], prefix['text.bias']))
    similarity = prefix['scale'].exp() * (said * shared).sum(-1) + prefix['offset']
    logits = logits + torch.stack([-similarity, similarity], 1) / 2"""
# The stock class whose head computes the same; None where transformers has none.
STOCK: Mapping[str, type | None] = covers(
    {
        **dict.fromkeys(("vqa", "classification", "matching", "choice", "mlm", "layout")),
        "span": AutoModelForQuestionAnswering,
        "tagging": AutoModelForTokenClassification,
    },
    "xstilts.export.STOCK",
    needs=lambda kind: kind.is_trained,
)


def export_cell(cell: Cell, out: Path) -> None:
    """Write the target checkpoint of a cell as a Hugging Face directory with its model card.

    Raises:
        DataError: as `export_model` and `read_facts` do.
    """
    refuse_foreign(out)
    facts = read_facts(cell)
    drawn = {FILE_OF_SCORES: scores_picture(facts)} if facts.scores else {}
    more = {README: model_card(facts).encode(), **drawn}
    export_model(cell.target_checkpoint, PUBLIC, out, more, facts.features)


def export_model(
    checkpoint: Path,
    public: Path,
    out: Path,
    more: Mapping[str, bytes] | None = None,
    features: Mapping[str, Any] | None = None,
) -> None:
    """Write a checkpoint and the public encoder that it differs from as one Hugging Face directory.

    Args:
        checkpoint: of any phase, such as `data/target/<recipe>/<route>-s<seed>/<target>`.
        public: phase 0, `data/public`.
        out: replaced as a whole; an earlier one survives a failure.
        more: further files by name: the model card and its picture.
        features: how regions are cut out of a picture (stages/defaults.yaml, `features`); None: by default.

    Raises:
        DataError: `out` holds something that is no export, or a file of the checkpoint or of phase 0 is missing or
            damaged.
    """
    refuse_foreign(out)
    model, about = load_model(public, checkpoint), read_card(checkpoint)
    stock = stock_model(model)
    with own_directory(out) as draft:
        text = stock or model.encoder.text
        text.config._name_or_path = ""  # a folder of this machine
        text.save_pretrained(draft)
        copy_tokenizer(public / "encoder", draft, typed=model.encoder.separator is not None)
        save_file(own_tensors(model), draft / FILE)
        if looks(model) and (public / "vision").is_dir():
            shutil.copytree(public / "vision", draft / "vision")
        for name, content in (more or {}).items():
            (draft / name).write_bytes(content)
        pictures = {"features": dict(features or {})} if looks(model) else {}
        assembled = {"public": read_json(public / "public.json")} if (public / "public.json").is_file() else {}
        write_json(draft / CARD, {**described(model, stock), **pictures, "training": about["training"], **assembled})
        for path in draft.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)  # safetensors are written for their owner alone


def stock_model(model: MultitaskModel) -> PreTrainedModel | None:
    """The encoder under the head of its one task, as a class of transformers that computes the same, if there is one.

    A class computes the same if it has one linear map on the encoder's states, and nothing else that has weights.
    """
    if len(model.cards) != 1:
        return None
    ((task, card),) = model.cards.items()
    if (auto := STOCK[card["kind"]]) is None:
        return None
    head, text = model.head(task), model.encoder.text
    assert isinstance(head, LinearHead)
    if card["labels"]:
        text.config.id2label = dict(enumerate(card["labels"]))
        text.config.label2id = {label: index for index, label in enumerate(card["labels"])}
    try:
        with torch.device("meta"):  # its own weights are never made
            stock: PreTrainedModel = auto.from_config(text.config)  # type: ignore[attr-defined]
    except ValueError:  # the encoder's family has none
        return None
    own = [name for name, _ in stock.named_parameters() if not name.startswith(f"{stock.base_model_prefix}.")]
    places = {name.rpartition(".")[0] for name in own}
    if len(places) != 1 or not isinstance(stock.get_submodule(place := places.pop()), nn.Linear):
        return None
    setattr(stock, stock.base_model_prefix, text)
    stock.set_submodule(place, head.output)
    return stock


def own_tensors(model: MultitaskModel) -> dict[str, torch.Tensor]:
    """The tensors that no stock class has: visual prefix (with its buffers), heads and feature maps."""
    parts = {"prefix": model.encoder.prefix, "heads": model.heads, "inputs": model.inputs}
    return {
        f"{part}.{name}": tensor.detach().contiguous().clone()
        for part, module in parts.items()
        for name, tensor in module.state_dict().items()
    }


def looks(model: MultitaskModel) -> bool:
    """Whether any task reads pictures with the image model, and not published features through a map."""
    return any(card.get("features") and task not in model.inputs for task, card in model.cards.items())


def described(model: MultitaskModel, stock: PreTrainedModel | None) -> dict[str, Any]:
    """What an export says of its parts."""
    tasks = {task: {**card, "reads": READS[card["kind"]]} for task, card in model.cards.items()}
    photos = isinstance(model.encoder.prefix, PhotoPrefix)
    for task in tasks.values():
        task["reads"] += COMPARED if photos and task["kind"] == "matching" else ""
    prefix = {
        "features": model.encoder.prefix.mean.numel(),
        "hidden": model.encoder.hidden,
        "tokens_per_region": model.encoder.prefix.tokens,
        "boxes": "x1 y1 x2 y2 w h area",
        "reads": PHOTOGRAPHED if photos else DRAWN,
    }
    named = type(stock or model.encoder.text).__name__
    return {"xstilts_export": FORMAT, "class": named, "tasks": tasks, "prefix": prefix}


def copy_tokenizer(encoder: Path, out: Path, typed: bool) -> None:
    """Copy the tokenizer so that AutoTokenizer takes tokenizer.json as it is.

    A tokenizer of an encoder's own class may be rebuilt from its vocabulary when it is loaded.

    Args:
        typed: whether the encoder embeds which text of a pair a token is of.
    """
    for name in TOKENIZER:
        if (encoder / name).is_file():
            shutil.copyfile(encoder / name, out / name)
    path = out / "tokenizer_config.json"
    config = read_json(path) if path.is_file() else special_tokens(encoder)
    config = {name: value for name, value in config.items() if name not in ("auto_map", "tokenizer_file")}
    inputs = ["input_ids", "attention_mask", *(["token_type_ids"] if typed else [])]
    write_json(path, {**config, "tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": inputs})


def special_tokens(encoder: Path) -> dict[str, str]:
    """The tokens that config.json names, for a tokenizer that comes without a configuration."""
    config, vocabulary = read_json(encoder / "config.json"), read_json(encoder / "tokenizer.json")
    texts = {one["id"]: one["content"] for one in vocabulary.get("added_tokens") or []}
    numbers = {name: config.get(f"{name}_token_id") for name in NAMED}
    return {f"{name}_token": texts[number] for name, number in numbers.items() if number in texts}


def push_to_hub(folder: Path, repo: str, private: bool) -> str:
    """Upload a folder that `xstilts export` wrote as a model of the hub; return its address there.

    Weights travel with the card that says what they are: a folder without one is refused. Files of an earlier push that
    the folder no longer has are deleted there.

    Args:
        repo: `owner/name`; made if it is not there.
        private: of a repository that is made here, whether others may not see it.

    Raises:
        DataError: the folder has no model card.
        XstiltsError: the hub refuses, or cannot be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    if not (folder / README).is_file():
        raise DataError(folder, None, f"no {README}", "an exported model with its card", "run `xstilts export` first")
    api = HfApi()
    try:
        made = api.create_repo(repo, private=private, exist_ok=True)
        said = f"Upload {folder.resolve().name} with xstilts"
        api.upload_folder(
            repo_id=made.repo_id, folder_path=folder, ignore_patterns=[OWN], delete_patterns="*", commit_message=said
        )
    except (HTTPError, OSError, ValueError) as error:  # the client's own errors are one of them
        why = str(error).strip().partition("\n")[0]
        todo = "log in with `hf auth login`, and name a repository that you may write to, as owner/name"
        raise XstiltsError(f"{repo}: the hub did not take the model ({why}); {todo}") from None
    return str(made.url)
