"""Show experiments side by side: here, a line per parameter or metric that differs, and on a page that sorts them.

`dvc exp show` has a column per value, hundreds of characters wide; here the experiments are the columns.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas

from stages.base.errors import StageError
from stages.base.files import replacing
from stages.commands._dvc import dvc
from stages.page.rendering import number, template
from stages.page.results import flatten

WIDTH = 100  # characters
PAGE = Path("dvc_plots/experiments.html")  # beside DVC's own pages
KINDS = {"params": "parameter", "metrics": "metric"}
METRICS = 6  # how many the page shows at first
STAGES = Path(__file__).parents[1]


def read_table(shown: str) -> pandas.DataFrame:
    """A row per experiment and a column (kind, name) per value that differs, of what `dvc exp show --json` prints.

    Where an experiment lacks a value, an empty text stands; one without results differs in no metric.
    """
    runs = [run for commit in json.loads(shown) for run in ({"revs": [commit]}, *(commit["experiments"] or []))]
    table = pandas.DataFrame(map(values_of, runs), index=map(name_of, runs), dtype=object)
    changed = []
    for kind in KINDS.values():
        known = table[[column for column in table if column[0] == kind]].dropna(how="all")
        changed += [column for column in known if known[column].map(repr).nunique() > 1]
    if not changed:
        raise StageError("no experiment differs from the workspace: start one with `dvc exp run -S KEY=VALUE`")
    return table[changed].where(table[changed].notna(), "")


def state_of(run: Mapping[str, Any]) -> str:
    """What became of a run, where it was queued; of others DVC keeps only those that succeeded."""
    return run["executor"]["state"] if run.get("executor") else "success"


def name_of(run: Mapping[str, Any]) -> str:
    """An experiment's name, or that of its revision, and its state where it has no results."""
    name = run["revs"][0]["name"] or run["revs"][0]["rev"][:9]
    return name if state_of(run) == "success" else f"{name} ({state_of(run)})"


def values_of(run: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Parameters by kind and name, and metrics where it has some of its own; without what curves in plots/ end with."""
    data = run["revs"][0]["data"] or {}
    return {
        (kind, f"{path} {key}".removeprefix("params.yaml ").removeprefix("metrics/").replace(".json ", " ")): value
        for group, kind in KINDS.items()
        if group == "params" or state_of(run) == "success"
        for path, file in data.get(group, {}).items()
        if not path.startswith("plots/")
        for key, value in flatten(file.get("data", {})).items()
    }


def side_by_side(table: pandas.DataFrame, width: int = WIDTH) -> str:
    """The table turned; experiments that do not fit in `width` follow below."""
    turned = table.map(number).set_axis([name for _, name in table.columns], axis=1).T
    return turned.sort_index().to_string(line_width=width)


def write_page(table: pandas.DataFrame) -> None:
    """One file with the experiments as lines through parallel axes, and as rows that sort."""
    scripts = ("elements.js", "charts.js", "experiments.js")
    page = template("experiments.html.j2", STAGES / "commands/assets", STAGES / "page/assets")
    text = page.render(rows=table.iterrows(), columns=list(table), metrics=METRICS, scripts=scripts)
    with replacing(PAGE) as part:
        part.write_text(text, encoding="utf-8")


def main() -> None:
    table = read_table(dvc("exp", "show", "--json"))
    print(side_by_side(table))
    write_page(table)
    print(f"\n{PAGE} shows them as lines and as a table to sort: open it in a browser")
