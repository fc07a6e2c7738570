"""Show experiments side by side, a line per parameter or metric that differs.

`dvc exp show` has a column per value, hundreds of characters wide; here the experiments are the columns.
"""

import io

import pandas

from stages.base.errors import StageError
from stages.commands._dvc import dvc

WIDTH = 100  # characters
# columns of dvc's table that name a revision; those of files, which hold digests
ABOUT = ["Experiment", "rev", "typ", "Created", "parent", "State", "Executor"]
FILES = "^(data|plots|stages)/|^params.yaml$"


def side_by_side(csv: str, width: int = WIDTH) -> str:
    """The table of `dvc exp show --csv`, turned; experiments that do not fit in `width` follow below."""
    table = pandas.read_csv(io.StringIO(csv), dtype=str, keep_default_na=False)
    names = table["Experiment"].where(table["Experiment"] != "", table["rev"])
    values = table.drop(columns=[name for name in ABOUT if name in table]).T.set_axis(names, axis=1)
    if values.empty:
        raise StageError("no experiment differs from the workspace: start one with `dvc exp run -S KEY=VALUE`")
    values.index = [name.removeprefix("metrics/").replace(".json:", " ") for name in values.index]
    return values.map(shorten).sort_index().rename_axis(columns=None).to_string(line_width=width)


def shorten(value: str) -> str:
    """A number with four significant digits; other text as it is."""
    try:
        return value if value.lstrip("-").isdecimal() else f"{float(value):.4g}"
    except ValueError:
        return value


def main() -> None:
    print(side_by_side(dvc("exp", "show", "--only-changed", "--drop", FILES, "--csv")))
