"""Stage `cards`: data/report/cards/<target>/<route>-s<seed>/README.md, the model card of one target checkpoint."""

import typer

from xstilts.errors import run_stage
from xstilts.parameters import STAGES, read_yaml
from xstilts.report.model_card.facts import Places, read_facts
from xstilts.report.model_card.text import model_card
from xstilts.report.places import Study, card_path, report_folder


def main(
    route: str,
    seed: int,
    target: str,
    study: Study = None,
) -> None:
    """Write the card of one cell."""

    def write() -> None:
        features = read_yaml(STAGES / "defaults.yaml").get("features") or {}
        card = model_card(read_facts(route, seed, target, Places.of(route, seed, target), features))
        out = card_path(report_folder(study) / "cards", target, route, seed)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(card, encoding="utf-8")

    run_stage(write)


if __name__ == "__main__":
    typer.run(main)
