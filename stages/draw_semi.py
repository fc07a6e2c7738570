"""Draw what one AAE of class and style learned."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from stages.aae.semi import ClassesAndStyles, SemiAAE, decode
from stages.base.params import Count, DataSource, Section, Seed, load
from stages.base.tables import Images
from stages.learning.weights import load_weights
from stages.measure.classification import confusion
from stages.measure.clusters import merge, name_by_confidence
from stages.show.curves import read_curves
from stages.show.semi import learning, mistakes
from stages.show.sheets import as_rgb, sheet
from stages.show.style import Style, note_on, save

CELL = 0.35  # inches of an image on a sheet


class DrawSemi(Section):
    """Section `draw.semi`."""

    seed: Seed
    styles: Count
    examples: Count
    rows: Count
    columns: Count


def draw_semi(
    aae: SemiAAE,
    data: Images,
    codes: ClassesAndStyles,
    curves: Path,
    label: str,
    labelled: bool,
    validation: int,
    params: DrawSemi,
    style: Style,
) -> dict[str, Figure]:
    """All figures of one variant by name; `data` and `codes` have the same rows, `curves` is dvclive's folder.

    Clusters, where nothing is `labelled`, get their names from the first `validation` images of that split.
    """
    random, classes, digits = np.random.default_rng(params.seed), len(data.names), list(map(str, data.names))
    images, test = data.part("test").images, codes.part("test")
    watched = codes.part("validation")
    watched = watched.where(np.arange(len(watched)) < validation)
    names = np.arange(classes) if labelled else name_by_confidence(watched.probabilities, watched.labels)
    parts = digits if labelled else [f"{k}: {digits[name]}" for k, name in enumerate(names)]
    heads = np.eye(aae.classes, dtype=np.float32)

    def in_all_classes(styles: np.ndarray) -> np.ndarray:
        """Images (n, K, H, W, C) of each style (n, d) in each class."""
        decoded = decode(aae, np.tile(heads, (len(styles), 1)), np.repeat(styles, aae.classes, 0))
        return decoded.reshape(len(styles), aae.classes, *decoded.shape[1:])

    samples, _ = aae.style.sample(params.styles, torch.Generator().manual_seed(params.seed))
    what = "class" if labelled else "cluster"
    figures = {
        "styles": sheet(
            in_all_classes(samples.numpy()).swapaxes(0, 1),
            f"{label}: a {what} per row, the same sample of the style's prior per column",
            CELL,
            row_labels=parts,
        ),
        "curves": learning(read_curves(curves), labelled, style, f"{label}: how it learned"),
    }

    chosen = random.permutation(len(test))[: params.examples]
    both = np.stack([as_rgb(images[chosen]), as_rgb(decode(aae, test.probabilities[chosen], test.codes[chosen]))], 1)
    figures["analogies"] = sheet(
        np.concatenate([both, as_rgb(in_all_classes(test.codes[chosen]))], 1),
        f"{label}: styles of test images in one {what} after the other",
        CELL,
        column_labels=["image", "AAE", *([f"{k}" for k in range(aae.classes)])],
        subtitle=f"each row: an image, its reconstruction, and its style in each {what}",
    )

    predicted = names[test.probabilities.argmax(1)]  # as the test error has it
    confidence = merge(test.probabilities, names, classes)[np.arange(len(test)), predicted]
    wrong = np.flatnonzero(predicted != test.labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][: params.rows * params.columns]
    captions = [f"{digits[test.labels[i]]} > {digits[predicted[i]]}, {100 * confidence[i]:.1f}%" for i in wrong]
    figures["mistakes"] = mistakes(
        confusion(np.eye(classes)[predicted], test.labels),
        images[wrong],
        captions,
        digits,
        params.columns,
        f"{label}: all test images, and the most confident mistakes as true > predicted",
    )

    surest = np.argsort(-test.probabilities, 0, kind="stable")[: params.styles].T  # (K, styles)
    plain = in_all_classes(np.zeros((1, aae.style.dim), np.float32)).swapaxes(0, 1)
    figures["heads"] = sheet(
        np.concatenate([as_rgb(plain), as_rgb(images[surest])], 1),
        f"{label}: each {what} in the style at the origin, then the test images most surely in it",
        CELL,
        row_labels=parts,
        subtitle="" if labelled else "behind each cluster's number: what its most confident validation image shows",
    )
    return figures


def main(name: str) -> None:
    style, note = load("draw.style", Style), note_on(load("data.source", DataSource))
    figures = draw_semi(
        load_weights(SemiAAE, f"data/models/semi/{name}.safetensors"),
        Images.read("data/digits/mnist.npz"),
        ClassesAndStyles.read(f"data/latents/semi/{name}.npz"),
        Path(f"plots/semi/{name}/curves"),
        load(f"semi.variants.{name}.label", str),
        load(f"semi.variants.{name}.labels", str | int) != 0,
        load("semi.validation", Count),
        load("draw.semi", DrawSemi),
        style,
    )
    for figure, drawn in figures.items():
        save(drawn, f"plots/semi/{name}/{figure}.png", style, note)
