"""The page's template filled in: styles, scripts, facts and bundles in one file."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

SCRIPTS = ("bundles", "elements", "common", "charts", "digits", "semi", "faces", "transfer", "run")


def template(name: str, *folders: Path) -> Template:
    """A template that lies in one of the folders, with what it includes; its `source(name)` is a file as it stands."""
    loader = FileSystemLoader(folders)
    templates = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters |= {"words": words, "number": number, "zip": zip}
    templates.globals["source"] = lambda name: Markup(loader.get_source(templates, name)[0])
    return templates.get_template(name)


def render(
    folder: Path, facts: Mapping[str, Any], bundles: Mapping[str, str], run: Mapping[str, Any], note: str
) -> str:
    """The page by the template `page.html.j2` in the folder of assets.

    `facts` are for the scripts. An entry `atlas` among them has its `data` moved to an element of its own, which is
    read only when the picture is needed; so are the bundles.
    """
    texts = dict(bundles)
    known = {}
    for name, value in facts.items():
        if isinstance(value, Mapping) and "atlas" in value:
            texts[f"atlas-{name}"] = value["atlas"]["data"]
            value = {**value, "atlas": {key: entry for key, entry in value["atlas"].items() if key != "data"}}
        known[name] = value
    return template("page.html.j2", folder).render(
        scripts=[f"{name}.js" for name in SCRIPTS],
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
