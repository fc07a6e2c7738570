"""The page's template filled in: styles, scripts, facts and bundles in one file."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

SCRIPTS = ("bundles", "common", "charts", "digits", "semi", "faces", "transfer", "run")


def render(
    folder: Path, facts: Mapping[str, Any], bundles: Mapping[str, str], run: Mapping[str, Any], note: str
) -> str:
    """The page by the template `page.html.j2` in the folder of assets.

    `facts` are for the scripts. An entry `atlas` among them has its `data` moved to an element of its own, which is
    read only when the picture is needed; so are the bundles.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"words": words, "number": number, "zip": zip}

    def read(name: str) -> Markup:
        return Markup((folder / name).read_text(encoding="utf-8"))

    texts = dict(bundles)
    known = {}
    for name, value in facts.items():
        if isinstance(value, Mapping) and "atlas" in value:
            texts[f"atlas-{name}"] = value["atlas"]["data"]
            value = {**value, "atlas": {key: entry for key, entry in value["atlas"].items() if key != "data"}}
        known[name] = value
    return environment.get_template("page.html.j2").render(
        style=read("page.css"),
        scripts=[read(f"{name}.js") for name in SCRIPTS],
        worker=Markup(read("bundles.js") + read("decoders.js")),
        kernels=base64.b64encode((folder / "kernels.wasm").read_bytes()).decode(),
        json=Markup(as_json({**known, "curves": run["curves"]})),
        facts=known,
        texts=texts,
        run=run,
        note=note,
    )


def as_json(values: Any) -> str:
    """JSON that can stand in an HTML element."""
    return json.dumps(values, sort_keys=True).replace("<", "\\u003c")


def words(name: str) -> str:
    """A name of a file or key as words."""
    return name.replace("_", " ")


def number(value: Any) -> str:
    """A score in at most five digits; other values as they are."""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
