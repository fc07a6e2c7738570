"""Run the whole pipeline on small data, in a folder of its own.

The folder becomes a repository with the same stages and code; only its params.yaml differs, by `DEMO`. JOBS stages run
at a time, for small ones leave a core idle.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from stages.base.errors import StageError
from stages.base.params import read_params
from stages.commands import repro
from stages.commands._dvc import git

# dotted keys of params.yaml and their values in the demo: small data, short training
DEMO = {
    "data.source": "demo",
    "data.mnist.validation": 200,
    "data.cifar10.validation": 100,
    "digits.common.hidden": [256, 64],
    "digits.common.discriminator": [64, 64],
    "digits.common.training.epochs": 24,
    "digits.common.training.batch_size": 64,
    # with the real data's values, so few steps collapse the codes
    "digits.common.training.learning_rate": 0.003,
    "digits.common.training.adversarial_weight": 0.002,
    "digits.priors.umbrella_labels.training.adversarial_weight": 0.002,
    "digits.priors.umbrella_labels.training.labelled_batch": 64,
    "semi.validation": 200,
    "semi.common.model.hidden": [256, 256],
    "semi.common.model.discriminator": [64, 64],
    "semi.common.training.batch_size": 64,
    "semi.variants.labels_all.training.epochs": 11,
    "semi.variants.labels_all.training.batch_size": 64,
    "faces.common.model.prior.dim": 64,
    "faces.common.model.encoder": [8, 16, 32, 64],
    "faces.common.model.refiner": [8, 16],
    "faces.common.training.epochs": 8,
    "faces.variants.all_images.training.epochs": 8,
    "faces.common.training.batch_size": 32,
    "identity.person": 16,
    "identity.training.batch_size": 32,
    "cnn.validation": 50,
    "cnn.training.epochs": 3,
    "cnn.training.batch_size": 100,
    "lightgbm.settings.defaults.trees": 20,
    "lightgbm.settings.tuned.trees": 20,
    # the small data have nobody of such a name, and need no pictures of one's own
    "gifs.people": [],
    "gifs.photos": [],
}
COPIED = [
    "stages",
    "dvc.yaml",
    ".dvcignore",
    ".gitignore",
    ".dvc/config",
    ".dvc/.gitignore",
    ".dvc/plots/page.html",
    "data/.gitignore",
]


def set_values(tree: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """`tree` with the value at each dotted key replaced, in place. Raises StageError for a key that it lacks."""
    for key, value in values.items():
        node: Any = tree
        *parents, leaf = key.split(".")
        for name in parents:
            node = node.get(name) if isinstance(node, dict) else None
        if not isinstance(node, dict) or leaf not in node:
            raise StageError(f"params.yaml has no key {key}: the demo sets it, so name it there or change DEMO")
        node[leaf] = value
    return tree


def lay_out(folder: Path, params: Mapping[str, Any], project: Path = Path()) -> None:
    """Make `folder` a repository with the project's pipeline and the given content of params.yaml."""
    for name in COPIED:
        source, target = project / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    # dvclive names the commit that a training starts from, so there must be one, whatever the user's settings of git
    settings = ["user.name=demo", "user.email=demo@localhost", "commit.gpgsign=false", "core.hooksPath=/dev/null"]
    here = ["-C", str(folder), *(word for setting in settings for word in ("-c", setting))]
    git(*here, "init", "--quiet")  # which leaves a repository as it is
    if not git(*here, "rev-list", "--max-count=1", "--all"):
        git(*here, "add", "--all")
        git(*here, "commit", "--quiet", "--message=Demo")


def main(folder: str, jobs: str = "2") -> None:
    lay_out(Path(folder), set_values(read_params(), DEMO))
    os.chdir(folder)
    repro.main(jobs)
    print(f"The demo's page is {folder}/data/page/index.html, its figures are in {folder}/plots.")
