"""Train boosted trees on features of CIFAR-10 images."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import lightgbm
import numpy as np
from pydantic import Field
from tqdm import tqdm

from stages.base.files import DamagedFile
from stages.base.params import Count, Section, Seed, load
from stages.base.tables import Images, Latents, Predictions, read_arrays

AT_ONCE = 512  # features whose bins are chosen together, which bounds the memory

Share = Annotated[float, Field(gt=0, le=1)]
Classes = Literal["all"] | Annotated[list[str], Field(min_length=2)]  # key `lightgbm.classifiers.NAME.classes`


class Candidate(Section):
    """One set of LightGBM's hyperparameters, by its names."""

    num_leaves: Annotated[int, Field(ge=2)]
    learning_rate: Share
    feature_fraction: Share
    lambda_l2: Annotated[float, Field(ge=0)]


class BoostingSettings(Section):
    """Section `lightgbm.settings.NAME`."""

    trees: Count  # at most so many per class
    patience: Annotated[int, Field(ge=0)]  # stop after so many without a better validation loss; 0: never
    candidates: Annotated[list[Candidate], Field(min_length=1)]


class BoostingCommon(Section):
    """Section `lightgbm.common`: alike for the codes and all controls."""

    seed: Seed
    max_bin: Annotated[int, Field(ge=2, le=255)]


def read_features(path: str) -> Latents:
    """Latent codes (N, d) float32, or images with their pixels (N, H * W * C) uint8 in the codes' place."""
    try:
        return Latents.read(path)
    except DamagedFile:  # it has no codes, or cannot be read at all
        data = Images.read(path)
    return Latents.of(data, data.images.reshape(len(data), -1))


def choose_classes(data: Latents, names: Sequence[str], classes: Classes) -> tuple[Latents, int]:
    """The rows of some classes, labelled 0, 1, ... in the order of `classes`, and the number of classes."""
    if classes == "all":
        return data, len(names)
    new = np.full(len(names), -1)
    new[[list(names).index(name) for name in classes]] = np.arange(len(classes))
    rows = data.where(new[data.labels] >= 0)
    return replace(rows, labels=new[rows.labels]), len(classes)


def train_lightgbm(
    name: str, data: Latents, classes: int, settings: BoostingSettings, common: BoostingCommon
) -> Predictions:
    """Boost trees on the split `train` for each candidate; the one of least loss on `validation` predicts all rows.

    The loss is the mean negative log-likelihood. Labels are in [0, classes).
    """
    objective = {"objective": "binary"} if classes == 2 else {"objective": "multiclass", "num_class": classes}
    exact = {"deterministic": True, "force_col_wise": True}  # the same bytes on each run
    params = objective | exact | {"enable_bundle": False, "verbosity": -1} | common.model_dump()
    train, validation = (data.part(split) for split in ("train", "validation"))
    tables = bin_features(train, validation, params)
    boosters = [
        boost(f"{name} {i}/{len(settings.candidates)}", *tables, settings, params | candidate.model_dump())
        for i, candidate in enumerate(settings.candidates, 1)
    ]
    best = min(boosters, key=lambda booster: next(iter(booster.best_score["validation"].values())))
    probabilities = best.predict(data.codes)
    if classes == 2:
        probabilities = np.stack([1 - probabilities, probabilities], 1)
    return Predictions.of(data, probabilities)


def bin_features(train: Latents, validation: Latents, params: dict[str, Any]) -> list[lightgbm.Dataset]:
    """Both as LightGBM's tables of bins, which those of `train` fill evenly.

    LightGBM copies all values, at thrice their size, to choose the bins: so the tables grow by some features at a time.
    """
    tables: list[lightgbm.Dataset] = []
    for start in range(0, train.codes.shape[1], AT_ONCE):
        some = slice(start, start + AT_ONCE)
        learned = lightgbm.Dataset(train.codes[:, some], train.labels, params=params).construct()
        watched = learned.create_valid(validation.codes[:, some], validation.labels, params=params).construct()
        if not tables:
            tables = [learned, watched]
            continue
        with warnings.catch_warnings(action="ignore"):  # that no copy of the values, and no category, is kept
            for table, more in zip(tables, (learned, watched), strict=True):
                table.add_features_from(more)
    return tables


def boost(
    title: str,
    train: lightgbm.Dataset,
    validation: lightgbm.Dataset,
    settings: BoostingSettings,
    params: dict[str, Any],
) -> lightgbm.Booster:
    """One candidate, whose values are among the `params`, trained on `train` and watched on `validation`."""
    with tqdm(total=settings.trees, desc=title, unit="tree") as bar:
        callbacks: list[Any] = [show_progress(bar)]
        if settings.patience:
            callbacks.append(lightgbm.early_stopping(settings.patience, verbose=False))
        return lightgbm.train(params, train, settings.trees, [validation], ["validation"], callbacks=callbacks)


def show_progress(bar: tqdm) -> Any:
    """A callback that moves the bar and shows the validation loss."""

    def show(state: Any) -> None:
        bar.update()
        bar.set_postfix({"validation_loss": f"{state.evaluation_result_list[0][2]:.4f}"}, refresh=False)

    return show


def main(classifier: str) -> None:
    names = read_arrays("data/objects/cifar10.npz", "names")["names"].tolist()
    data, classes = choose_classes(
        read_features(load(f"lightgbm.classifiers.{classifier}.features", str)),
        names,
        load(f"lightgbm.classifiers.{classifier}.classes", Classes),
    )
    settings = load(f"lightgbm.classifiers.{classifier}.settings", str)
    train_lightgbm(
        classifier,
        data,
        classes,
        load(f"lightgbm.settings.{settings}", BoostingSettings),
        load("lightgbm.common", BoostingCommon),
    ).write(f"data/predictions/{classifier}.npz")
