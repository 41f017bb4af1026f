"""The check of the parameter files: what is refused, and in which words."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from xstilts.base.cells import Cell
from xstilts.base.errors import ParameterError
from xstilts.base.parameters import task_names
from xstilts.check import files
from xstilts.check.choices import choose_cell
from xstilts.check.files import check_parameters, write_checked
from xstilts.check.grid import check_grid

ROOT = Path(__file__).parents[1]


def put(*keys: str, value: Any) -> Any:
    """A change that sets the value under nested keys."""

    def change(content: dict[str, Any]) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def test_the_files_of_the_repository_pass(parameter_files: Any) -> None:
    check_parameters()


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        (
            "params.yaml",
            put("intermediate", value="gpa"),
            ["params.yaml", "'gpa'", "mean 'gqa'?", "Valid: all"],
        ),
        ("params.yaml", put("intermediate", value=3), ["params.yaml", "intermediate is 3", "expected str"]),
        ("params.yaml", put("seed", value=8), ["seed", "'8'", "Valid: 0, 1, 2, 3, 4"]),
        ("params.yaml", put("seed", value="one"), ["seed is 'one'", "expected int"]),
        ("params.yaml", put("seeds", value=0), ["unknown key 'seeds'", "mean 'seed'?"]),
        ("params.yaml", put("world", value="offical"), ["world is 'offical'", "pictograms, official"]),
        ("params.yaml", put("study", "intermediates", value=["none", "squat"]), ["'squat'", "mean 'squad'?"]),
        ("params.yaml", put("study", "intermediates", value=[]), ["study.intermediates is empty"]),
        ("params.yaml", put("study", "intermediates", value="gqa"), ["study: intermediates is 'gqa'"]),
        ("params.yaml", put("study", "seeds", value=[0, 9]), ["study.seeds", "'9'"]),
        ("params.yaml", put("study", "seeds", value=[0, 0]), ["study.seeds", "'0' is listed twice"]),
        ("params.yaml", put("study", "targets", value=["xgqaa"]), ["study.targets", "mean 'xgqa'?"]),
        ("params.yaml", put("study", "target", value=["xgqa"]), ["study", "'target'", "mean 'targets'?"]),
        ("stages/full/study.yaml", put("study", "intermediates", value=["squat"]), ["full/study.yaml", "'squad'?"]),
        ("stages/full/study.yaml", put("study", "seeds", value=[0, 9]), ["full/study.yaml: study.seeds", "'9'"]),
        ("stages/full/study.yaml", put("study", "target", value=[]), ["full/study.yaml: study", "mean 'targets'?"]),
        ("stages/full/study.yaml", put("name", value="fully"), ["study.yaml: name is 'fully', expected 'full'"]),
        ("stages/full/study.yaml", put("stuyd", value={}), ["full/study.yaml: unknown key 'stuyd'", "'study'?"]),
        ("params.yaml", put("encoder", value="no-such-encoder"), ["encoder", "'no-such-encoder'"]),
        (
            "stages/grid.yaml",
            put("intermediates", value=["none", "a-b"]),
            ["grid.yaml", "'a-b'", "small letters"],
        ),
        ("stages/grid.yaml", put("targets", value=["xgqa", "xnlu"]), ["'xnlu'", "stages/tasks/xnlu.yaml", "'xnli'"]),
        ("stages/grid.yaml", put("targets", value=["xgqa", "mlm"]), ["grid.yaml", "'mlm' is of kind mlm"]),
        ("stages/grid.yaml", put("intermediates", value=["none", "tatoeba"]), ["'tatoeba' is of kind retrieval"]),
        ("stages/grid.yaml", put("perceived_sets", value=["gpa"]), ["perceived_sets: unknown", "gqa"]),
        ("stages/grid.yaml", put("image_sets", "gqa", value="pixels"), ["image_sets: gqa", "images.zip, vectors"]),
        (
            "stages/grid.yaml",
            put("datasets", "gqa", value="data/checked"),
            ["datasets: gqa", "names features or clues"],
        ),
        ("stages/grid.yaml", put("datasets", "mnli", value="data/features/gqa"), ["mnli.yaml names neither features"]),
        ("params.yaml", put("intermediate", value="qqp"), ["'qqp' is a task", "grid.yaml", "grid.official.yaml"]),
        ("params.yaml", put("study", "targets", value=["bucc2018"]), ["study.targets", "'bucc2018' is a task"]),
        ("params.yaml", put("data_root", value=3), ["data_root is 3"]),
        ("stages/grid.yaml", put("targets", value=["text"]), ["grid.yaml", "'text'"]),
        ("stages/grid.yaml", put("datasets", "gqa", value="data/features/gqq"), ["datasets: gqa", "mean"]),
        ("stages/tasks/gqa.yaml", put("intermediat", value={}), ["gqa.yaml", "mean 'intermediate'?"]),
        ("stages/tasks/gqa.yaml", put("intermediate", "epoch", value=1), ["gqa.yaml", "mean 'epochs'?"]),
        ("stages/tasks/xgqa.yaml", put("target", "learning_rate", value="1e-5"), ["write 1.0e-5, not 1e-5"]),
        ("stages/tasks/gqa.yaml", put("encode", "language", value=["en"]), ["gqa.yaml", "mean 'languages'?"]),
        ("stages/tasks/none.yaml", put("encode", "members", value=["gqa"]), ["none.yaml", "gqa"]),
        ("params.yaml", put("recipe", value="lorra"), ["params.yaml: recipe", "'lorra'", "mean 'lora'?"]),
        ("params.yaml", put("study", "recipes", value=[]), ["study.recipes is empty", "plain, shuffled_labels"]),
        ("params.yaml", put("study", "recipes", value=["plain", "long"]), ["study.recipes", "mean 'longer'?"]),
        ("params.yaml", put("study", "controls", value=["none"]), ["study.controls: 'none'", "such as longer/none"]),
        ("params.yaml", put("study", "controls", value=["longer/nnone"]), ["study.controls", "mean 'none'?"]),
        ("params.yaml", put("study", "controls", value=["plain/gqa"]), ["'plain/gqa' is in recipes", "take it out"]),
        (
            "params.yaml",
            put("study", "controls", value=["lora/mnli"]),
            ["'lora' does not range over 'mnli'", "recipe_routes"],
        ),
        (
            "stages/grid.yaml",
            put("recipes", "target", value=["lorra"]),
            ["recipes: 'lorra' has no file", "mean 'lora'?"],
        ),
        ("stages/grid.yaml", put("recipes", "score", value=["lora"]), ["recipes: 'lora' is listed twice"]),
        ("stages/grid.yaml", put("recipes", "targets", value=[]), ["recipes: unknown key", "mean 'target'?"]),
        ("stages/grid.yaml", put("parser", value="heads"), ["grid.yaml: parser: unknown 'heads'", "mean 'head'?"]),
        ("stages/grid.yaml", put("system_targets", value=["xvnli"]), ["system_targets", "unknown 'xvnli_layout'"]),
        ("stages/grid.yaml", put("canonical_targets", value=["xnl"]), ["canonical_targets", "unknown 'xnl'"]),
        ("stages/grid.yaml", put("recipes", "canonical", value=["lora"]), ["'lora' is listed twice"]),
        ("stages/grid.yaml", put("decoder_routes", value=["squad"]), ["decoder_routes: 'squad' is of kind span"]),
        ("params.yaml", put("study", "controls", value=["decoder/squad"]), ["'squad'", "'squad' to decoder_routes"]),
        ("stages/recipes/decoder.yaml", put("decoder", value={}), ["decoder.yaml changes score first"]),
        ("stages/recipes/decoder.yaml", put("decoder", "epochs", value=-1), ["decoder.yaml: decoder: epochs is -1"]),
        ("stages/grid.yaml", put("recipes", "score", value=["modules"]), ["'modules' is listed twice"]),
        ("stages/recipes/modules.yaml", put("system", value={}), ["modules.yaml changes nothing"]),
        ("stages/recipes/modules.yaml", put("system", "name", value=2), ["modules.yaml: system: name is 2"]),
        ("stages/recipes/modules.yaml", put("system", "beams", value=2), ["system: unknown key 'beams'"]),
        ("stages/grid.yaml", put("recipes", "everywhere", value=[]), ["everywhere", "unknown 'plain'"]),
        ("stages/grid.yaml", put("recipe_routes", value=["nnone"]), ["recipe_routes", "mean 'none'?"]),
        (
            "stages/recipes/lora.yaml",
            put("intermediate", "epochs", value=2.0),
            ["lora.yaml changes intermediate first"],
        ),
        ("stages/recipes/lora.yaml", put("target", value={}), ["lora.yaml changes nothing", "it is plain"]),
        (
            "stages/recipes/lora.yaml",
            put("target", "tune", value="laro"),
            ["recipes/lora.yaml: target", "tune is 'laro'"],
        ),
        ("stages/recipes/lora.yaml", put("targets", value={}), ["lora.yaml: unknown key", "mean 'target'?"]),
        (
            "stages/recipes/lora.yaml",
            put("target", "terms", value={"entorpy": 0.05}),
            ["recipes/lora.yaml: target: terms: unknown term 'entorpy'", "Valid: answer_distance, public_distance"],
        ),
        (
            "stages/tasks/gqa.yaml",
            put("intermediate", "terms", value={"public_distance": float("nan")}),
            ["gqa.yaml: intermediate: terms: the weight of public_distance is nan", "0 or more and finite"],
        ),
        ("stages/tasks/xgqa.yaml", put("target", "warmup", value=1.5), ["warmup is 1.5, expected 0 to 1"]),
        (
            "stages/grid.yaml",
            put("recipe_routes", value=["none", "squad", "gqa", "text", "multimodal", "text_mlm"]),
            ["shuffled_labels.yaml: intermediate: labels: shuffled", "of mlm, a mlm task", "take text_mlm out"],
        ),
        (
            "stages/tasks/ccg.yaml",
            put("intermediate", "labels", value="shuffled"),
            ["plain.yaml: intermediate: labels: shuffled", "of ccg, a tagging task", "take ccg out"],
        ),
        ("stages/defaults.yaml", put("trian", value={}), ["defaults.yaml", "unknown key 'trian'"]),
        ("stages/defaults.yaml", put("data", "shrae", value=0.1), ["mean 'share'?"]),
        ("stages/defaults.yaml", put("data", "share", value=2.0), ["data: share is 2.0, expected above 0 to 1"]),
        ("stages/defaults.yaml", put("features", "limit", value=-1), ["features: limit is -1, expected 1 to"]),
        ("stages/defaults.yaml", put("target", value="fast"), ["defaults.yaml: target is 'fast', expected a mapping"]),
        (
            "stages/grid.yaml",
            put("image_sets", "x; rm -r y", value="images.zip"),
            ["image_sets: 'x; rm -r y', expected"],
        ),
    ],
)
def test_a_mistake_is_named(parameter_files: Any, file: str, change: Any, words: list[str]) -> None:
    parameter_files.edit(file, change)
    with pytest.raises(ParameterError) as caught:
        check_parameters()
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == [], message


def test_a_section_that_is_missing_is_named(parameter_files: Any) -> None:
    parameter_files.edit("stages/tasks/mnli.yaml", lambda content: content.pop("score"))
    with pytest.raises(ParameterError, match=r"mnli\.yaml: missing score; write `score: \{\}`"):
        check_parameters()


def test_every_recipe_that_changes_scoring_alone_uses_plains_checkpoint(parameter_files: Any) -> None:
    Path("stages/recipes/more.yaml").write_text("intermediate: {}\ntarget: {}\nscore: {top: 7}\n")
    parameter_files.edit("stages/grid.yaml", put("recipes", "score", value=["more"]))
    universe = check_grid()
    cell = choose_cell(universe, "gqa", 1, "xgqa", "more")
    assert universe.trained(cell) == Cell("plain", "gqa", 1, "xgqa")
    assert universe.target_stage(cell) == "stages/train/dvc.yaml:target@plain-gqa-1-xgqa"
    assert universe.target_stage(Cell("lora", "gqa", 1, "xgqa")).endswith(":target_only@lora-gqa-1-xgqa")
    stage = "stages/decoder/dvc.yaml:decoder_target@decoder-gqa-1-xgqa"
    assert universe.target_stage(Cell("decoder", "gqa", 1, "xgqa")) == stage
    assert universe.target_stage(Cell("shuffled_labels", "gqa", 1, "xgqa")).endswith(
        ":target_recipe@shuffled_labels-gqa-1-xgqa"
    )


def test_a_local_encoder_is_accepted(parameter_files: Any, tmp_path: Path) -> None:
    (tmp_path / "my-encoder").mkdir()
    (tmp_path / "my-encoder" / "config.json").write_text("{}")
    parameter_files.edit("params.yaml", put("encoder", value="my-encoder"))
    check_parameters()
    parameter_files.edit("params.yaml", put("encoder", value="FacebookAI/xlm-roberta-base"))
    check_parameters()


def test_everything_that_is_missing_is_named_at_once(parameter_files: Any, tmp_path: Path) -> None:
    """Only of sets that the chosen routes read, mixtures by their members; sets on the hub need no file."""
    parameter_files.edit("params.yaml", put("world", value="official"))
    parameter_files.edit("params.yaml", put("study", "intermediates", value=["text", "gqa"]))
    check_parameters()
    for task in ("squad", "mnli", "xgqa", "nlvr2"):
        parameter_files.edit(f"stages/tasks/{task}.yaml", put("data", "official", "hub", value=None))
    with pytest.raises(ParameterError) as caught:
        check_parameters()
    message = str(caught.value)
    assert message.startswith("3 sets cannot be read: (1) ")
    assert [
        name for name in ("squad/train-v1.1.json", "multinli_1.0", "xGQA/data/zero_shot") if name not in message
    ] == []
    assert "nlvr2" not in message
    for task in ("squad", "mnli", "xgqa"):
        content = yaml.safe_load(Path(f"stages/tasks/{task}.yaml").read_text())
        root = tmp_path / content["data"]["official"]["root"]
        for name in content["data"]["official"]["files"].values():
            for language in content["encode"]["languages"]:
                path = root / name.format(language=language)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("rows")
    with pytest.raises(ParameterError, match=r"^gqa/images: found no such file, expected an official file"):
        check_parameters()
    (tmp_path / "gqa" / "images").mkdir()
    check_parameters()


def test_two_downloaded_folders_need_a_copied_file_and_three_settings(parameter_files: Any, tmp_path: Path) -> None:
    """GQA's and xGQA's, side by side as they are published: the first check has nothing to say."""
    shutil.copy("stages/grid.official.yaml", "stages/grid.yaml")
    parameter_files.edit("params.yaml", put("world", value="official"))
    parameter_files.edit("params.yaml", put("data_root", value="published"))
    parameter_files.edit("params.yaml", put("study", "intermediates", value=["none", "gqa"]))
    for task in ("gqa", "xgqa"):  # nothing comes from elsewhere
        parameter_files.edit(f"stages/tasks/{task}.yaml", put("data", "official", "hub", value=None))
    with pytest.raises(ParameterError, match="published/gqa/train_balanced_questions"):
        check_parameters()
    Path("published/gqa/images").mkdir(parents=True)
    Path("published/xGQA/data/zero_shot").mkdir(parents=True)
    for name in ("train", "val"):
        Path(f"published/gqa/{name}_balanced_questions.json").write_text("rows")
    for language in ("en", "de", "pt", "ru", "id", "bn", "ko", "zh"):
        Path(f"published/xGQA/data/zero_shot/testdev_balanced_questions_{language}.json").write_text("rows")
    check_parameters()


def test_a_set_that_only_supplies_pictures_is_checked_too(parameter_files: Any) -> None:
    shutil.copy("stages/grid.official.yaml", "stages/grid.yaml")
    parameter_files.edit("params.yaml", put("world", value="official"))
    parameter_files.edit("params.yaml", put("study", "intermediates", value=["snli_ve"]))
    check_parameters()
    parameter_files.edit("stages/tasks/flickr30k.yaml", put("data", "official", "hub", value=None))
    with pytest.raises(ParameterError, match=r"^flickr30k/dataset_flickr30k\.json: found no such file"):
        check_parameters()
    parameter_files.edit("params.yaml", put("study", "intermediates", value=["coco"]))
    parameter_files.edit("params.yaml", put("study", "targets", value=["xgqa"]))
    with pytest.raises(
        ParameterError, match=r"coco: found no pictures for the features of coco, expected data\.official"
    ):
        check_parameters()


def test_data_root_wins_where_a_file_lies_there(parameter_files: Any, tmp_path: Path) -> None:
    parameter_files.edit("params.yaml", put("world", value="official"))
    parameter_files.edit("params.yaml", put("data_root", value="published"))
    parameter_files.edit("params.yaml", put("study", "targets", value=["tatoeba"]))
    parameter_files.edit("params.yaml", put("study", "intermediates", value=["none"]))
    parameter_files.edit("stages/tasks/tatoeba.yaml", put("data", "official", "root", value="laser"))
    for key in ("targets", "recipe_targets"):
        parameter_files.edit("stages/grid.yaml", put(key, value=["tatoeba"]))
    for key in ("system_targets", "canonical_targets", "entailment_targets", "decoder_targets"):
        parameter_files.edit("stages/grid.yaml", put(key, value=[]))
    parameter_files.edit("stages/full/study.yaml", put("study", "targets", value=["tatoeba"]))
    check_parameters()
    Path("published/laser").mkdir(parents=True)
    Path("published/laser/tatoeba.deu-eng.deu").write_text("eins")
    with pytest.raises(
        ParameterError, match=r"published/laser/tatoeba\.afr-eng\.afr: found no such file \(nor 70 more"
    ):
        check_parameters()


def test_the_official_grid_passes(parameter_files: Any) -> None:
    """It ranges over every task; with its pictures named as its features are."""
    shutil.copy("stages/grid.official.yaml", "stages/grid.yaml")
    check_parameters()  # with the studies as they are
    universe = check_grid()
    named = {*universe.intermediates, *universe.targets}
    assert named == set(task_names())
    assert len(named) > 40


def test_sets_that_share_features_share_photographs(parameter_files: Any) -> None:
    """Whoever has pictures of its own, and reads another set's features, finds them all there."""
    shutil.copy("stages/grid.official.yaml", "stages/grid.yaml")
    universe, compared = check_grid(), []
    for dataset, source in universe.datasets.items():
        supplier = Path(source).name
        official, other = (
            yaml.safe_load(Path(f"stages/tasks/{name}.yaml").read_text())["data"]["official"]
            for name in (dataset, supplier if source.startswith("data/features") else dataset)
        )
        if official.get("images") and official != other:
            folders = [{Path(one["root"], one["images"])} for one in (official, other)]
            listed = [one.get("hub", {}).get("images", []) for one in (official, other)]
            assert folders[0] <= folders[1]
            assert all(one in listed[1] for one in listed[0])
            compared.append((dataset, supplier))
    assert compared == [("gqa", "xgqa")]


def test_a_cell_is_chosen_by_params_unless_asked_for(parameter_files: Any) -> None:
    cell = choose_cell(check_grid(), None, None, None, None)
    assert cell == Cell("plain", "none", 0, "xgqa")
    assert choose_cell(check_grid(), None, None, None, "lora").recipe == "lora"
    with pytest.raises(ParameterError, match="recipe 'lora' does not range over 'mnli'; add 'mnli' to recipe_routes"):
        choose_cell(check_grid(), "mnli", None, None, "lora")
    assert choose_cell(check_grid(), "gqa", 2, None, None).route == "gqa"
    with pytest.raises(ParameterError, match="'gpa'"):
        choose_cell(check_grid(), "gpa", None, None, None)


def test_what_is_written_never_changes(parameter_files: Any, tmp_path: Path) -> None:
    out = tmp_path / "data" / "checked"
    write_checked(out)
    first = out.read_bytes()
    parameter_files.edit("params.yaml", put("intermediate", value="gqa"))
    write_checked(out)
    assert out.read_bytes() == first
    parameter_files.edit("params.yaml", put("intermediate", value="gpa"))
    with pytest.raises(ParameterError):
        write_checked(out)
    assert out.read_bytes() == first


def test_checking_imports_nothing_heavy() -> None:
    code = (
        "import sys, xstilts.check.files, xstilts.catalogue, xstilts.cli;"
        "sys.exit(', '.join({'torch', 'transformers', 'datasets', 'dvc'} & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


OWN_PROJECTS = [file.parent for file in sorted((ROOT / "stages").glob("*/params.yaml"))]


@pytest.mark.parametrize("folder", OWN_PROJECTS, ids=lambda folder: folder.name)
def test_the_parameter_files_of_a_study_of_its_own_are_right(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but its data, which are not here."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(files, "check_data", lambda *_: None)
    check_parameters()
    assert check_grid().targets
