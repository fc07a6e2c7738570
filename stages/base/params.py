"""params.yaml, section by section, as checked values.

A stage declares a `Section` for what it reads and calls `load`, so that a new knob of one stage is no dependency of
another. A section has no defaults: every value stands in params.yaml.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from stages.base.errors import StageError

T = TypeVar("T")
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
DataSource = Literal["publishers", "demo"]


class WrongParams(StageError):
    """(dotted key, kind, the value there): params.yaml has no value of that kind at the key."""


class NoParams(StageError):
    """(path, reason): there is no params.yaml, or no YAML in it."""


class Section(BaseModel):
    """Base of all parameter models: no unknown keys, no infinite numbers, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def load(key: str, kind: type[T]) -> T:
    """The value at the dotted `key` of params.yaml, checked against `kind` (a Section or a plain type)."""
    return check(at(read_params(), key), kind, key)


def load_variant(common: str, key: str, kind: type[T]) -> T:
    """The mapping at the dotted key `common`, with the values at `key` in place of some of its own, as a `kind`."""
    values = read_params()
    return check(override(at(values, common), at(values, key)), kind, key)


def override(common: Any, values: Any) -> Any:
    """The mapping `common` with `values` in place of some of its own; what is no mapping is passed on to be refused."""
    return {**common, **values} if isinstance(common, Mapping) and isinstance(values, Mapping) else values


def check(value: Any, kind: type[T], key: str) -> T:
    """`value`, which stands at the dotted `key`, as a `kind`. Raises WrongParams where it is none."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise WrongParams(key, kind, value) from error


def read_params(path: str | Path = "params.yaml") -> Any:
    """The whole file as plain values. Raises NoParams where it is missing or no YAML."""
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, yaml.YAMLError) as error:
        raise NoParams(path, error) from error


def at(values: Any, key: str, default: Any = None) -> Any:
    """The value at the dotted `key` of nested mappings, or the default."""
    for name in key.split("."):
        values = values.get(name, default) if isinstance(values, Mapping) else default
    return values
