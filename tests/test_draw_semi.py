from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.compare_semi import compare_semi
from stages.draw_semi import DrawSemi, draw_semi
from stages.export_semi import export_semi
from stages.show.style import save
from tests.figures import CURVES, STYLE, write_curves
from tests.networks import semi_aae

PARAMS = DrawSemi(seed=0, styles=4, examples=3, rows=2, columns=3)


@pytest.fixture(autouse=True)
def curves():
    write_curves("watched_error", "watched_mse", "reconstruction", "vat")


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("labelled", [True, False])
def test_every_variant_has_all_its_pictures_again_the_same(digits, labelled):
    aae = semi_aae(10 if labelled else 12)
    codes = export_semi(aae, digits, seed=0)
    bytes_of = []
    for _ in range(2):
        figures = draw_semi(aae, digits, codes, CURVES, "toy", labelled, 10, PARAMS, STYLE)
        assert set(figures) == {"styles", "analogies", "mistakes", "heads", "curves"}
        for name, figure in figures.items():
            save(figure, f"{name}.png", STYLE)
        bytes_of.append([Path(f"{name}.png").read_bytes() for name in figures])
    assert bytes_of[0] == bytes_of[1]
    assert len(texts(figures["styles"])) == aae.classes


def test_as_many_mistakes_of_clusters_are_told_as_the_test_error_has(digits):
    # most likely a 1 by the sum of two clusters, but the most likely cluster is a 0
    aae, n = semi_aae(3), len(digits)
    codes = replace(export_semi(aae, digits, seed=0), probabilities=np.tile([0.4, 0.3, 0.3], (n, 1)).astype(np.float32))
    first = np.flatnonzero(codes.split == "validation")[:3]
    codes.probabilities[first] = np.eye(3)
    labels = np.zeros(n, np.int64)
    labels[first] = [0, 1, 1]
    codes, digits = replace(codes, labels=labels), replace(digits, labels=labels)
    figures = draw_semi(aae, digits, codes, CURVES, "toy", False, 10, PARAMS, STYLE)
    tests = len(codes.part("test"))
    assert figures["mistakes"].axes[0].get_title(loc="left") == f"test images: 0 of {tests:,} wrong"


def test_errors_stand_beside_those_of_the_paper():
    variants = [
        {"name": "few", "label": "100 labels", "labels": 100, "classes": 10},
        {"name": "own", "label": "my own", "labels": 50, "classes": 10},
    ]
    scores = {"few": {"test_error": 0.0139}, "own": {"test_error": 0.02}}
    axes = compare_semi(variants, scores, STYLE).axes[0]
    assert texts(axes.figure) == ["1.39", "2.00"]
    (reported,) = axes.containers[1].lines[0].get_ydata()
    assert reported == pytest.approx(1.90)
