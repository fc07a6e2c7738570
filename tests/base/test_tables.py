import os
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.base.files import DamagedFile, IrregularFile
from stages.base.sentences import explain, sentence
from stages.base.tables import EmptySplit, Images, Latents, Predictions, read_arrays, write_arrays

NOBODY = 65534


@contextmanager
def unprivileged() -> Iterator[None]:
    """Without the right of root to read and write everything; the working directory stays in reach."""
    Path().chmod(0o755)
    privileged = os.geteuid() == 0
    if privileged:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if privileged:
            os.seteuid(0)


def test_what_is_written_is_read_again_by_this_class_and_by_numpy(digits):
    digits.write("out/digits.npz")
    again = Images.read("out/digits.npz")
    with np.load("out/digits.npz") as file:
        for name, array in vars(digits).items():
            np.testing.assert_array_equal(getattr(again, name), array)
            np.testing.assert_array_equal(file[name], array)
            assert getattr(again, name).dtype == array.dtype
    assert list(read_arrays("out/digits.npz", "names")) == ["names"]


def test_the_same_content_is_the_same_bytes_at_any_time_and_place(digits, monkeypatch):
    digits.write("a.npz")
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: 2e9)
        digits.write("out/b.npz")
    assert Path("a.npz").read_bytes() == Path("out/b.npz").read_bytes()
    replace(digits, labels=digits.labels[::-1]).write("c.npz")
    assert Path("a.npz").read_bytes() != Path("c.npz").read_bytes()


def test_a_split_has_its_rows_in_order_and_all_names(digits):
    rows = np.flatnonzero(digits.split == "validation")
    part = digits.part("validation")
    assert len(part) == len(rows) == 20
    assert set(part.split) == {"validation"}
    np.testing.assert_array_equal(part.index, digits.index[rows])
    np.testing.assert_array_equal(part.labels, digits.labels[rows])
    np.testing.assert_array_equal(part.images, digits.images[rows])
    np.testing.assert_array_equal(part.names, digits.names)


def test_images_of_a_split_that_lie_together_are_read_where_they_lie(digits):
    digits.write("a.npz")
    whole = Images.read("a.npz")
    part = whole.part("validation")
    assert np.shares_memory(part.images, whole.images)
    part.images[:] = 0
    np.testing.assert_array_equal(Images.read("a.npz").images, digits.images)
    mixed = whole.where(np.random.default_rng(0).permutation(len(whole)))
    np.testing.assert_array_equal(mixed.part("test").split, ["test"] * 20)


def test_images_are_read_with_less_memory_than_they_have():
    images = np.zeros((40, 512, 512, 3), np.uint8)  # 31 MB
    rows = np.arange(len(images))
    Images(rows, np.repeat("train", len(rows)), rows, images, np.array(["all"])).write("a.npz")
    tracemalloc.start()
    Images.read("a.npz").part("train")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < images.nbytes / 10


def test_rows_are_chosen_by_a_mask_or_by_their_numbers(digits):
    assert digits.where(digits.labels == 3).labels.tolist() == [3] * 12
    assert digits.where(np.array([5, 2])).index.tolist() == [5, 2]


def test_an_empty_split_is_refused_with_those_that_have_rows(digits):
    with pytest.raises(EmptySplit) as caught:
        digits.part("held_out")
    assert sentence(caught.value).startswith(
        "the data have no images of split held_out, only of test, train, validation: see "
    )


def test_features_and_predictions_have_the_rows_of_their_images(digits):
    codes = np.arange(240, dtype=np.float32).reshape(120, 2)
    latents = Latents.of(digits, codes)
    np.testing.assert_array_equal(latents.part("test").codes, codes[-20:])
    predictions = Predictions.of(latents, np.full((120, 10), 0.1))
    assert predictions.probabilities.dtype == np.float32
    np.testing.assert_array_equal(predictions.part("test").labels, digits.labels[-20:])


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: b"a web page",
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:-1],
        lambda raw: raw[100:],
        lambda raw: raw.replace(b"validation".decode().encode("utf-32-le"), b"valuation!".decode().encode("utf-32-le")),
        lambda raw: raw.replace(b"PK\x01\x02", b"PK\x01\x03"),
        lambda raw: raw[:-6] + b"\xff\xff\xff\x7f" + raw[-2:],
    ],
    ids=["empty", "text", "half", "last byte", "without start", "other content", "directory", "offset"],
)
def test_a_damaged_table_is_one_sentence_with_the_remedy(digits, damage):
    digits.write("a.npz")
    raw = Path("a.npz").read_bytes()
    assert damage(raw) != raw
    Path("a.npz").write_bytes(damage(raw))
    with pytest.raises(DamagedFile) as caught:
        Images.read("a.npz")
    text = sentence(caught.value)
    assert text.startswith("a.npz is damaged (")
    assert text.endswith("): delete it and run `dvc repro`")
    assert len(text.splitlines()) == 1


def test_a_single_array_in_place_of_a_table_is_damaged():
    with open("a.npz", "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DamagedFile):
        Images.read("a.npz")


def test_a_table_of_other_arrays_is_damaged(digits):
    digits.write("a.npz")
    with pytest.raises(DamagedFile, match="codes"):
        Latents.read("a.npz")


class Evil:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_a_table_runs_no_code():
    np.savez("a.npz", codes=np.array([Evil()], dtype=object))
    with pytest.raises(DamagedFile, match="allow_pickle=False"):
        read_arrays("a.npz", "codes")
    assert not Path("executed").exists()


def test_a_pipe_in_place_of_a_table_is_refused_at_once():
    os.mkfifo("a.npz")
    with pytest.raises(IrregularFile):
        Images.read("a.npz")


def test_a_missing_table_is_missing():
    with pytest.raises(FileNotFoundError) as caught:
        Images.read("a.npz")
    assert explain(caught.value).startswith("a.npz does not exist: `dvc repro` makes it")


def test_a_missing_permission_is_no_damage(digits):
    digits.write("a.npz")
    Path("a.npz").chmod(0)
    with unprivileged(), pytest.raises(PermissionError) as caught:
        Images.read("a.npz")
    assert explain(caught.value).startswith("no permission to write or read a.npz: ")


def test_a_folder_that_nobody_may_write_to_is_named_with_the_table():
    Path("out").mkdir(mode=0o555)
    with unprivileged(), pytest.raises(PermissionError) as caught:
        write_arrays("out/a.npz", {"codes": np.zeros(3)})
    assert explain(caught.value).startswith("no permission to write or read out/a.npz: ")
