"""The errors of all AAEs of class and style, beside those of the paper."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stages.base.params import DataSource, load
from stages.show.semi import errors
from stages.show.style import Style, note_on, save

# mean and deviation of the test error, in per cent, by labels and classes (AAE paper, tables 2 and 3)
PAPER = {
    (100, 10): (1.90, 0.10),
    (1000, 10): (1.60, 0.08),
    ("all", 10): (0.85, 0.02),
    (0, 16): (9.55, 2.05),
    (0, 30): (4.10, 1.13),
}


def compare_semi(variants: Sequence[dict[str, Any]], scores: Mapping[str, Mapping[str, float]], style: Style) -> Figure:
    """Test errors of the variants, which have a label, labels and classes each, by name in `scores`."""
    ours = {variant["label"]: scores[variant["name"]]["test_error"] for variant in variants}
    settings = {variant["label"]: (variant["labels"], variant["classes"]) for variant in variants}
    paper = {label: PAPER[setting] for label, setting in settings.items() if setting in PAPER}
    return errors(ours, {"Makhzani et al. 2015": paper}, style, "Test error by what is known of the training images")


def main() -> None:
    variants = json.loads(Path("data/variants/semi.json").read_text(encoding="utf-8"))
    scores = {
        variant["name"]: json.loads(Path(f"metrics/semi/{variant['name']}.json").read_text(encoding="utf-8"))
        for variant in variants
    }
    style = load("draw.style", Style)
    save(
        compare_semi(variants, scores, style), "plots/semi/errors.png", style, note_on(load("data.source", DataSource))
    )
