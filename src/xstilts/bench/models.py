"""The models that are measured: the same encoder on every side, public or of a given shape with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
    XLMRobertaConfig,
)
from transformers.utils.import_utils import is_flash_attn_2_available
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from xstilts.base.cache import BOX
from xstilts.base.errors import ParameterError, did_you_mean
from xstilts.bench.clock import device
from xstilts.bench.flops import Cost
from xstilts.bench.job import Job
from xstilts.model.encoder import MultimodalEncoder
from xstilts.model.multitask import MultitaskModel
from xstilts.model.visual_prefix import VisualPrefix
from xstilts.train.phase import fresh_model
from xstilts.train.settings import TrainSettings

# Layers, hidden, inner, heads: Conneau et al. 2020, Unsupervised Cross-lingual Representation Learning at Scale
SHAPES = {"xlmr-base": (12, 768, 3072, 12), "xlmr-large": (24, 1024, 4096, 16)}
DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob")


def encoder_config(job: Job) -> PretrainedConfig:
    """The configuration of the text encoder.

    Raises:
        ParameterError: an unknown shape.
    """
    if job.shape is None:
        config: PretrainedConfig = AutoConfig.from_pretrained(Path(job.public) / "encoder", trust_remote_code=False)
        return config
    if job.shape not in SHAPES:
        raise ParameterError(f"--shape: unknown '{job.shape}'.{did_you_mean(job.shape, SHAPES)}")
    layers, hidden, inner, heads = SHAPES[job.shape]
    return XLMRobertaConfig(
        vocab_size=250_002,
        max_position_embeddings=514,
        type_vocab_size=1,
        num_hidden_layers=layers,
        hidden_size=hidden,
        intermediate_size=inner,
        num_attention_heads=heads,
    )


def without_dropout(job: Job) -> PretrainedConfig:
    """The configuration of the text encoder with every dropout at 0; raises as `encoder_config`."""
    config = encoder_config(job)
    for name in DROPOUTS:
        setattr(config, name, 0.0)
    return config


def pipeline_model(job: Job, cards: dict[str, dict[str, Any]]) -> MultitaskModel:
    """The pipeline's model for these tasks, as a phase starts with it."""
    if job.shape is None:
        return fresh_model(Path(job.public), None, cards)
    config = encoder_config(job)
    dims = [int(card["features"]["dim"]) for card in cards.values() if card.get("features")]
    prefix = VisualPrefix(dims[0] if dims else 1, config.hidden_size)
    text = AutoModel.from_config(config, add_pooling_layer=False)  # type: ignore[no-untyped-call]
    return MultitaskModel(MultimodalEncoder(text, prefix), cards)


def best_attention(training: bool) -> str:
    """The fastest of the library's attentions where it runs.

    On processors that is `eager` in training, since the gradient of torch's fused attention is slow there; on a GPU
    flash attention, if its package is installed (which was not run yet).
    """
    if device().type == "cuda":
        return "flash_attention_2" if is_flash_attn_2_available() else "sdpa"
    return "eager" if training else "sdpa"


def text_encoder(job: Job, at_best: bool) -> PreTrainedModel:
    """The text encoder alone, in float32: as the library loads it, or at its best as `classifier` is."""
    _quiet()
    return _load(AutoModel, job, without_dropout(job) if at_best else encoder_config(job), at_best)


def classifier(job: Job, labels: int, at_best: bool) -> PreTrainedModel:
    """The library's sequence classifier on the encoder, in float32.

    Args:
        labels: number of classes.
        at_best: without dropout and with the fastest attention, else as the library loads it.
    """
    _quiet()
    config = without_dropout(job) if at_best else encoder_config(job)
    config.num_labels = labels
    return _load(AutoModelForSequenceClassification, job, config, at_best)


def freeze(text: Any, settings: TrainSettings) -> None:
    """Let a BERT-like encoder of the library keep the weights that the settings keep."""
    text.embeddings.requires_grad_(settings.train_inputs)
    for layer in text.encoder.layer[: settings.frozen_layers]:
        layer.requires_grad_(False)


class MeanClassifier(nn.Module):
    """An encoder of the library with the pipeline's own head: a linear map of the text's mean state.

    Args:
        text: the encoder.
        labels: number of classes.
    """

    def __init__(self, text: PreTrainedModel, labels: int) -> None:
        super().__init__()
        self.base_model, self.config = text, text.config
        self.classifier = nn.Linear(text.config.hidden_size, labels)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Logits float32 `[batch, labels]`, and with labels int64 `[batch]` the mean loss: what the Trainer reads."""
        states = self.base_model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        weight = attention_mask.unsqueeze(-1).float()
        logits = self.classifier((states * weight).sum(1) / weight.sum(1))
        return {"logits": logits} if labels is None else {"loss": F.cross_entropy(logits, labels), "logits": logits}


def mean_classifier(job: Job, labels: int) -> MeanClassifier:
    """The same encoder as `classifier` at its best, with the pipeline's head, in float32."""
    return MeanClassifier(text_encoder(job, at_best=True), labels)


def _load(kind: Any, job: Job, config: PretrainedConfig, at_best: bool) -> PreTrainedModel:
    """The public weights, or random ones if a shape was chosen."""
    directory = Path(job.public) / "encoder"
    safe: dict[str, Any] = {"dtype": torch.float32, "use_safetensors": True, "trust_remote_code": False}
    attention = {"attn_implementation": best_attention(job.what == "train")} if at_best else {}
    model: PreTrainedModel = (
        kind.from_config(config, **attention)
        if job.shape
        else kind.from_pretrained(directory, config=config, **safe, **attention)
    )
    return model


def _quiet() -> None:
    """Let the library say nothing of fresh heads and of loading weights: both are intended here."""
    set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bar()  # type: ignore[no-untyped-call]


def pipeline_cost(model: MultitaskModel, task: str, frozen: int, inputs_trained: bool) -> Cost:
    """What the pipeline's model costs on a task whose head scores labels.

    If the task has a feature map of its own, the gradient that runs back to it through frozen layers is not counted:
    the rate worked out from this is then too low.
    """
    encoder, head = model.encoder, sum(weight.numel() for weight in model.head(task).parameters() if weight.ndim > 1)
    region = 2 * (len(encoder.prefix.mean) + BOX) * encoder.hidden
    region += sum(weight.numel() for name, weight in model.inputs.named_parameters() if name == f"{task}.weight")
    return encoder_cost(encoder.text.config, frozen, inputs_trained, head, region)


def encoder_cost(
    config: PretrainedConfig, frozen: int = 0, inputs_trained: bool = True, head: int = 0, region: int = 0
) -> Cost:
    """What an encoder of this configuration costs."""
    sizes = config.num_hidden_layers, config.hidden_size, config.intermediate_size
    return Cost(*sizes, frozen=frozen, inputs_trained=inputs_trained, head=head, region=region)
