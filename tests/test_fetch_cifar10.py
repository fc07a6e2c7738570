import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from torchvision.datasets import CIFAR10

from stages.base.errors import StageError
from stages.fetch_cifar10 import ARCHIVE, BATCHES, fetch_cifar10
from stages.sources import small_data
from stages.sources.fetching import RemoteFile
from tests.faulty_server import serving

OUT = Path("out/cifar10")


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def files(tmp_path):
    """The batches of a small set in CIFAR-10's format."""
    small_data.write_cifar10(tmp_path / "made", train=50, test=10)
    return {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}


def packed(files):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return raw.getvalue()


@pytest.fixture
def fetch(files):
    """Run the stage for what a server has; gives the files that it leaves."""
    raw = packed(files | {"readme.html": b"<html></html>"})
    with serving({"set.tar.gz": raw}) as server:

        def run(mirror=None, raw=raw):
            server.files["set.tar.gz"] = raw
            archive = RemoteFile("cifar-10-python.tar.gz", (server.url("set.tar.gz"),), "md5", md5(raw))
            checksums = {name: md5(content) for name, content in files.items()}
            fetch_cifar10(OUT, "publishers", mirror, archive, checksums)
            return {path.relative_to(OUT).as_posix(): path.read_bytes() for path in OUT.rglob("*") if path.is_file()}

        yield run


@pytest.fixture
def folder(tmp_path, files):
    """The batches' folder in a mirror."""
    folder = tmp_path / "mirror/cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_folder_archive_and_download_leave_the_same_batches(fetch, files, folder, tmp_path):
    batches = {f"cifar-10-batches-py/{name}": content for name, content in files.items()}
    (folder / "readme.html").write_text("not needed")
    assert fetch(folder.parent) == batches
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(packed(files | {"readme.html": b"<html></html>"}))
    assert fetch(tmp_path) == batches
    assert fetch() == batches


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw[:900] + b"?" + raw[901:], lambda raw: b""])
def test_a_damaged_batch_of_a_mirror_is_named(fetch, folder, change):
    path = folder / "data_batch_4"
    good = path.read_bytes()
    path.write_bytes(change(good))
    with pytest.raises(StageError, match=r"data_batch_4 is damaged .*cifar-10-python.tar.gz"):
        fetch(folder.parent)
    assert list(OUT.parent.iterdir()) == []
    path.write_bytes(good)
    assert len(fetch(folder.parent)) == 7


def test_a_missing_batch_of_a_mirror_is_named(fetch, folder):
    (folder / "batches.meta").unlink()
    with pytest.raises(StageError, match=r"batches.meta is missing"):
        fetch(folder.parent)


def test_an_archive_without_a_batch_is_refused(fetch, files):
    with pytest.raises(StageError, match="has no sound test_batch"):
        fetch(raw=packed({name: content for name, content in files.items() if name != "test_batch"}))
    assert list(OUT.parent.iterdir()) == []


def test_the_addresses_and_checksums_are_torchvisions():
    assert ARCHIVE.urls == (CIFAR10.url,)
    assert ARCHIVE.checksum == CIFAR10.tgz_md5
    assert len(BATCHES) == 7
    assert BATCHES["test_batch"] == CIFAR10.test_list[0][1]
