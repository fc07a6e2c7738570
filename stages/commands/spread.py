"""Run rows of the results over several seeds, as experiments, and keep the mean and deviation of their scores.

`python -m stages.commands spread [ROW ...]` works on the last commit, and brings the rows in metrics/spread.json up to
date. What ran once with the same code and values is taken from DVC's cache, so that an interrupted call goes on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from subprocess import DEVNULL
from typing import Any

from dvc.api import metrics_show

from stages.__main__ import require_name
from stages.base.errors import StageError
from stages.base.files import write_json
from stages.commands._dvc import last_commit, start_dvc

SPREAD = Path("metrics/spread.json")


@dataclass(frozen=True)
class Row:
    """A stage that writes scores, the key of params.yaml that its runs differ in, and what else is changed there."""

    target: str
    scores: str  # a file in metrics/, without its suffix; behind a colon, the part that counts
    key: str
    seeds: int  # values 0, 1, ... of that key
    changes: Mapping[str, Any] = field(default_factory=dict)


def semi(variant: str, key: str, seeds: int, **training: Any) -> Row:
    """A variant of class and style over `seeds`, with other values in its `training`."""
    changes = {f"semi.common.training.{name}": value for name, value in training.items()}
    return Row(f"measure_semi@{variant}", f"semi/{variant}", key, seeds, changes)


def faces(variant: str, seeds: int, **training: Any) -> Row:
    """A variant of the AAE of faces over `seeds`, with other values in its training."""
    changes = {f"faces.common.training.{name}": value for name, value in training.items()}
    return Row(f"measure_faces@{variant}", f"faces/{variant}", "faces.common.training.seed", seeds, changes)


PRIORS = ("gaussian", "umbrella", "umbrella_labels", "swiss_roll")
LABELS, TRAINING = "semi.labels_seed", "semi.common.training.seed"
ROWS = {
    **{name: Row(f"measure_digits@{name}", f"digits/{name}", "digits.common.training.seed", 3) for name in PRIORS},
    "labels_100": semi("labels_100", LABELS, 10),
    "labels_1000": semi("labels_1000", LABELS, 5),
    "labels_all": semi("labels_all", TRAINING, 3),
    "clusters_16": semi("clusters_16", TRAINING, 3),
    "clusters_30": semi("clusters_30", TRAINING, 3),
    # what each part of the objective is worth
    "labels_100_without_vat": semi("labels_100", LABELS, 3, vat_weight=0.0),
    "labels_100_without_information": semi("labels_100", LABELS, 3, information_weight=0.0),
    "labels_100_without_adversary": semi("labels_100", LABELS, 3, adversarial_weight=0.0),
    "labels_100_without_mmd": semi("labels_100", LABELS, 3, mmd_weight=0.0),
    "labels_100_without_decoder": semi("labels_100", LABELS, 3, reconstruction_weight=0.0),
    # the paper's objective alone, its noise on the encoder's input included
    "labels_100_paper": semi(
        "labels_100",
        LABELS,
        3,
        vat_weight=0.0,
        information_weight=0.0,
        mmd_weight=0.0,
        reconstruction_weight=1.0,
        noise=0.3,
    ),
    "one_per_person": faces("one_per_person", 3),
    "all_images": faces("all_images", 3),
    # the price of the prior, between that of the variants with and without an adversarial term
    "adversarial_0.003": faces("one_per_person", 1, adversarial_weight=0.003),
    "adversarial_0.03": faces("one_per_person", 1, adversarial_weight=0.03),
    "identity": Row("measure_identity", "faces/identity:person", "identity.training.seed", 3),
    "cnn": Row("compare_classifiers", "transfer:cnn", "cnn.training.seed", 5),
}


def run(name: str, row: Row, seed: int) -> dict[str, float]:
    """The scores of one run, as the experiment `spread-NAME-SEED`. Raises StageError where it fails."""
    experiment = f"spread-{name}-{seed}"
    start_dvc("exp", "remove", experiment, stdout=DEVNULL, stderr=DEVNULL)  # of an earlier call
    values = [f"--set-param={key}={value}" for key, value in {**row.changes, row.key: seed}.items()]
    print(f"{experiment}: {' '.join(values)}", flush=True)
    if start_dvc("exp", "run", "--temp", "--name", experiment, *values, row.target).returncode:
        raise StageError(f"the experiment {experiment} failed: what it said stands above")
    file, _, part = row.scores.partition(":")
    scores = metrics_show(f"metrics/{file}.json", rev=experiment)
    return {key: value for key, value in (scores[part] if part else scores).items() if isinstance(value, float)}


def read_spread() -> dict[str, Any]:
    """What ran so far: row -> score -> mean, deviation, and so on."""
    return json.loads(SPREAD.read_text(encoding="utf-8")) if SPREAD.is_file() else {}


def summarise(runs: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Mean, deviation (of the sample), least, most and number of each score."""
    return {
        score: {
            "mean": mean(values),
            "std": stdev(values) if len(values) > 1 else 0.0,
            "min": min(values),
            "max": max(values),
            "n": len(values),
        }
        for score in sorted(runs[0])
        if (values := [scores[score] for scores in runs])
    }


def main(*names: str) -> None:
    for name in names:
        require_name(name, list(ROWS), "row")
    last_commit(SPREAD.as_posix())
    for name in names or ROWS:
        runs = []
        for seed in range(ROWS[name].seeds):
            runs.append(run(name, ROWS[name], seed))
            rows = read_spread()
            if all(score["n"] <= len(runs) for score in rows.get(name, {}).values()):  # else those of earlier tell more
                write_json(SPREAD, rows | {name: summarise(runs)})
            print(f"{SPREAD}: {name} over {len(runs)} of {ROWS[name].seeds}", flush=True)
