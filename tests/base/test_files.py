import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from stages.base.files import IrregularFile, NotFiniteMetric, naming, replacing, require_file, write_json
from stages.base.sentences import sentence


def test_a_file_is_replaced_whole_and_its_folder_made():
    for content in ("old", "new"):
        with replacing("out/deep/a.txt") as part:
            part.write_text(content)
            assert part.suffix == ".txt", "writers choose their format by it"
            assert content == "old" or Path("out/deep/a.txt").read_text() == "old"
        assert Path("out/deep/a.txt").read_text() == content
    assert os.listdir("out/deep") == ["a.txt"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("before", [["a.txt"], []], ids=["old file", "no file"])
def test_a_writer_that_fails_leaves_the_old_file_and_no_part(fault, before):
    for name in before:
        Path(name).write_text("old")

    def write():
        with replacing("a.txt") as part:
            part.write_text("half")
            raise fault

    with pytest.raises(fault):
        write()
    assert os.listdir() == before
    assert [Path(name).read_text() for name in before] == ["old"] * len(before)


def test_a_folder_in_the_place_of_a_file_is_named_and_stays():
    Path("a.txt").mkdir()
    with pytest.raises(IsADirectoryError) as caught, replacing("a.txt") as part:
        part.write_text("new")
    assert caught.value.filename == "a.txt"
    assert os.listdir() == ["a.txt"]


@pytest.mark.parametrize(
    ("told", "named"),
    [(None, "a.txt"), (".a.part.txt", "a.txt"), ("/elsewhere/b.txt", "/elsewhere/b.txt")],
)
def test_a_failed_write_names_the_file_that_was_to_be_written(told, named):
    with pytest.raises(OSError, match="full") as caught, replacing("a.txt"):
        raise OSError(errno.ENOSPC, "full", told)
    assert caught.value.filename == named


def test_a_failed_write_inside_a_folder_names_the_folder():
    with pytest.raises(OSError, match="full") as caught, naming(Path("curves")):
        raise OSError(errno.ENOSPC, "full", "curves/plots/loss.tsv")
    assert caught.value.filename == "curves"


def test_what_is_no_file_is_refused_at_once():
    os.mkfifo("pipe")
    Path("folder").mkdir()
    for name in ("pipe", "folder", "/dev/null"):
        with pytest.raises(IrregularFile) as caught:
            require_file(name)
        assert sentence(caught.value).startswith(f"{name} is no regular file: delete it")


def test_a_missing_file_and_a_link_to_nothing_are_missing():
    Path("link").symlink_to("nowhere")
    for name in ("link", "nothing", "no/folder"):
        with pytest.raises(FileNotFoundError) as caught:
            require_file(name)
        assert caught.value.filename == name
    Path("nowhere").write_text("")
    assert require_file("link") == Path("link")


def test_json_has_sorted_keys_and_full_precision():
    values = {"b": {"y": 0.1 + 0.2, "x": 1}, "a": np.float64(1 / 3), "ü": ["kept", "in", "order"]}
    write_json("metrics/a.json", values)
    text = Path("metrics/a.json").read_text(encoding="utf-8")
    assert json.loads(text) == values
    assert text.index('"a"') < text.index('"b"') < text.index('"x"') < text.index('"y"')
    assert text.endswith("}\n")
    write_json("metrics/a.json", dict(reversed(values.items())))
    assert Path("metrics/a.json").read_text(encoding="utf-8") == text


def test_a_list_keeps_its_order():
    write_json("a.json", [{"name": "b"}, {"name": "a"}])
    assert json.loads(Path("a.json").read_text()) == [{"name": "b"}, {"name": "a"}]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"mse": float("nan")}, "mse is nan"),
        ({"cnn": {"auroc": np.float64("inf")}}, "cnn.auroc is inf"),
        ({"a": {"b": {"c": float("-inf")}}}, "a.b.c is -inf"),
        ({"curve": [0.5, float("nan")]}, "curve.1 is nan"),
    ],
)
def test_a_number_that_json_lacks_is_refused_by_its_name(values, says):
    write_json("a.json", {"old": 1})
    with pytest.raises(NotFiniteMetric) as caught:
        write_json("a.json", values)
    assert sentence(caught.value).startswith(f"a.json: {says}, not a finite number")
    assert json.loads(Path("a.json").read_text()) == {"old": 1}
