"""params.yaml, section by section, as checked values.

A stage declares a `Section` for what it reads and calls `load`, so that a new knob of one stage is no
dependency of another.
"""

from difflib import get_close_matches
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from stages.errors import StageError

T = TypeVar("T")


class Section(BaseModel):
    """Base of all parameter models: no unknown keys, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def load(key: str, kind: type[T], path: str = "params.yaml") -> T:
    """The value at the dotted `key` of params.yaml, checked against `kind` (a Section or a plain type).

    Raises StageError with one line for each problem, each with the path of its key.
    """
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise StageError(f"{path} is not valid YAML: {error}") from error
    try:
        value = reduce(lambda node, name: node[name], key.split("."), tree)
    except (KeyError, TypeError) as error:
        raise StageError(f"{path} has no key {key}: add it, or restore the file with git") from error
    return check(value, kind, key)


def check(value: Any, kind: type[T], key: str) -> T:
    """`value` as a `kind`; raises StageError with one line per problem, each naming its key below `key`."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        problems = [problem(item, kind, key) for item in error.errors()]
        raise StageError("params.yaml: " + "\n  ".join(problems)) from error


def problem(item: Any, kind: Any, key: str) -> str:
    """One line for one of pydantic's errors."""
    where = ".".join([key, *map(str, item["loc"])])
    if item["type"] == "extra_forbidden":
        close = get_close_matches(str(item["loc"][-1]), getattr(kind, "model_fields", {}), n=1)
        return f"{where}: unknown key" + (f", did you mean {close[0]}?" if close else "")
    return f"{where}: {item['msg'][0].lower()}{item['msg'][1:]} (got {item['input']!r})"
