"""Copies of the pipeline on small data, run by the real `dvc`."""

import ast
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from stages.base.params import at
from stages.commands._dvc import environment
from stages.commands.demo import DEMO, lay_out, set_values

# as short as each stage allows, and a variant of each kind
SHORT = DEMO | {
    "digits.common.training.epochs": 2,
    "semi.common.training.epochs": 2,
    "faces.common.training.epochs": 2,
    "identity.model": "one_per_person",
    "identity.training.epochs": 2,
    "cnn.widths": [16, 32, 32],
    "cnn.training.epochs": 2,
    "draw.style.dpi": 50,
    "draw.digits.manifold": 5,
    "draw.digits.styles": 4,
    "draw.digits.points": 300,
    "draw.semi.styles": 4,
    "draw.semi.examples": 3,
    "draw.identity.faces": 2,
    "draw.identity.frames": 3,
    "draw.transfer.rows": 2,
    "draw.transfer.columns": 3,
    "gifs.pairs": 2,
    "gifs.frames": 5,
    "gifs.scale": 1,
    "gifs.colours": 32,
}
PRIORS = ("gaussian", "umbrella_labels")
VARIANTS = ("labels_100", "clusters_16")
CLASSIFIERS = ("lightgbm_features_tuned", "lightgbm_pca", "pair_lightgbm_codes")
KEPT = {
    "digits.priors": PRIORS,
    "semi.variants": VARIANTS,
    "faces.variants": ("one_per_person",),
    "features": ("pooled", "pca"),
    "lightgbm.classifiers": CLASSIFIERS,
}
HOOKS = Path(__file__).parent / "hooks"  # what Python loads at its start where PYTHONPATH names it
LIMIT = 1800  # seconds of a `dvc` call, after which it hangs
# two stages that take no time, with private data, shared data and a file in git
QUICK = """
stages:
  fetch:
    cmd: mkdir -p data/raw && yes raw | head -c 100000 > data/raw/images
    outs:
      - data/raw/images: {push: false}
  score:
    cmd: python score.py
    deps: [score.py, data/raw/images]
    params: [scale, seed]
    outs: [data/images]
    metrics:
      - metrics/scores.json: {cache: false}
"""
# where MARKS names a folder, the second leaves a mark there and waits for the file `go-on`
SCORE = """
import json, os, sys, time
from pathlib import Path
import yaml

params = yaml.safe_load(Path("params.yaml").read_text())
if params["scale"] <= 0:
    sys.exit("error: params.yaml: scale: should be greater than 0")
if marks := os.environ.get("MARKS"):
    Path(marks, str(os.getpid())).write_text(os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    while not Path(marks, "go-on").exists():
        time.sleep(0.1)
Path("data/images").write_text(f"{params}\\n{Path('data/raw/images').read_text()}")
Path("metrics").mkdir(exist_ok=True)
Path("metrics/scores.json").write_text(json.dumps({"error": params["scale"] * (1 + params["seed"])}))
"""


def lay_out_small(folder: Path, project: Path) -> Path:
    """Make `folder` a repository with the project's pipeline on small data, before any run."""
    params = set_values(read_yaml(project / "params.yaml"), SHORT)
    for key, kept in KEPT.items():
        entries = at(params, key)
        for name in set(entries) - set(kept):
            del entries[name]
    lay_out(folder, params, project)
    leave_out_code(folder / "dvc.yaml")
    return folder


def leave_out_code(path: Path) -> None:
    """Take the modules out of the `deps` of a dvc.yaml: DVC spends most of its time on these, and no test changes them.

    That the project's dvc.yaml names them is a test of its own.
    """
    pipeline = read_yaml(path)
    for stage in pipeline["stages"].values():
        stage = stage.get("do", stage)
        stage["deps"] = [dep for dep in stage["deps"] if not str(dep).startswith("stages/")]
    path.write_text(yaml.safe_dump(pipeline, sort_keys=False), encoding="utf-8")


def lay_out_quick(folder: Path, project: Path) -> Path:
    """Make `folder` a repository with a pipeline of two quick stages, run and committed."""
    for name in (".dvc/config", ".dvc/.gitignore", "data/.gitignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project / name, folder / name)
    for name, text in {"dvc.yaml": QUICK, "score.py": SCORE, "params.yaml": "scale: 1.0\nseed: 0\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet")
    dvc(folder, "repro")
    return commit(folder)


def commit(folder: Path) -> Path:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Results")
    return folder


def copy_pipeline(source: Path, target: Path) -> Path:
    """A copy of a pipeline that has run, without DVC's locks, which another test may hold."""
    return Path(shutil.copytree(source, target, ignore=shutil.ignore_patterns("tmp")))


def read_yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)  # of dvc.lock in a tenth of the time


def dvc(folder: Path, *arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess:
    """Run the real `dvc` in a folder, with more environment variables."""
    done = subprocess.run(
        ["dvc", *arguments],
        cwd=folder,
        env=environment() | {"COLUMNS": "100", "DVC_PAGER": ""} | variables,
        check=False,
        text=True,
        capture_output=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0 or not check, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder as a user without a configuration."""
    user = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    return subprocess.run(["git", *user, *arguments], cwd=folder, check=True, text=True, capture_output=True).stdout


def stages_run(text: str) -> list[str]:
    """The stages that `dvc` says it ran."""
    return re.findall("Running stage '(.*)'", text)


def name_of(text: str) -> str:
    """The name of the experiment that `dvc exp run` says it ran."""
    return re.search(r"Ran experiment\(s\): (\S+)", text)[1]


def change(folder: Path, **values: Any) -> None:
    """Set dotted keys of a copy's params.yaml."""
    tree = set_values(read_yaml(folder / "params.yaml"), values)
    (folder / "params.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")


def outputs(folder: Path) -> dict[str, Any]:
    """The sha256 of every file that the pipeline made, by path, and the content of its lock, whatever the order."""
    paths = [path for part in ("data", "metrics", "plots") for path in (folder / part).rglob("*") if path.is_file()]
    digests = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)
    }
    return digests | {"dvc.lock": read_yaml(folder / "dvc.lock")["stages"]}


def loaded_keys(code: str) -> Iterator[str]:
    """The keys of params.yaml that a module loads; `*` stands for what is known only as it runs."""
    tree = ast.parse(code)
    names = {  # of texts that a key may begin with
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.JoinedStr)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def text(part: ast.expr) -> str:
        if isinstance(part, ast.Constant):
            return part.value
        part = getattr(part, "value", part)  # what stands in braces
        part = names.get(getattr(part, "id", None), part)
        return "".join(map(text, part.values)) if isinstance(part, ast.JoinedStr) else "*"

    for call in ast.walk(tree):
        name = getattr(getattr(call, "func", None), "id", None)
        for argument in call.args[: {"load": 1, "load_variant": 2}.get(name, 0)] if isinstance(call, ast.Call) else ():
            yield text(argument)
