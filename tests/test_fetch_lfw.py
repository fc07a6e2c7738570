import hashlib
import shutil
from pathlib import Path

import pytest
import yaml

from stages import fetch_lfw as stage
from stages.base.errors import StageError
from stages.base.sentences import sentence
from stages.fetch_lfw import fetch_lfw
from stages.sources import fetching, lfw
from stages.sources.fetching import RemoteFile
from stages.sources.jpegs import read_jpegs
from stages.sources.small_data import make_faces
from tests.publishers import FACES, packed, picture, small_lfw, write_files

FOLDER, ARCHIVE = "images_deepfunneled", "lfw-deepfunneled.tgz"


@pytest.fixture
def source(tmp_path):
    return small_lfw(tmp_path / "home")


@pytest.fixture
def mirror(tmp_path):
    (tmp_path / "mirror").mkdir()
    return tmp_path / "mirror"


@pytest.fixture
def run(monkeypatch, mirror):
    """Run the stage with that mirror and these values in params.yaml; gives what it wrote."""

    def call(source, edition):
        Path("params.yaml").write_text(yaml.safe_dump({"data": {"source": source, "faces": {"source": edition}}}))
        monkeypatch.setenv("AAE_DATA_MIRROR", str(mirror))
        stage.main()
        return read_jpegs(Path("data/raw/lfw.npz"))

    return call


def test_archive_folder_and_clone_are_the_same_data(source, mirror):
    (mirror / ARCHIVE).write_bytes(packed(dict(reversed(FACES.items())) | {"readme.txt": b"no image"}))
    assert fetch_lfw("deepfunneled", mirror, source) == FACES
    (mirror / ARCHIVE).unlink()
    write_files(mirror / FOLDER, FACES | {".DS_Store": b"left by a file manager"})
    assert fetch_lfw("deepfunneled", mirror, source) == FACES
    shutil.rmtree(mirror / FOLDER)
    assert fetch_lfw("deepfunneled", mirror, source) == FACES
    assert list(fetching.DOWNLOADS.iterdir()) == []


def test_a_repository_out_of_reach_leaves_nothing(source):
    with pytest.raises(StageError, match=f"{FOLDER} is missing and git cannot get it"):
        fetch_lfw("deepfunneled", None, source._replace(commit="1" * 40))
    assert list(fetching.DOWNLOADS.iterdir()) == []


def without(name):
    return {key: content for key, content in FACES.items() if not key.startswith(name)}


@pytest.mark.parametrize(
    ("files", "counts"),
    [
        (without("C/"), "3 images of 2 people"),
        (without("A_B/A_B_0002"), "3 images of 3 people"),
        (FACES | {"C/C_0001.jpg": b"altered"}, "4 images of 3 people"),
        (without("C/") | {"D/D_0001.jpg": FACES["C/C_0001.jpg"]}, "4 images of 3 people"),
        ({}, "0 images of 0 people"),
    ],
    ids=["missing person", "missing image", "altered image", "renamed person", "nothing"],
)
@pytest.mark.parametrize("form", [ARCHIVE, FOLDER])
def test_other_content_is_refused(mirror, files, counts, form):
    digest = lfw.content_digest(FACES)
    if form == ARCHIVE:
        (mirror / form).write_bytes(packed(files))
    else:
        (mirror / form).mkdir()
        write_files(mirror / form, files)
    with pytest.raises(StageError, match=f"{form} holds {counts}, not .* altered ones: .* at commit 2a620cd"):
        fetch_lfw("deepfunneled", mirror, lfw.DEEPFUNNELED._replace(digest=digest))


def test_a_damaged_archive_is_refused_and_a_good_one_heals_it(source, mirror):
    (mirror / ARCHIVE).write_bytes(packed(FACES)[:-9])
    with pytest.raises(StageError, match=f"{ARCHIVE} is damaged"):
        fetch_lfw("deepfunneled", mirror, source)
    (mirror / ARCHIVE).write_bytes(packed(FACES))
    assert fetch_lfw("deepfunneled", mirror, source) == FACES


@pytest.mark.parametrize("edition", lfw.ARCHIVES)
def test_another_edition_is_an_archive_with_a_checksum_of_its_own(run, mirror, monkeypatch, edition):
    raw = packed({f"lfw_funneled/{name}": content for name, content in FACES.items()})
    checksum = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    (mirror / "lfw.tgz").write_bytes(raw)
    monkeypatch.setitem(lfw.ARCHIVES, edition, RemoteFile("lfw.tgz", ("http://127.0.0.1:9/none",), checksum))
    assert run("publishers", edition) == FACES
    (mirror / "lfw.tgz").write_bytes(packed(FACES))
    with pytest.raises(StageError, match=r"lfw.tgz is missing or damaged"):
        run("publishers", edition)
    assert read_jpegs(Path("data/raw/lfw.npz")) == FACES


def test_drawn_faces_do_not_pass_for_the_publishers(run, mirror, monkeypatch):
    monkeypatch.setattr(stage, "make_faces", lambda: make_faces(people=2))
    faces = run("demo", "deepfunneled")
    assert faces == make_faces(people=2)
    (mirror / ARCHIVE).write_bytes(packed(faces))
    with pytest.raises(StageError, match=r"4 images of 2 people, not the publisher's 13,233 of 5,749"):
        run("publishers", "deepfunneled")
    assert read_jpegs(Path("data/raw/lfw.npz")) == faces


def test_a_folder_of_pictures_takes_the_place_of_lfw(run, tmp_path, capsys):
    folder = tmp_path / "own"
    picture(folder / "Ada/first.png", (40, 60))
    picture(folder / "Ada/deep/second.jpg", (300, 200))
    picture(folder / "alone.webp", (30, 30))
    (folder / "notes.txt").write_text("no picture")
    files = run("publishers", str(folder))
    assert list(files) == ["Ada/Ada_000001.jpg", "Ada/Ada_000002.jpg", "alone/alone_000001.jpg"]
    assert "took 3 pictures of 2 people" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "reason"),
    [("deepfunneld", "or the absolute path of a folder"), ("/no/such", "there is no folder /no/such")],
)
def test_neither_an_edition_nor_a_folder_is_a_fault(run, source, reason):
    with pytest.raises(StageError) as fault:
        run("publishers", source)
    assert reason in sentence(fault.value)
