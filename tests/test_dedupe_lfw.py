import csv
import io
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image, ImageFilter

from stages import dedupe_lfw as stage
from stages.base.errors import StageError
from stages.base.tables import Images
from stages.dedupe_lfw import dedupe_lfw, find_duplicates, split_people, summary
from stages.sources.jpegs import write_jpegs
from stages.sources.small_data import jpeg, make_faces


def picture(seed):
    """A picture unlike those of other seeds."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((250, 250), Image.Resampling.BICUBIC)


def files(**people):
    """JPEGs by name: `ann=[1, 2]` files pictures 1 and 2 of ann."""
    return {
        f"{person}/{person}_{number:04d}.jpg": content if isinstance(content, bytes) else jpeg(picture(content), 92)
        for person, contents in people.items()
        for number, content in enumerate(contents, 1)
    }


def deduped(content, size=32, validation=0.25, held_out=0.25, distance=36, seed=0):
    others = {f"zoe{n}": [90 + n] for n in range(4)}  # so that no split is empty
    return dedupe_lfw(content | files(**others), size, validation, held_out, distance, seed)


def test_images_come_split_by_split_and_there_person_by_person_in_the_order_of_their_names():
    faces, duplicates = deduped(files(bob=[3], ann=[1, 2]))
    assert faces.names[:2].tolist() == ["ann", "bob"]
    starts = np.flatnonzero(faces.split[1:] != faces.split[:-1]) + 1
    assert faces.split[[0, *starts]].tolist() == ["train", "validation", "held_out"]
    for labels, index in zip(np.split(faces.labels, starts), np.split(faces.index, starts), strict=True):
        assert (np.diff(labels) >= 0).all()
        assert (np.diff(index) > 0).all()
    by_name = np.argsort(faces.index)
    assert faces.labels[by_name[:3]].tolist() == [0, 0, 1]
    assert duplicates == []
    for image, seed in zip(faces.images[by_name[:3]], (1, 2, 3), strict=True):
        wanted = picture(seed).resize((32, 32), Image.Resampling.BICUBIC)
        assert np.abs(image.astype(int) - np.asarray(wanted)).mean() < 4


def test_reduction_is_antialiased():
    stripes = np.zeros((250, 250, 3), np.uint8)
    stripes[:, ::2] = 255
    content = files(ann=[jpeg(Image.fromarray(stripes), 95)], bob=[1])
    faces, _ = deduped(content)
    assert np.abs(faces.images[0].astype(int) - 127).max() < 20


@pytest.mark.parametrize(
    ("altered", "limit"),
    [
        (lambda image: jpeg(image, 92), 0),
        (lambda image: jpeg(image, 40), 36),
        (lambda image: jpeg(image.filter(ImageFilter.GaussianBlur(1)), 92), 36),
        (lambda image: jpeg(image.point(lambda value: value * 0.8 + 10), 92), 36),
        (lambda image: jpeg(image.resize((125, 125)).resize((250, 250)), 92), 36),
    ],
    ids=["same bytes", "compressed more", "blurred", "darker", "smaller"],
)
def test_the_same_picture_is_found_however_it_was_saved(altered, limit):
    faces, (duplicate,) = deduped(files(ann=[1], bob=[altered(picture(1)), 2], cleo=[3]))
    assert (duplicate.kept, duplicate.dropped) == ("ann/ann_0001.jpg", "bob/bob_0001.jpg")
    assert duplicate.distance <= limit
    assert duplicate.reason == "same picture filed under another name"
    # bob's next image is his first now
    assert faces.names[:3].tolist() == ["ann", "bob", "cleo"]
    assert sorted(faces.index)[:3] == [0, 2, 3]


def test_a_person_without_a_picture_of_their_own_goes():
    faces, duplicates = deduped(files(ann=[1], bob=[1], cleo=[2, 2]))
    assert faces.names[:2].tolist() == ["ann", "cleo"]
    assert [duplicate.dropped for duplicate in duplicates] == ["bob/bob_0001.jpg", "cleo/cleo_0002.jpg"]


def test_pictures_of_one_person_are_duplicates_too():
    faces, (duplicate,) = deduped(files(ann=[1, 1, 2], bob=[3]))
    assert duplicate.reason == "same picture of the same person"
    assert sorted(faces.index)[:3] == [0, 2, 3]


def test_no_pair_that_remains_is_near():
    random = np.random.default_rng(0)
    start = random.random(64) < 0.5
    bits = [start]
    for _ in range(400):  # a random walk: chains of near neighbours
        bits.append(bits[-1] ^ (random.random(64) < 0.05))
    bits = np.array(bits)
    names = [f"p{n:03d}/p{n:03d}_0001.jpg" for n in range(len(bits))]
    duplicates = find_duplicates(names, bits, 6)
    dropped = {duplicate.dropped for duplicate in duplicates}
    kept = [row for row, name in enumerate(names) if name not in dropped]
    apart = (bits[kept][:, None] != bits[kept][None]).sum(-1) + 100 * np.eye(len(kept), dtype=int)
    assert apart.min() > 6
    assert len(kept) < len(names)
    for duplicate in duplicates:
        rows = names.index(duplicate.kept), names.index(duplicate.dropped)
        assert rows[0] < rows[1]
        assert duplicate.kept not in dropped
        assert duplicate.distance == (bits[rows[0]] != bits[rows[1]]).sum() <= 6


def test_memory_grows_no_faster_than_the_number_of_pictures():
    def peak(pictures):
        bits = np.random.default_rng(0).random((pictures, 256)) < 0.5
        tracemalloc.start()
        find_duplicates([f"{n}" for n in range(pictures)], bits, 36)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(8000) < 5 * peak(2000)


def test_people_are_split_by_the_seed_and_no_one_is_in_two_splits():
    content = files(**{f"p{n}": [2 * n, 2 * n + 1] for n in range(16)})
    first, same, other = (deduped(content, validation=0.1, held_out=0.3, seed=seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.split, same.split)
    assert (first.split != other.split).any()
    people = {split: set(first.labels[first.split == split]) for split in ("train", "validation", "held_out")}
    assert {split: len(labels) for split, labels in people.items()} == {"train": 12, "validation": 2, "held_out": 6}
    assert len(set.union(*people.values())) == 20


def test_more_people_for_validation_leave_the_held_out_ones_what_they_were():
    few, many = (split_people(50, validation, 0.2, 0) for validation in (0.1, 0.4))
    np.testing.assert_array_equal(few == "held_out", many == "held_out")


@pytest.mark.parametrize(("people", "shares"), [(2, (0.5, 0.1)), (3, (0.1, 0.5)), (3, (0.5, 0.5)), (1, (0.5, 0.5))])
def test_an_empty_split_is_refused(people, shares):
    with pytest.raises(StageError, match=r"faces.validation is .* leave a split empty"):
        split_people(people, *shares, 0)


def test_a_grey_jpeg_becomes_rgb():
    faces, _ = deduped(files(ann=[jpeg(picture(1).convert("L"), 92)], bob=[2]))
    assert faces.images.shape == (6, 32, 32, 3)


def gif(image):
    file = io.BytesIO()
    image.save(file, "GIF")
    return file.getvalue()


def enormous(file):
    """A JPEG whose header promises 65,535 x 65,535 pixels."""
    sides = file.index(b"\xff\xc0") + 5
    return file[:sides] + b"\xff" * 4 + file[sides + 4 :]


@pytest.mark.parametrize(
    "content",
    [b"", b"<html></html>", jpeg(picture(1), 92)[:3000], gif(picture(1)), enormous(jpeg(picture(1), 92))],
    ids=["empty", "web page", "cut off", "another format", "enormous"],
)
def test_an_image_that_does_not_decode_is_named(content):
    with pytest.raises(StageError, match=r"ann/ann_0001.jpg does not decode .* delete data/raw/lfw.npz") as caught:
        deduped(files(ann=[content], bob=[2]))
    assert "\n" not in str(caught.value)


def test_the_stage_finds_the_duplicates_of_the_demo_data():
    face = {"image_size": 64, "validation": 0.05, "held_out": 0.1, "hash_distance": 36}
    Path("params.yaml").write_text(yaml.safe_dump({"data": {"source": "demo", "seed": 0}, "faces": face}))
    write_jpegs(stage.RAW, make_faces(people=121))
    stage.main()
    with open("plots/faces/dropped.csv", newline="") as file:
        rows = [(row["kept"].split("/")[1], row["dropped"].split("/")[1]) for row in csv.DictReader(file)]
    assert rows == [
        ("Drawn_Person_007_0001.jpg", "Drawn_Person_031_0001.jpg"),
        ("Drawn_Person_060_0002.jpg", "Drawn_Person_120_0001.jpg"),
    ]
    faces = Images.read("data/faces/faces.npz")
    metrics = json.loads(Path("metrics/faces/dataset.json").read_text())
    assert metrics == {
        "data": "demo",
        "duplicates": 2,
        "held_out_images": 14,
        "held_out_people": 12,
        "images": 151,
        "images_in_archive": 153,
        "people": 120,
        "train_images": 129,
        "train_people": 102,
        "validation_images": 8,
        "validation_people": 6,
    }
    assert faces.images.shape == (151, 64, 64, 3)
    assert "Drawn_Person_031" not in faces.names
    assert "Drawn_Person_120" in faces.names


def test_a_summary_counts_images_and_people_apart():
    faces, duplicates = deduped(files(ann=[1, 2], bob=[3, 3], cleo=[4]))
    counts = summary(faces, duplicates, 9, "demo")
    assert (counts["people"], counts["images"], counts["images_in_archive"], counts["duplicates"]) == (7, 8, 9, 1)
    splits = ("train", "validation", "held_out")
    assert [counts[f"{split}_people"] for split in splits] == [3, 2, 2]
    assert sum(counts[f"{split}_images"] for split in splits) == 8
