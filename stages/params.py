"""params.yaml, section by section, as checked values.

A stage declares a `Section` for what it reads and calls `load`, so that a new knob of one stage is no
dependency of another.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from stages.errors import StageError

T = TypeVar("T")
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
DataSource = Literal["publishers", "demo"]


class Section(BaseModel):
    """Base of all parameter models: no unknown keys, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def load(key: str, kind: type[T], path: str = "params.yaml") -> T:
    """The value at the dotted `key` of params.yaml, checked against `kind` (a Section or a plain type).

    Raises StageError with one line for each problem, each with the path of its key.
    """
    value = at(tree(path), key)
    if value is None:
        raise StageError(f"{path} has no key {key}: add it, or restore the file with git")
    return check(value, kind, key)


def tree(path: str | Path = "params.yaml") -> Any:
    """The whole file as plain values. Raises StageError where it is missing or no YAML."""
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StageError(f"there is no {path}: work in the project's folder, or restore the file with git") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise StageError(f"{path} is not valid YAML: {error}") from error


def at(values: Any, key: str, default: Any = None) -> Any:
    """The value at the dotted `key` of nested mappings, or the default."""
    for name in key.split("."):
        values = values.get(name, default) if isinstance(values, Mapping) else default
    return values


def check(value: Any, kind: type[T], key: str = "") -> T:
    """`value` as a `kind`; raises StageError with one line per problem, each naming its key below `key`."""
    if found := problems(value, kind, key):
        raise refusal(found)
    return TypeAdapter(kind).validate_python(value)


def problems(value: Any, kind: Any, key: str = "") -> list[str]:
    """One line for each reason why `value`, which stands at the dotted `key`, is no `kind`."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return [problem(item, kind, key) for item in error.errors()]
    return []


def refusal(found: list[str]) -> StageError:
    """What to raise where params.yaml has problems, one line each."""
    return StageError("params.yaml: " + "\n  ".join([f"{len(found)} problems", *found] if len(found) > 1 else found))


def problem(item: Any, kind: Any, key: str) -> str:
    """One line for one of pydantic's errors."""
    keys, known = followed(kind, item["loc"])
    where = ".".join([*([key] if key else []), *keys])
    match item["type"]:
        case "missing":
            return f"{where}: missing"
        case "extra_forbidden":
            return f"{where}: unknown key{hint(keys[-1], known)}"
        case "union_tag_invalid":
            tags = [tag.strip("' ") for tag in item["ctx"]["expected_tags"].split(",")]
            tag = item["ctx"]["tag"]
            return f"{where}.kind: unknown kind {tag!r}{hint(tag, tags)} (there are {', '.join(tags)})"
        case "union_tag_not_found":
            return f"{where}.kind: missing"
    message = item["msg"].removeprefix("Value error, ")
    return f"{where}: {message[0].lower()}{message[1:]} (got {item['input']!r})"


def hint(name: str, known: Iterable[str]) -> str:
    """', did you mean NAME?' where a known name is close, else nothing."""
    close = get_close_matches(name, known, n=1)
    return f", did you mean {close[0]}?" if close else ""


def followed(kind: Any, location: Sequence[str | int]) -> tuple[list[str], list[str]]:
    """The keys along pydantic's location of an error in a `kind`, and the names known where the last one stands.

    A location also holds the tag of a union's member, which is no key of the file.
    """
    keys, known = [], []
    for step in location:
        while get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        if get_origin(kind) in (Union, UnionType):
            members = {getattr(member, "model_fields", {}).get("kind"): member for member in get_args(kind)}
            kind = next((member for tag, member in members.items() if tag and tag.default == step), None)
            continue
        keys.append(str(step))
        known = list(getattr(kind, "model_fields", {}))
        if known:
            kind = kind.model_fields[step].annotation if step in known else None
        else:
            kind = get_args(kind)[-1] if get_args(kind) else None
    return keys, known
