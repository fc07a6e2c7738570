"""Write the modules that each stage imports into its `deps` in dvc.yaml, behind the data that it reads.

The page shows the stages, but DVC lets none depend on dvc.yaml: what it shows is written beside its other assets.
"""

import ast
import re
from pathlib import Path
from textwrap import fill, indent
from typing import Any

import yaml

from stages.base.errors import StageError
from stages.base.files import replacing, write_json

DVC, SHOWN = Path("dvc.yaml"), Path("stages/page/assets/pipeline.json")
WIDTH = 108  # characters of a line, without its indentation
# a key `deps` with all that is indented more, or a list's entry
BLOCK = re.compile(r"^(?P<space> +)deps:.*\n(?:(?P=space)(?: |- ).*\n)*", re.MULTILINE)


def write_deps(path: Path = DVC) -> None:
    """Bring the code deps of all templates up to date; everything else stays as it is written.

    Raises StageError where a template has none to bring up to date.
    """
    text = path.read_text(encoding="utf-8")
    templates = {name: stage.get("do", stage) for name, stage in yaml.safe_load(text)["stages"].items()}
    for name, template in templates.items():
        if "deps" not in template:
            raise StageError(f"{path}: {name} has no deps: write `deps: []` there, and call again")
    blocks = iter([show_deps(template, code_deps(module_of(template), path.parent)) for template in templates.values()])
    with replacing(path) as part:
        part.write_text(re.sub(BLOCK, lambda match: indent(next(blocks), match["space"]), text), encoding="utf-8")


def show_deps(template: Any, code: list[str]) -> str:
    """The data that a template reads, then the code, as YAML."""
    data = [f'"{dep}"' if "$" in dep else dep for dep in template["deps"] if not dep.startswith("stages/")]
    parts = [[*data, ""], code] if data else [code]
    lines = [fill(", ".join(part), WIDTH, break_on_hyphens=False) for part in parts]
    return f"deps:\n  [\n{indent(chr(10).join(line.rstrip() for line in lines), '    ')}\n  ]\n"


def module_of(template: Any) -> Path:
    """The module that a stage's command runs: `python -m stages NAME [KEY]`."""
    return Path("stages", template["cmd"].split()[3]).with_suffix(".py")


def code_deps(module: Path, root: Path = Path()) -> list[str]:
    """`module`, and behind it all modules in `stages/` that it imports, directly or through others, by path.

    A folder `assets` beside one of them counts with them: that module reads its files.
    """
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = waiting.pop()
        if path not in found and (root / path).is_file():
            found.add(path)
            waiting.extend(imports((root / path).read_text(encoding="utf-8")))
    found |= {folder for path in found if (root / (folder := path.parent / "assets")).is_dir()}
    return [module.as_posix(), *sorted(path.as_posix() for path in found - {module})]


def imports(code: str) -> list[Path]:
    """Paths that the import statements of a module may mean, of the project's own modules."""
    names = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [
        Path(*name.split(".")).with_suffix(".py") for name in names if name.startswith("stages.") or name == "stages"
    ]


def shown(path: Path = DVC) -> list[dict[str, Any]]:
    """What the page shows of the templates in their order: words, data and outputs, with `${...}` as they are."""
    keys = ("desc", "cmd", "outs", "metrics", "plots")
    templates = []
    for name, stage in yaml.safe_load(path.read_text(encoding="utf-8"))["stages"].items():
        template = stage.get("do", stage)
        data = [dep for dep in template["deps"] if not dep.startswith("stages/")]
        about = {key: template[key] for key in keys if key in template}
        templates.append({"name": name, "foreach": stage.get("foreach", {}), "deps": data, **about})
    return templates


def main() -> None:
    write_deps()
    write_json(SHOWN, shown())
    print("dvc.yaml names the modules that each stage imports")
