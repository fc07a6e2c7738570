import gzip
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from stages.base.errors import StageError
from stages.fetch_lfw import deepfunneled, fetch_lfw, from_archive
from stages.sources import lfw
from stages.sources.face_tar import FaceTar, write_tar
from stages.sources.fetching import RemoteFile
from stages.sources.small_data import drawn_faces

FILES = {
    f"{p}/{p}_{n:04d}.jpg": f"{p}{n}".encode() * 99
    for p, many in (("A_B", 2), ("A-B", 1), ("C", 1))
    for n in range(1, many + 1)
}


def packed(files, prefix="lfw-deepfunneled/"):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(prefix + name)
            entry.size, entry.mtime, entry.uid = len(content), 12345, 7
            archive.addfile(entry, io.BytesIO(content))
    return raw.getvalue()


def spread(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.fixture
def repository(tmp_path):
    """A git repository with the images in one of its folders, and one later commit."""
    home = tmp_path / "home"
    spread(home / "images_deepfunneled", FILES)
    spread(home, {"images_deepfunneled/.DS_Store": b"rest", "images/other.jpg": b"large", "index.html": b"<html>"})

    def git(*words):
        identity = ["-c", "user.name=n", "-c", "user.email=e", "-c", "init.defaultBranch=main"]
        command = ["git", *identity, *words]
        return subprocess.run(command, cwd=home, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    git("config", "uploadpack.allowFilter", "true")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    git("add", ".")
    git("commit", "--quiet", "-m", "images")
    commit = git("rev-parse", "HEAD")
    git("rm", "--quiet", "-r", "images_deepfunneled")
    git("commit", "--quiet", "-m", "moved away")
    return lfw.Folder(home.as_uri(), commit, "images_deepfunneled")


@pytest.fixture
def gather(tmp_path, repository):
    """The files of a small deep-funneled edition."""

    def run(mirror=None, source=repository):
        return deepfunneled(mirror, tmp_path / "downloads", source, lfw.content_digest(FILES), images=4, people=3)

    return run


def test_archive_folder_and_clone_are_the_same_data(gather, tmp_path):
    (tmp_path / "archive").mkdir()
    backwards = dict(sorted(FILES.items(), reverse=True))
    (tmp_path / "archive/lfw-deepfunneled.tgz").write_bytes(packed(backwards | {"readme.txt": b"no image"}))
    spread(tmp_path / "folder/images_deepfunneled", FILES | {".DS_Store": b"rest"})
    tars = []
    for mirror in (tmp_path / "archive", tmp_path / "folder", None):
        write_tar(tmp_path / "lfw.tar", gather(mirror))
        tars.append((tmp_path / "lfw.tar").read_bytes())
    assert tars[0] == tars[1] == tars[2]
    with FaceTar(tmp_path / "lfw.tar") as tar:
        assert tar.names() == sorted(FILES)
        assert {name: tar.read(name) for name in tar.names()} == FILES


def test_a_clone_brings_one_folder_and_is_cleared_away(repository, gather, tmp_path):
    folder = lfw.clone(repository, tmp_path / "clone")
    assert {path.name for path in folder.parent.iterdir()} == {".git", "images_deepfunneled"}
    missing = subprocess.run(
        ["git", "rev-list", "--objects", "--missing=print", "HEAD"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert missing.count("?") == 2  # the blobs of the other files were never sent
    gather()
    assert list((tmp_path / "downloads").iterdir()) == []


def test_an_interrupted_clone_starts_again(gather, tmp_path):
    rest = tmp_path / "downloads/lfw-deepfunneled/.git"
    rest.mkdir(parents=True)
    (rest / "shallow.lock").touch()
    (rest / "index.lock").touch()
    assert gather() == FILES


def test_a_clone_inside_a_repository_ignores_that(gather, repository, monkeypatch, tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    assert gather() == FILES


def test_a_repository_out_of_reach_is_one_sentence_with_the_ways_out(gather, tmp_path):
    nowhere = lfw.Folder((tmp_path / "nowhere").as_uri(), "0" * 40, "images_deepfunneled")
    with pytest.raises(StageError) as caught:
        gather(source=nowhere)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("images_deepfunneled is missing", nowhere.url, "0" * 40, "AAE_DATA_MIRROR", "make demo"):
        assert part in message
    assert list((tmp_path / "downloads").iterdir()) == []


def test_a_machine_without_git_is_told(gather, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StageError, match="git is not installed"):
        gather()


def without(name):
    return {key: content for key, content in FILES.items() if not key.startswith(name)}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (without("C/"), "3 images of 2 people, not 4 of 3"),
        (without("A_B/A_B_0002"), "3 images of 3 people, not 4 of 3"),
        (FILES | {"C/C_0001.jpg": b"altered"}, "altered images"),
        (without("C/") | {"D/D_0001.jpg": FILES["C/C_0001.jpg"]}, "altered images"),
        ({}, "0 images of 0 people"),
    ],
    ids=["missing person", "missing image", "altered image", "renamed person", "nothing"],
)
@pytest.mark.parametrize("form", ["archive", "folder"])
def test_other_content_is_refused(gather, tmp_path, files, says, form):
    (tmp_path / "mirror/images_deepfunneled").mkdir(parents=True)
    if form == "archive":
        (tmp_path / "mirror/lfw-deepfunneled.tgz").write_bytes(packed(files))
    else:
        spread(tmp_path / "mirror/images_deepfunneled", files)
    with pytest.raises(StageError, match=says):
        gather(tmp_path / "mirror")


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-9], lambda raw: raw[: len(raw) // 2], lambda raw: b"", gzip.compress]
)
def test_a_damaged_archive_is_refused_and_a_good_one_heals_it(gather, tmp_path, damage):
    path = tmp_path / "lfw-deepfunneled.tgz"
    path.write_bytes(damage(packed(FILES)))
    with pytest.raises(StageError, match=r"lfw-deepfunneled.tgz is damaged"):
        gather(tmp_path)
    path.write_bytes(packed(FILES))
    assert gather(tmp_path) == FILES


def test_a_link_in_a_mirrors_folder_is_refused(gather, tmp_path):
    spread(tmp_path / "images_deepfunneled", without("C/"))
    (tmp_path / "images_deepfunneled/C").mkdir()
    (tmp_path / "images_deepfunneled/C/C_0001.jpg").symlink_to("/etc/hostname")
    with pytest.raises(StageError, match="has a link"):
        gather(tmp_path)


def test_an_image_that_is_there_twice_is_refused():
    entries = [("one/C/C_0001.jpg", b"1"), ("two/C/C_0001.jpg", b"2")]
    with pytest.raises(StageError, match=r"C/C_0001.jpg twice"):
        lfw.gathered(entries, Path("lfw.tgz"))


def test_a_pinned_archive_is_checked_by_its_own_sum(tmp_path):
    raw = packed(FILES, "lfw_funneled/")
    file = RemoteFile("lfw-funneled.tgz", ("http://127.0.0.1:9/none",), "sha256", hashlib.sha256(raw).hexdigest())
    (tmp_path / "lfw-funneled.tgz").write_bytes(raw)
    assert from_archive(file, tmp_path, tmp_path / "downloads", images=4, people=3) == FILES
    assert list((tmp_path / "downloads").iterdir()) == []
    (tmp_path / "lfw-funneled.tgz").write_bytes(packed(FILES))
    with pytest.raises(StageError, match=r"lfw-funneled.tgz is damaged"):
        from_archive(file, tmp_path, tmp_path / "downloads", images=4, people=3)


def test_drawn_faces_do_not_pass_for_the_publishers(tmp_path):
    (tmp_path / "lfw-deepfunneled.tgz").write_bytes(packed(drawn_faces(people=2)))
    with pytest.raises(StageError, match=r"not 13,233 of 5,749: .* at commit 2a620cd"):
        fetch_lfw(tmp_path / "lfw.tar", "publishers", "deepfunneled", tmp_path)
    assert not (tmp_path / "lfw.tar").exists()
