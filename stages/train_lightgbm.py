"""Train boosted trees on features of CIFAR-10 images: `python -m stages.train_lightgbm NAME`."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import lightgbm
import numpy as np
from pydantic import Field
from tqdm import tqdm

from stages.base.errors import StageError
from stages.base.params import Count, Section, Seed, load
from stages.base.tables import Images, Latents, Predictions, read_arrays

Share = Annotated[float, Field(gt=0, le=1)]


class Task(Section):
    """Section `lightgbm.runs.NAME`."""

    features: str  # a file of latent codes, or of images, whose pixels are the features
    settings: str  # a name in lightgbm.settings
    classes: Literal["all"] | Annotated[list[str], Field(min_length=2)]


class Candidate(Section):
    """One set of LightGBM's hyperparameters, by its names and with its defaults."""

    num_leaves: Annotated[int, Field(ge=2)] = 31
    learning_rate: Share = 0.1
    feature_fraction: Share = 1.0
    min_child_samples: Count = 20
    lambda_l2: Annotated[float, Field(ge=0)] = 0.0


class Settings(Section):
    """Section `lightgbm.settings.NAME`."""

    trees: Count  # at most so many per class
    patience: Annotated[int, Field(ge=0)]  # stop after so many without a better validation loss; 0: never
    candidates: Annotated[list[Candidate], Field(min_length=1)]


class Common(Section):
    """Section `lightgbm.common`: alike for the codes and all controls."""

    seed: Seed
    max_bin: Annotated[int, Field(ge=2, le=255)]


def read_features(path: str) -> Latents:
    """Latent codes (N, d) float32, or images with their pixels (N, H * W * C) uint8 in the codes' place."""
    try:
        return Latents.read(path)
    except StageError:  # it has no codes, or cannot be read at all
        data = Images.read(path)
    return Latents(labels=data.labels, split=data.split, index=data.index, codes=data.images.reshape(len(data), -1))


def only(data: Latents, names: Sequence[str], classes: Literal["all"] | Sequence[str]) -> tuple[Latents, int]:
    """The rows of some classes, labelled 0, 1, ... in the order of `classes`, and the number of classes."""
    if classes == "all":
        return data, len(names)
    unknown = set(classes) - set(names)
    if unknown:
        raise StageError(f"params.yaml: lightgbm.runs: no class {', '.join(sorted(unknown))} among {', '.join(names)}")
    new = np.full(len(names), -1)
    new[[list(names).index(name) for name in classes]] = np.arange(len(classes))
    rows = data.where(new[data.labels] >= 0)
    return Latents(labels=new[rows.labels], split=rows.split, index=rows.index, codes=rows.codes), len(classes)


def train_lightgbm(name: str, data: Latents, classes: int, settings: Settings, common: Common) -> Predictions:
    """Boost trees on the split `train` for each candidate; the one of least loss on `validation` predicts all rows.

    The loss is the mean negative log-likelihood. Labels are in [0, classes).
    """
    parts = {split: data.part(split) for split in ("train", "validation")}
    boosters = [
        boost(f"{name} {i}/{len(settings.candidates)}", parts, classes, settings, candidate, common)
        for i, candidate in enumerate(settings.candidates, 1)
    ]
    best = min(boosters, key=lambda booster: next(iter(booster.best_score["validation"].values())))
    probabilities = best.predict(data.codes)
    if classes == 2:
        probabilities = np.stack([1 - probabilities, probabilities], 1)
    return Predictions(data.labels, data.split, data.index, probabilities.astype(np.float32))


def boost(
    title: str, parts: dict[str, Latents], classes: int, settings: Settings, candidate: Candidate, common: Common
) -> lightgbm.Booster:
    """One candidate, trained on `parts["train"]` and watched on `parts["validation"]`."""
    objective = {"objective": "binary"} if classes == 2 else {"objective": "multiclass", "num_class": classes}
    exact = {"deterministic": True, "force_col_wise": True, "verbosity": -1}  # the same bytes on each run
    params = objective | exact | candidate.model_dump() | common.model_dump()
    train = lightgbm.Dataset(parts["train"].codes, parts["train"].labels, params=params)
    validation = train.create_valid(parts["validation"].codes, parts["validation"].labels)
    with tqdm(total=settings.trees, desc=title, unit="tree") as bar:
        callbacks: list[Any] = [progress(bar)]
        if settings.patience:
            callbacks.append(lightgbm.early_stopping(settings.patience, verbose=False))
        return lightgbm.train(params, train, settings.trees, [validation], ["validation"], callbacks=callbacks)


def progress(bar: tqdm) -> Any:
    """A callback that moves the bar and shows the validation loss."""

    def show(state: Any) -> None:
        bar.update()
        bar.set_postfix({"validation_loss": f"{state.evaluation_result_list[0][2]:.4f}"}, refresh=False)

    return show


def main(name: str) -> None:
    task = load(f"lightgbm.runs.{name}", Task)
    names = read_arrays("data/objects/cifar10.npz", "names")["names"].tolist()
    data, classes = only(read_features(task.features), names, task.classes)
    settings = load(f"lightgbm.settings.{task.settings}", Settings)
    predictions = train_lightgbm(name, data, classes, settings, load("lightgbm.common", Common))
    predictions.write(f"data/predictions/{name}.npz")
