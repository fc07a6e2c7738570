"""Fill the README's tables from the committed metrics and the declared graph: `python -m stages.report`."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import networkx
import yaml

from stages.base.errors import StageError
from stages.base.files import replacing
from stages.commands.why import dvc, flat, graph

README = Path("README.md")
PRIORS = {
    "gaussian": "MSE 0.0368 on training images",
    "umbrella": "none: stopped after one epoch",
    "umbrella_labels": "MSE 0.0397 on training images, all labels seen",
    "swiss_roll": "none",
}
CLASSIFIERS = {
    "cnn": ("specialist CNN", "73.91% / 96.00%"),
    "lightgbm_codes_tuned": ("LightGBM on face codes, tuned", "'above 50%'"),
    "lightgbm_codes": ("LightGBM on face codes, defaults", "43.17% / 84.24%"),
    "lightgbm_pca": ("control: PCA of faces, defaults", ""),
    "lightgbm_untrained": ("control: untrained encoder, defaults", ""),
    "lightgbm_pixels": ("control: raw pixels, defaults", ""),
    "chance": ("random guessing", ""),
    "pair_lightgbm_codes": ("automobile or ship, face codes", "84.55% / 91.66%"),
    "pair_lightgbm_pca": ("automobile or ship, control: PCA of faces", ""),
}


def metrics(name: str) -> dict:
    """A metrics file of the last run. Raises StageError where there is none."""
    try:
        return json.loads(Path("metrics", f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StageError(f"metrics/{name}.json is missing: run `dvc repro` first") from error


def digits_table() -> Iterator[str]:
    yield "| prior | test MSE | k-NN accuracy | sliced W2 (floor) | two-sample accuracy | petal accuracy | published |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name in yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["digits"]["priors"]:
        scores = metrics(f"digits/{name}")
        petals = f"{scores['petal_accuracy']:.1%}" if "petal_accuracy" in scores else ""
        yield (
            f"| `{name}` | {scores['test_mse']:.4f} | {scores['knn_accuracy']:.1%} "
            f"| {scores['sliced_w2']:.3f} ({scores['sliced_w2_floor']:.3f}) | {scores['two_sample_accuracy']:.1%} "
            f"| {petals} | {PRIORS.get(name, '')} |"
        )


def faces_table() -> Iterator[str]:
    data, model = metrics("faces/dataset"), metrics("faces/model")
    yield f"| {data['people']:,} people, {data['held_out_people']} of them held out | training | held-out |"
    yield "| --- | --- | --- |"
    yield f"| mean squared error | {model['train_mse']:.4f} | {model['held_out_mse']:.4f} |"
    yield f"| the same, PCA with as many dimensions | | {model['pca_held_out_mse']:.4f} |"
    yield f"| peak signal-to-noise ratio | | {model['held_out_psnr']:.1f} dB |"
    yield f"| mean squared norm of the code, per dimension | | {model['code_norm']:.3f} |"
    yield f"| sliced W2 to the prior (floor) | | {model['sliced_w2']:.3f} ({model['sliced_w2_floor']:.3f}) |"


def transfer_table() -> Iterator[str]:
    scores = metrics("transfer")
    yield "| CIFAR-10 test images | accuracy | AUROC | training accuracy | published, accuracy / AUROC |"
    yield "| --- | --- | --- | --- | --- |"
    for name, (label, published) in CLASSIFIERS.items():
        row = scores[name]
        yield f"| {label} | {row['accuracy']:.2%} | {row['auroc']:.2%} | {row['train_accuracy']:.2%} | {published} |"


def diagram() -> Iterator[str]:
    """The graph of stages as Mermaid, with one box for all that a `foreach` makes."""
    edges = {(a.split("@")[0], b.split("@")[0]) for a, b in graph(dvc("dag", "--dot")).edges}
    yield "```mermaid"
    yield "flowchart TD"
    yield from (f"    {a} --> {b}" for a, b in sorted(edges))
    yield "```"


def reruns(params: Mapping[str, Any], lock: Mapping[str, Any], stages: networkx.DiGraph) -> dict[str, list[set[str]]]:
    """For each key of params.yaml the stages that read it, and those that follow them.

    A key stands for all keys below it where they have the same readers. `lock` are the stages of dvc.lock.
    """
    readers = {
        leaf: frozenset(
            name
            for name, stage in lock.items()
            for key in stage.get("params", {}).get("params.yaml", {})
            if f"{leaf}.".startswith(f"{key}.")
        )
        for leaf in flat(params)
    }
    rows = {}
    for leaf, direct in readers.items():
        key = leaf
        while "." in key:
            above = key.rpartition(".")[0]
            if {readers[other] for other in readers if other.startswith(f"{above}.")} != {direct}:
                break
            key = above
        after = {name for stage in direct for name in networkx.descendants(stages, stage)} - direct
        rows[key] = [set(direct), after]
    return rows


def grouped(names: set[str], everything: Iterable[str]) -> str:
    """Stage names for a table: `group` for all members of a group, `group@member` for some."""
    shown = set()
    for name in names:
        group = name.split("@")[0]
        members = {other for other in everything if other.split("@")[0] == group}
        shown.add(group if members <= names else name)
    return ", ".join(f"`{name}`" for name in sorted(shown))


def parameters_table() -> Iterator[str]:
    yield "| key of params.yaml | stages that read it | stages that follow, if the outputs change |"
    yield "| --- | --- | --- |"
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    lock = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))["stages"]
    stages = graph(dvc("dag", "--dot"))
    for key, (direct, after) in reruns(params, lock, stages).items():
        yield f"| `{key}` | {grouped(direct, stages)} | {grouped(after, stages)} |"


BLOCKS: dict[str, Callable[[], Iterator[str]]] = {
    "digits": digits_table,
    "faces": faces_table,
    "transfer": transfer_table,
    "graph": diagram,
    "parameters": parameters_table,
}


def filled(text: str) -> str:
    """`text` with what stands between each pair of marks `<!-- NAME -->` and `<!-- end -->` made anew."""

    def block(match: re.Match) -> str:
        lines = "\n".join(BLOCKS[match["name"]]())
        return f"<!-- {match['name']} -->\n\n{lines}\n\n<!-- end -->"

    return re.sub(r"<!-- (?P<name>\w+) -->\n.*?<!-- end -->", block, text, flags=re.DOTALL)


def main() -> None:
    text = filled(README.read_text(encoding="utf-8"))
    with replacing(README) as part:
        part.write_text(text, encoding="utf-8")
