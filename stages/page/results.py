"""Curves, scores and parameters of a run, for the page."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Curves = dict[str, dict[str, list[float]]]  # training -> metric -> a value per epoch


def read_curves(folders: Sequence[str | Path]) -> Curves:
    """All tables of dvclive below the folders."""
    curves: Curves = {}
    for table in sorted(path for folder in folders for path in Path(folder).rglob("curves/plots/metrics/**/*.tsv")):
        training = table.as_posix().split("/curves/")[0].removeprefix("plots/")
        values = np.loadtxt(table, skiprows=1, delimiter="\t", ndmin=2)[:, 1]
        curves.setdefault(training, {})[table.stem] = [float(f"{value:.6g}") for value in values]
    return curves


def read_metrics(places: Sequence[str | Path]) -> dict[str, dict[str, Any]]:
    """The content of metrics files, and of those in folders, by name: dotted keys and values."""
    files = [file for place in map(Path, places) for file in ([place] if place.is_file() else place.rglob("*.json"))]
    return {
        file.as_posix().removeprefix("metrics/").removesuffix(".json"): flatten(json.loads(file.read_text("utf-8")))
        for file in sorted(files)
    }


def scores(tasks: Sequence[Mapping[str, Any]], table: Mapping[str, Any]) -> list[tuple[str, dict[str, float]]]:
    """Label and scores of each classifier of the tasks, and of a random guess; all but the first task are named."""
    rows = [
        (each["label"] if n == 0 else f"{task['heading']}: {each['label']}", table[each["name"]])
        for n, task in enumerate(tasks)
        for each in task["classifiers"]
    ]
    return [*rows, ("random guessing", table["chance"])]


def flatten(values: Any, key: str = "") -> dict[str, Any]:
    """Leaves of nested mappings by dotted key."""
    if not isinstance(values, dict):
        return {key: values}
    parts = [flatten(inner, f"{key}.{name}".lstrip(".")) for name, inner in values.items()]
    return {name: value for part in parts for name, value in part.items()}


def split_params(text: str) -> list[tuple[str, str]]:
    """The sections of params.yaml: the top-level key and all its lines, comments included."""
    return [(part.split(":")[0], part.rstrip()) for part in re.split(r"^(?=\w)", text, flags=re.MULTILINE) if part]
