"""What pictures and tables need to know of all variants: their names and labels, apart from how they are made.

A stage of its own, because a changed training parameter leaves these files as they are, so that no stage that
compares variants runs for its sake.
"""

from typing import Any

from stages.base.files import write_json
from stages.base.params import load

Entries = dict[str, dict[str, Any]]


def main() -> None:
    priors, specialist = load("digits.priors", Entries), {"label": load("cnn.label", str), "classes": "all"}
    probes = {name: entry | {"classes": "all"} for name, entry in load("linear.classifiers", Entries).items()}
    classifiers = {"cnn": specialist, **load("lightgbm.classifiers", Entries), **probes}
    # as lists, which keep the order of params.yaml
    write_json("data/variants/digits.json", choose_keys(priors, "label", "prior"))
    write_json("data/variants/semi.json", choose_keys(load("semi.variants", Entries), "label", "labels", "classes"))
    write_json("data/variants/classifiers.json", choose_keys(classifiers, "label", "classes"))


def choose_keys(entries: Entries, *keys: str) -> list[dict[str, Any]]:
    """Each entry's name and the values of some of its keys."""
    return [{"name": name, **{key: entry[key] for key in keys}} for name, entry in entries.items()]
