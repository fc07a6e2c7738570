"""Run rows of the results over several seeds, as experiments, and keep the mean and deviation of their scores.

`python -m stages.commands spread [ROW ...]` works on the last commit, and brings the rows in metrics/spread.json up to
date. What ran once with the same code and values is taken from DVC's cache, so that an interrupted call goes on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from subprocess import DEVNULL
from tempfile import TemporaryDirectory
from typing import Any

from dvc.api import DVCFileSystem, metrics_show

from stages.__main__ import require_name
from stages.base.errors import StageError
from stages.base.files import write_json
from stages.base.tables import Predictions
from stages.commands._dvc import last_commit, start_dvc

SPREAD = Path("metrics/spread.json")


@dataclass(frozen=True)
class Series:
    """Runs of a stage that makes scores, which differ in one key of params.yaml; `changes` are alike in all."""

    target: str
    scores: str  # a file of metrics, behind a colon the part that counts; or of predictions
    key: str
    seeds: int  # values 0, 1, ... of that key
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def entry(self) -> str:
        """The entry of params.yaml that the stage is of."""
        return self.target.partition("@")[2]


def aae(kind: str, entry: str, key: str, seeds: int, **training: Any) -> Series:
    """An AAE of digits, semi or faces over values of `key`, with other values in its training."""
    changes = {f"{kind}.common.training.{name}": value for name, value in training.items()}
    return Series(f"measure_{kind}@{entry}", f"metrics/{kind}/{entry}.json", key, seeds, changes)


def classifiers(stage: str, *names: str, key: str) -> dict[str, Series]:
    """Classifiers of CIFAR-10 over the values of `key`, which draws the features or what is learned from them."""
    return {name: Series(f"{stage}@{name}", f"data/predictions/{name}.npz", key, 3) for name in names}


PRIORS = ("gaussian", "umbrella", "umbrella_labels", "swiss_roll")
TERMS = {"mmd": "mmd_weight", "adversary": "adversarial_weight"}  # which bring codes to the prior
DIGITS, FACES = "digits.common.training.seed", "faces.common.training.seed"
UNTRAINED, COLUMNS = "features.untrained.seed", "lightgbm.common.seed"
LABELS, TRAINING = "semi.labels_seed", "semi.common.training.seed"
# the paper's objective of class and style, its noise on the encoder's input included
PAPER_ALONE = {
    "vat_weight": 0.0,
    "information_weight": 0.0,
    "mmd_weight": 0.0,
    "reconstruction_weight": 1.0,
    "noise": 0.3,
}
digits, semi, faces = (partial(aae, kind) for kind in ("digits", "semi", "faces"))
ROWS = {
    **{name: digits(name, DIGITS, 3) for name in PRIORS},
    **{
        f"{name}_without_{term}": digits(name, DIGITS, 3, **{key: 0.0})
        for term, key in TERMS.items()
        for name in ("gaussian", "umbrella")
    },
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
    "labels_100_paper": semi("labels_100", LABELS, 3, **PAPER_ALONE),
    "one_per_person": faces("one_per_person", FACES, 3),
    "all_images": faces("all_images", FACES, 3),
    "no_prior": faces("no_prior", FACES, 3),
    # what larger weights of the adversarial term cost, and what MMD does in its place
    "one_per_person_adversarial_weight_0.003": faces("one_per_person", FACES, 1, adversarial_weight=0.003),
    "one_per_person_adversarial_weight_0.03": faces("one_per_person", FACES, 1, adversarial_weight=0.03),
    "one_per_person_mmd_alone": faces("one_per_person", FACES, 1, adversarial_weight=0.0, mmd_weight=0.01),
    # what a sharper error costs
    "one_per_person_at_four_scales": faces("one_per_person", FACES, 1, pyramid_weight=0.01),
    "identity": Series("measure_identity", "metrics/faces/identity.json:person", "identity.training.seed", 3),
    "cnn": Series("train_cnn", "data/predictions/cnn.npz", "cnn.training.seed", 5),
    # each on features that were trained anew
    **classifiers("train_lightgbm", "lightgbm_features_tuned", "lightgbm_codes_tuned", "lightgbm_codes", key=FACES),
    **classifiers("train_lightgbm", "lightgbm_codes_all", key=FACES),
    **classifiers("train_lightgbm", "pair_lightgbm_features_tuned", "pair_lightgbm_codes", key=FACES),
    **classifiers("train_linear", "linear_codes", key=FACES),
    # on what nothing trains; no row has LightGBM's defaults, which see all of it in each tree, so that no seed counts
    **classifiers("train_lightgbm", "lightgbm_untrained_tuned", key=UNTRAINED),
    **classifiers("train_lightgbm", "pair_lightgbm_untrained_tuned", key=UNTRAINED),
    **classifiers("train_lightgbm", "lightgbm_pca_tuned", "lightgbm_pixels_tuned", key=COLUMNS),
    **classifiers("train_lightgbm", "pair_lightgbm_pixels_tuned", key=COLUMNS),
}


def run(name: str, row: Series, seed: int) -> dict[str, float]:
    """The scores of one run, as the experiment `spread-NAME-SEED`. Raises StageError where it fails."""
    experiment = f"spread-{name}-{seed}"
    start_dvc("exp", "remove", experiment, stdout=DEVNULL, stderr=DEVNULL)  # of an earlier call
    values = [f"--set-param={key}={value}" for key, value in {**row.changes, row.key: seed}.items()]
    print(f"{experiment}: {' '.join(values)}", flush=True)
    if start_dvc("exp", "run", "--temp", "--name", experiment, *values, row.target).returncode:
        raise StageError(f"the experiment {experiment} failed: what it said stands above")
    return read_scores(row.scores, experiment)


def read_scores(scores: str, experiment: str) -> dict[str, float]:
    """What an experiment has in a file of metrics, a part of it, or how good its predictions in a file are."""
    file, _, part = scores.partition(":")
    if file.endswith(".json"):
        found = metrics_show(file, rev=experiment)
        return {key: value for key, value in (found[part] if part else found).items() if isinstance(value, float)}
    from stages.compare_classifiers import score  # with libraries that take seconds to load

    with TemporaryDirectory() as folder:
        copy = f"{folder}/{Path(file).name}"
        DVCFileSystem(rev=experiment).get_file(file, copy)
        return score(Predictions.read(copy))


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
    revision = last_commit(SPREAD.as_posix())
    for name in names or ROWS:
        runs = []
        for seed in range(ROWS[name].seeds):
            if last_commit(SPREAD.as_posix()) != revision:
                raise StageError(f"rows are of one commit, {revision[:7]}: check it out and call again, it goes on")
            runs.append(run(name, ROWS[name], seed))
            rows = read_spread()
            more_before = any(score["n"] > len(runs) for score in rows.get(name, {}).values())  # which tell more
            if not more_before:
                write_json(SPREAD, rows | {name: summarise(runs)})
            said = ", the row of more that ran before stays" if more_before else ""
            print(f"{name}: {len(runs)} of {ROWS[name].seeds} runs{said}", flush=True)
