"""Tables of scores in Markdown, with their spread over several runs where there is one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Row:
    """Scores of the last run, and, where that was run over seeds, each score's mean, deviation and number of runs."""

    label: str
    scores: Mapping[str, float]
    over: Mapping[str, Any] = field(default_factory=dict)
    published: str = ""

    def part(self, label: str, prefix: str = "", suffix: str = "") -> "Row":
        """The scores whose names begin and end so, by what lies between."""

        def strip(scores: Mapping[str, Any]) -> dict[str, Any]:
            names = [name for name in scores if name.startswith(prefix) and name.endswith(suffix)]
            return {name.removeprefix(prefix).removesuffix(suffix): scores[name] for name in names}

        return Row(label, strip(self.scores), strip(self.over))

    def join(self, other: "Row", prefix: str) -> "Row":
        """This row and what another one has, the names of whose scores then begin so."""

        def both(mine: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
            return {**mine, **{f"{prefix}{name}": value for name, value in others.items()}}

        published = [self.published, f"{prefix}{other.published}" if other.published else ""]
        over = both(self.over, other.over)
        return Row(self.label, both(self.scores, other.scores), over, "; ".join(filter(None, published)))

    def title(self) -> str:
        """The label, with the number of runs where they differ."""
        n = max((score["n"] for score in self.over.values() if score["std"]), default=1)
        return f"{self.label} ({n} runs)" if n > 1 else self.label


Column = Callable[[Row], str]
ROUNDING = 1e-8  # deviation of what no seed changes, where runs were on several machines


def score(key: str, form: str) -> Column:
    """A score of the last run, in brackets mean and deviation over several; nothing where a row has no such score."""

    def show(row: Row) -> str:
        last = f"{row.scores[key]:{form}}" if key in row.scores else ""
        if not (over := row.over.get(key)) or (last and over["std"] < ROUNDING):
            return last
        several = f"{over['mean']:{form}}" + (f" ± {over['std']:{form}}" if over["std"] else "")
        return f"{last} ({several})" if last else several

    return show


def worst_error(row: Row) -> str:
    """The largest test error of all runs; nothing where there was one."""
    return f"{max(row.over['test_error']['max'], row.scores.get('test_error', 0)):.2%}" if row.over else ""


def published(row: Row) -> str:
    return row.published


def table(first: str, columns: Mapping[str, Column], rows: Iterable[Row]) -> Iterator[str]:
    yield f"| {' | '.join([first, *columns])} |"
    yield f"| --- {'| --- ' * len(columns)}|"
    for row in rows:
        yield f"| {' | '.join([row.title(), *(show(row) for show in columns.values())])} |"
