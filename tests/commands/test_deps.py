import pytest
import yaml

from stages.base.errors import StageError
from stages.commands.deps import shown, write_deps

STAGE = """stages:
  train:
    cmd: python -m stages train
    deps: [data/images.npz, stages/old.py]
    params: [train] # stays
"""


def test_deps_are_what_a_stage_imports_directly_or_through_others(tmp_path):
    (tmp_path / "stages/base").mkdir(parents=True)
    (tmp_path / "stages/train.py").write_text("import numpy\nfrom stages.base import files\n")
    (tmp_path / "stages/base/files.py").write_text("from stages.base.errors import StageError\n")
    (tmp_path / "stages/base/errors.py").write_text("")
    (tmp_path / "stages/base/other.py").write_text("")
    (tmp_path / "stages/base/assets").mkdir()
    (tmp_path / "dvc.yaml").write_text(STAGE)
    write_deps(tmp_path / "dvc.yaml")
    text = (tmp_path / "dvc.yaml").read_text()
    assert "data/images.npz,\n" in text
    assert "stages/train.py, stages/base/assets, stages/base/errors.py, stages/base/files.py\n" in text
    assert "old" not in text
    assert shown(tmp_path / "dvc.yaml") == [
        {"name": "train", "foreach": {}, "deps": ["data/images.npz"], "cmd": "python -m stages train"}
    ]
    assert text.endswith("    params: [train] # stays\n")


@pytest.mark.parametrize("deps", ["deps:\n    - data/images.npz\n    - stages/old.py", "deps: []"])
def test_deps_may_be_written_in_every_style(tmp_path, deps):
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/train.py").write_text("")
    (tmp_path / "dvc.yaml").write_text(STAGE.replace("deps: [data/images.npz, stages/old.py]", deps))
    write_deps(tmp_path / "dvc.yaml")
    text = (tmp_path / "dvc.yaml").read_text()
    data = ["data/images.npz"] if "images" in deps else []
    assert yaml.safe_load(text)["stages"]["train"]["deps"] == [*data, "stages/train.py"]
    assert "[\n\n" not in text


def test_a_stage_without_deps_is_named(tmp_path):
    (tmp_path / "dvc.yaml").write_text(STAGE.replace("    deps: [data/images.npz, stages/old.py]\n", ""))
    with pytest.raises(StageError, match=r"train has no deps: write `deps: \[\]` there"):
        write_deps(tmp_path / "dvc.yaml")
