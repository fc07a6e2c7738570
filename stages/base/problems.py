"""What is wrong with values of params.yaml: pydantic's messages, a line each, with the key and the nearest name."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError


def problems(value: Any, kind: Any, key: str = "") -> list[str]:
    """One line for each reason why `value`, which stands at the dotted `key`, is no `kind`."""
    if value is None:
        return [f"{key}: missing" if key else "the file is empty"]
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        items = [at_tag(item) for item in error.errors()]
        return [": ".join(filter(None, [place(item["loc"], value, key), message(item, kind)])) for item in items]
    return []


def at_tag(item: Any) -> Any:
    """The error `item`; where it is about the `kind` that tells the class of a union, at that key."""
    if item["type"] not in ("union_tag_not_found", "union_tag_invalid"):
        return item
    location = (*item["loc"], item["ctx"]["discriminator"].strip("'"))
    if "tag" not in item["ctx"]:
        return {"type": "missing", "loc": location}
    return item | {"loc": location, "input": item["ctx"]["tag"]}


def place(location: Sequence[str | int], value: Any, key: str) -> str:
    """The dotted key of pydantic's `location` below `key`, without tags of unions: they are no keys."""
    keys = [key] if key else []
    for number, step in enumerate(location, 1):
        inside = step in value if isinstance(value, Mapping) else isinstance(value, list) and isinstance(step, int)
        if inside or (number == len(location) and str(step).isidentifier()):
            keys.append(str(step))
            value = value[step] if inside and not (isinstance(step, int) and step >= len(value)) else None
    return ".".join(keys)


def message(item: Any, kind: Any) -> str:
    """Pydantic's words for one error, the value, and the known name that is meant."""
    if item["type"] == "missing":
        return "missing"
    if item["type"] == "extra_forbidden":
        return f"unknown key{hint(item['loc'][-1], known_names(TypeAdapter(kind).json_schema()))}"
    words = item["msg"].removeprefix("Value error, ")
    close = hint(item["ctx"]["tag"], item["ctx"]["expected_tags"].replace("'", "").split(", ")) if tagged(item) else ""
    return f"{words[0].lower()}{words[1:]}{close} (got {item['input']!r})"


def tagged(item: Any) -> bool:
    """Whether the error is a `kind` that no class of a union has."""
    return item["type"] == "union_tag_invalid"


def known_names(schema: Any) -> set[str]:
    """All names of keys in a JSON schema."""
    nodes = schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else []
    own = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    return set(own).union(*map(known_names, nodes))


def hint(name: str, known: Iterable[str]) -> str:
    """', did you mean NAME?' where a known name is close, else nothing."""
    close = get_close_matches(str(name), list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""
