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
