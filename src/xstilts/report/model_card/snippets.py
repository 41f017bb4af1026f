"""Code that loads an exported model with transformers alone and asks it something, for every kind of task."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from xstilts.base.kinds import covers
from xstilts.report.model_card.facts import Facts

LOAD = """
import json

import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

folder, task = ".", $task
tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
model = AutoModel.from_pretrained(folder, trust_remote_code=False).eval()
own = load_file(f"{folder}/xstilts.safetensors")
with open(f"{folder}/xstilts.json", encoding="utf-8") as file:
    labels = json.load(file)["tasks"][task]["labels"]


def linear(name, states):
    return torch.nn.functional.linear(states, own[f"{name}.weight"], own[f"{name}.bias"])
"""
MAPPED = '    regions = linear(f"inputs.{task}", regions)\n'
# The visual prefix of `xstilts.model.visual_prefix`, where phase 0 was aligned on names.
DRAWN = """

def see(regions, boxes):  # features [n, size] and boxes [n, 7] of a picture's regions: 4 n tokens
$mapped    seen = (regions - own["prefix.mean"]) / own["prefix.std"]
    content = linear("prefix.attribute", seen), linear("prefix.object", seen)
    places = linear("prefix.horizontal", boxes), linear("prefix.vertical", boxes)
    return (torch.stack([*content, *places], 1).flatten(0, 1) + own["prefix.kind"])[None]
"""
# That of `xstilts.model.photo_prefix`, where it was aligned on captions.
PHOTOGRAPHED = """

def shared(regions):  # features [n, size] in the space that pictures and sentences share
$mapped    inner = linear("prefix.image.0", (regions - own["prefix.mean"]) / own["prefix.std"])
    return torch.nn.functional.normalize(linear("prefix.image.2", torch.nn.functional.gelu(inner)), dim=-1)


def see(regions, boxes):  # features [n, size] and boxes [n, 7] of a picture's regions: n tokens
    return (linear("prefix.word", shared(regions)) + linear("prefix.place", boxes) + own["prefix.kind"])[None]
"""
# The visual prefix, and the mean over the tokens of the text.
LABEL = """$see

@torch.inference_mode()
def logits(*texts, picture=None):
    read = tokenizer(*texts, return_attention_mask=False, return_tensors="pt")
    tokens = model.get_input_embeddings()(read.pop("input_ids"))
    length = $length
    if picture is not None:
        tokens = torch.cat([tokens, see(*picture)], 1)
    types = {name: torch.nn.functional.pad(one, (0, tokens.shape[1] - one.shape[1])) for name, one in read.items()}
    states = model(inputs_embeds=tokens, **types).last_hidden_state[0, :length]
    return linear(f"heads.{task}.output", states.mean(0))$compared


def answer(*texts, picture=None):
    return labels[logits(*texts, picture=picture).argmax()]


print(answer($example))$remark
"""
# Of a matching task whose pictures share a space with sentences; the first region is the whole picture.
COMPARED = """ + (0 if picture is None else similarity(texts[0], picture[0]))


def similarity(text, regions):  # of a text and a picture, each seen alone
    states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
    said = torch.nn.functional.normalize(states.mean(0) - own["prefix.centre"], dim=-1)
    cosine = torch.nn.functional.normalize(linear("prefix.text", said), dim=-1) @ shared(regions[:1])[0]
    logit = own["prefix.scale"].exp() * cosine + own["prefix.offset"]
    return torch.stack([-logit, logit]) / 2"""
LAYOUT = """
templates = [label for label in labels if not label.startswith("{")]
types = sorted(name.rpartition(".")[2] for name in own if name.startswith(f"heads.{task}.names."))
concepts = {kind: [one.partition("} ")[2] for one in labels if one.startswith(f"{{{kind}}} ")] for kind in types}


def columns(template):  # of its open slots: the type, and how many of the type come before
    kinds = [part[1:-1] for part in template.split(" | ")[1:] if part.startswith("{")]
    return [(kind, kinds[:place].count(kind)) for place, kind in enumerate(kinds)]


@torch.inference_mode()
def answer(question):
    states = model(**tokenizer(question, return_tensors="pt")).last_hidden_state[0]
    normal = lambda some: torch.nn.functional.layer_norm(some, some.shape[-1:])
    template = templates[linear(f"heads.{task}.template", normal(states.mean(0))).argmax()]
    attention = own[f"heads.{task}.focus"].exp() * normal(states) @ own[f"heads.{task}.queries.weight"].T
    found = attention.softmax(0).T @ linear(f"heads.{task}.read", states)
    every = sorted({one for some in templates for one in columns(some)})
    places = {column: place for place, column in enumerate(every)}
    values = {}
    for kind, number in columns(template):
        centred = found[places[kind, number]] - own[f"heads.{task}.centres.{kind}"]
        values[kind, number] = concepts[kind][(own[f"heads.{task}.names.{kind}"] @ centred).argmax()]
    filled, rest = template.split(" | "), iter(columns(template))
    return " | ".join(values[next(rest)] if part.startswith("{") else part for part in filled)


print(answer($example))
"""
WHOLE, QUESTION = "tokens.shape[1]", "len(tokenizer(texts[0]).input_ids)"  # a second text tells what a picture shows
CHOICE = """

@torch.inference_mode()
def answer(text, choices):
    read = tokenizer([text] * len(choices), choices, padding=True, return_tensors="pt")
    states, mask = model(**read).last_hidden_state, read.attention_mask[..., None]
    scores = linear(f"heads.{task}.output", (states * mask).sum(1) / mask.sum(1))
    return choices[scores.argmax()]


print(answer($example))
"""
SPAN = """

@torch.inference_mode()
def answer(question, context, longest=30):
    read = tokenizer(question, context, return_offsets_mapping=True, return_tensors="pt")
    characters = read.pop("offset_mapping")[0]
    first, last = linear(f"heads.{task}.output", model(**read).last_hidden_state[0]).T
    inside = torch.tensor([part == 1 for part in read.sequence_ids()])
    possible = (inside[:, None] & inside[None]).triu().tril(longest - 1)
    place = int((first[:, None] + last[None]).masked_fill(~possible, -torch.inf).argmax())
    start, end = divmod(place, len(inside))
    return context[characters[start, 0] : characters[end, 1]].strip()


print(answer($example))
"""
TAGGING = """

@torch.inference_mode()
def answer(words):
    read = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    tags = linear(f"heads.{task}.output", model(**read).last_hidden_state[0]).argmax(-1)
    of_word = read.word_ids()
    return [(word, labels[tags[of_word.index(number)]]) for number, word in enumerate(words)]


print(answer($example))
"""
RETRIEVAL = """
import torch
from transformers import AutoModel, AutoTokenizer

folder = "."
tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
model = AutoModel.from_pretrained(folder, trust_remote_code=False).eval()


@torch.inference_mode()
def vectors(texts):  # means over the tokens of layer $layer, of length 1
    read = tokenizer(texts, padding=True, return_tensors="pt")
    states, mask = model(**read, output_hidden_states=True).hidden_states[$layer], read.attention_mask[..., None]
    return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)


queries, candidates = vectors($example), vectors(["Der Hund schläft.", "Die Katze ist rot."])
print((queries @ candidates.T).tolist())
"""
PICTURE = """
from pathlib import Path

from xstilts.features.settings import FeatureSettings
from xstilts.predict.answers import look

picture = look(Path("picture.png"), Path(folder), FeatureSettings($settings))
print(answer($example, picture=picture))
"""
BLIND = "  # without a picture: what the text alone suggests"


@dataclass(frozen=True)
class Code:
    """The code for a kind of task.

    Attributes:
        source: a template.
        example: what it asks, as arguments in Python.
        pictured: what it asks of a picture; "" where its function takes none.
    """

    source: str
    example: str
    pictured: str = ""


_QUESTION, _STATEMENT = '"Is there a dog in the picture?"', '"A red dog on the left."'
CODE: Mapping[str, Code] = covers(
    {
        "vqa": Code(LOAD + LABEL, _QUESTION, pictured=_QUESTION),
        "classification": Code(LOAD + LABEL, '"The dog is red.", "The dog is blue."', pictured=_STATEMENT),
        "matching": Code(LOAD + LABEL, _STATEMENT, pictured=_STATEMENT),
        "layout": Code(LOAD + LAYOUT, _QUESTION),
        "choice": Code(LOAD + CHOICE, '"The dog is wet. What was the cause?", ["It swam in the lake.", "It slept."]'),
        "span": Code(LOAD + SPAN, '"What is on the left?", "The dog is on the left and the cat is on the right."'),
        "tagging": Code(LOAD + TAGGING, '"The dog sleeps".split()'),
        "retrieval": Code(RETRIEVAL, '["The dog sleeps."]'),
    },
    "xstilts.report.model_card.snippets.CODE",
    needs=lambda kind: kind.is_scored,
)


def snippet(facts: Facts) -> str:
    """Code to be run in the folder that `xstilts export` wrote, of the target's kind of task."""
    code = CODE[facts.kind]
    sees, photos = bool(code.pictured and facts.task.get("features")), "alignment" in facts.public
    mapped = MAPPED if is_mapped(facts) else ""
    given = {
        "see": Template(PHOTOGRAPHED if photos else DRAWN).substitute(mapped=mapped),
        "compared": COMPARED if photos and facts.kind == "matching" else "",
        "task": json.dumps(facts.cell.target),
        "layer": facts.scores.get("layer"),  # of retrieval alone, which is always scored
        "length": QUESTION if facts.kind == "vqa" else WHOLE,
        "example": code.pictured if sees else code.example,
        "remark": BLIND if sees else "",
    }
    return Template(code.source).substitute(given).strip()


def picture_snippet(facts: Facts) -> str:
    """Code that continues `snippet` with a picture, by this project's own image model; "" where it does not fit."""
    pictured = CODE[facts.kind].pictured
    if not pictured or not facts.task.get("features") or is_mapped(facts):
        return ""
    plain = {name: value for name, value in facts.features.items() if name.isidentifier() and type(value) in (str, int)}
    settings = ", ".join(f"{name}={json.dumps(value)}" for name, value in plain.items())
    return Template(PICTURE).substitute(settings=settings, example=pictured).strip()


def is_mapped(facts: Facts) -> bool:
    """Whether the task reads features of another size than the image model's, through a map of its own."""
    dim = (facts.task.get("features") or {}).get("dim")
    return dim is not None and "dim" in facts.public and dim != facts.public["dim"]
