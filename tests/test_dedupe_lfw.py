import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image, ImageFilter

from stages import dedupe_lfw as stage
from stages.base.errors import StageError
from stages.base.tables import Images
from stages.dedupe_lfw import dedupe_lfw, find_doubles, split_people, summary
from stages.fetch_lfw import fetch_lfw
from stages.sources.face_tar import write_tar
from stages.sources.small_data import jpeg

TAR = Path("lfw.tar")


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


def deduped(content, keep="one_per_person", size=32, held_out=0.5, distance=36, seed=0):
    write_tar(TAR, content)
    return dedupe_lfw(TAR, size, keep, held_out, distance, seed)


def test_each_person_gives_the_first_image_by_name():
    faces, doubles, in_archive = deduped(files(bob=[3], ann=[1, 2]))
    assert faces.names.tolist() == ["ann", "bob"]
    assert faces.labels.tolist() == [0, 1]
    assert faces.index.tolist() == [0, 2]
    assert (doubles, in_archive) == ([], 3)
    for image, seed in zip(faces.images, (1, 3), strict=True):
        wanted = picture(seed).resize((32, 32), Image.Resampling.BICUBIC)
        assert np.abs(image.astype(int) - np.asarray(wanted)).mean() < 4


def test_all_images_can_be_kept():
    faces, _, _ = deduped(files(bob=[3], ann=[1, 2]), keep="all")
    assert faces.labels.tolist() == [0, 0, 1]
    assert faces.index.tolist() == [0, 1, 2]
    assert len(set(faces.split[:2])) == 1


def test_reduction_is_antialiased():
    stripes = np.zeros((250, 250, 3), np.uint8)
    stripes[:, ::2] = 255
    content = files(ann=[jpeg(Image.fromarray(stripes), 95)], bob=[1])
    faces, _, _ = deduped(content)
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
    faces, (double,), _ = deduped(files(ann=[1], bob=[altered(picture(1)), 2], cleo=[3]))
    assert (double.kept, double.dropped) == ("ann/ann_0001.jpg", "bob/bob_0001.jpg")
    assert double.distance <= limit
    assert double.reason == "same picture filed under another name"
    # bob's next image takes the place of the one that was dropped
    assert faces.names.tolist() == ["ann", "bob", "cleo"]
    assert faces.index.tolist() == [0, 2, 3]


def test_a_person_without_a_picture_of_their_own_goes():
    faces, doubles, _ = deduped(files(ann=[1], bob=[1], cleo=[2, 2]))
    assert faces.names.tolist() == ["ann", "cleo"]
    assert [double.dropped for double in doubles] == ["bob/bob_0001.jpg", "cleo/cleo_0002.jpg"]


def test_pictures_of_one_person_are_doubles_too():
    faces, (double,), _ = deduped(files(ann=[1, 1, 2], bob=[3]), keep="all")
    assert double.reason == "same picture of the same person"
    assert faces.index.tolist() == [0, 2, 3]


def test_no_pair_that_remains_is_near():
    random = np.random.default_rng(0)
    start = random.random(64) < 0.5
    bits = [start]
    for _ in range(400):  # a random walk: chains of near neighbours
        bits.append(bits[-1] ^ (random.random(64) < 0.05))
    bits = np.array(bits)
    names = [f"p{n:03d}/p{n:03d}_0001.jpg" for n in range(len(bits))]
    doubles = find_doubles(names, bits, 6)
    dropped = {double.dropped for double in doubles}
    kept = [row for row, name in enumerate(names) if name not in dropped]
    apart = (bits[kept][:, None] != bits[kept][None]).sum(-1) + 100 * np.eye(len(kept), dtype=int)
    assert apart.min() > 6
    assert len(kept) < len(names)
    for double in doubles:
        rows = names.index(double.kept), names.index(double.dropped)
        assert rows[0] < rows[1]
        assert double.kept not in dropped
        assert double.distance == (bits[rows[0]] != bits[rows[1]]).sum() <= 6


def test_people_are_split_by_the_seed_and_no_one_is_on_both_sides():
    content = files(**{f"p{n}": [2 * n, 2 * n + 1] for n in range(10)})
    first, same, other = (deduped(content, "all", held_out=0.3, seed=seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.split, same.split)
    assert (first.split != other.split).any()
    held = set(first.labels[first.split == "held_out"])
    assert len(held) == 3
    assert not held & set(first.labels[first.split == "train"])


@pytest.mark.parametrize(("people", "share"), [(2, 0.1), (3, 0.9), (1, 0.5)])
def test_an_empty_side_is_refused(people, share):
    with pytest.raises(StageError, match=r"faces.held_out"):
        split_people(people, share, 0)


def test_a_grey_jpeg_becomes_rgb():
    faces, _, _ = deduped(files(ann=[jpeg(picture(1).convert("L"), 92)], bob=[2]))
    assert faces.images.shape == (2, 32, 32, 3)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html></html>", jpeg(picture(1), 92)[:3000], b"\x89PNG\r\n\x1a\n" + bytes(100)],
    ids=["empty", "web page", "cut off", "another format"],
)
def test_an_image_that_does_not_decode_is_named(content):
    with pytest.raises(StageError, match=r"lfw.tar: ann/ann_0001.jpg does not decode") as caught:
        deduped(files(ann=[content], bob=[2]))
    assert "\n" not in str(caught.value)


def test_a_gif_under_a_jpegs_name_is_refused():
    gif = io.BytesIO()
    picture(1).save(gif, "GIF")
    with pytest.raises(StageError, match="does not decode"):
        deduped(files(ann=[gif.getvalue()], bob=[2]))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9])
def test_a_truncated_tar_is_refused(share):
    write_tar(TAR, files(ann=[1, 2], bob=[3], cleo=[4, 5]))
    raw = TAR.read_bytes().rstrip(b"\0")
    TAR.write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(StageError, match=r"lfw.tar .*delete it and run `dvc repro`"):
        dedupe_lfw(TAR, 32, "all", 0.5, 36, 0)


def test_a_tar_cut_between_two_images_is_refused():
    write_tar(TAR, files(ann=[1], bob=[2]))
    length = 512 + -(-len(files(ann=[1])["ann/ann_0001.jpg"]) // 512) * 512
    TAR.write_bytes(TAR.read_bytes()[:length])
    with pytest.raises(StageError, match="cut off"):
        dedupe_lfw(TAR, 32, "all", 0.5, 36, 0)


def test_a_tar_with_a_damaged_header_is_refused():
    content = files(ann=[1], bob=[2], cleo=[3])
    write_tar(TAR, content)
    raw = bytearray(TAR.read_bytes())
    raw[raw.index(b"bob/bob") + 1] ^= 1
    TAR.write_bytes(raw)
    with pytest.raises(StageError, match="damaged"):
        dedupe_lfw(TAR, 32, "all", 0.5, 36, 0)


def test_the_stage_finds_the_doubles_of_the_demo_data():
    face = {"image_size": 64, "keep": "one_per_person", "held_out": 0.1, "hash_distance": 36}
    Path("params.yaml").write_text(yaml.safe_dump({"data": {"source": "demo", "seed": 0}, "faces": face}))
    fetch_lfw(Path("data/raw/lfw.tar"), "demo", "deepfunneled")
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
        "held_out_images": 24,
        "held_out_people": 24,
        "images": 239,
        "images_in_archive": 300,
        "people": 239,
        "train_images": 215,
        "train_people": 215,
    }
    assert faces.images.shape == (239, 64, 64, 3)
    assert "Drawn_Person_031" not in faces.names
    assert "Drawn_Person_120" in faces.names


def test_a_summary_counts_images_and_people_apart():
    faces, doubles, in_archive = deduped(files(ann=[1, 2], bob=[3, 3], cleo=[4]), keep="all", held_out=0.34)
    counts = summary(faces, doubles, in_archive, "demo")
    assert (counts["people"], counts["images"], counts["images_in_archive"], counts["duplicates"]) == (3, 4, 5, 1)
    assert counts["train_images"] + counts["held_out_images"] == 4
    assert (counts["train_people"], counts["held_out_people"]) == (2, 1)
