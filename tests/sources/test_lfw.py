import gzip
import io
import os
import subprocess
import tarfile

import pytest

from stages.base.errors import StageError
from stages.base.files import IrregularFile
from stages.sources import lfw
from stages.sources.lfw import content_digest, read_archive, read_folder
from tests.publishers import FACES, packed, write_files

CLUTTER = {"pairs.txt": b"a listing", "A_B/._A_B_0001.jpg": b"left by a file manager", "A_B/A_B_1.jpg": b"", "C/x": b""}


def special(kind, name="C/C_0001.jpg", target=""):
    """An entry of an archive that is no plain file, under the name of an image."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def endless(name="C/C_0001.jpg", size=1 << 50, kind=tarfile.REGTYPE):
    """A header that promises more than follows."""
    entry = special(kind, name)
    entry.size = size
    return entry.tobuf() + bytes(512)


def sparse(size):
    """A sparse file of that size and without content."""
    header = bytearray(special(tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0%011o\0" % (size, 0)  # one region, of no bytes, at the end
    header[483:495] = b"%011o\0" % size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.fixture
def read(tmp_path):
    """Write bytes as an archive and read it; nothing may appear beside it."""

    def run(raw):
        (tmp_path / "set.tgz").write_bytes(raw)
        before = sorted(tmp_path.rglob("*"))
        try:
            return read_archive(tmp_path / "set.tgz")
        finally:
            assert sorted(tmp_path.rglob("*")) == before

    return run


def test_the_digest_is_that_of_the_documented_command(tmp_path):
    write_files(tmp_path, FACES)
    command = "find * -name '*.jpg' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    done = subprocess.run(command, shell=True, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert content_digest(dict(reversed(FACES.items()))) == done.stdout.split()[0]


def test_an_archive_and_a_folder_give_the_images_and_nothing_else(read, tmp_path):
    write_files(tmp_path / "lfw", FACES | CLUTTER)
    assert read_folder(tmp_path / "lfw") == FACES
    files = {f"lfw/{name}": content for name, content in (FACES | CLUTTER).items()}
    assert read(packed(files, special(tarfile.DIRTYPE, "lfw"))) == FACES


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.5, 0.9, 0.9999])
def test_a_truncated_archive_is_refused(read, share):
    raw = packed(FACES)
    with pytest.raises(StageError, match=r"set.tgz is damaged or no archive"):
        read(raw[: int(len(raw) * share)])


@pytest.mark.parametrize("place", [0, 1, 40, 5_000, 12_000, -5])
def test_a_flipped_byte_is_noticed(read, place):
    raw = bytearray(packed(FACES))
    raw[place] ^= 0x55
    with pytest.raises(StageError, match="damaged or no archive"):
        read(bytes(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"<!DOCTYPE html><html></html>",
        gzip.compress(b"no tar" * 500),
        gzip.compress(packed(FACES)),
        gzip.compress(endless()),
        gzip.compress(endless("././@LongLink", kind=tarfile.GNUTYPE_LONGNAME)),
        gzip.compress(special(tarfile.GNUTYPE_LONGNAME, "././@LongLink").tobuf() * 3000),
    ],
    ids=["web page", "no tar", "packed twice", "endless file", "endless name", "names without end"],
)
def test_what_is_no_archive_is_refused(read, raw):
    with pytest.raises(StageError, match="damaged or no archive"):
        read(raw)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_pipe_or_a_folder_in_place_of_a_file_is_refused(tmp_path, make):
    path = tmp_path / "C/C_0001.jpg"
    path.parent.mkdir()
    make(path)
    for read in (lambda: read_archive(path), lambda: read_folder(tmp_path)):
        with pytest.raises(IrregularFile, match=r"C_0001.jpg"):
            read()


@pytest.mark.parametrize("folder", ["/etc/", "../", "set/../../", "set\\..\\"])
def test_an_entry_outside_of_the_folder_becomes_an_image_like_others(read, folder):
    (name,) = read(packed({f"{folder}C_0001.jpg": b"x"}))
    assert "/".join(name.split("/")[1:]) == name.split("/")[0] + "_0001.jpg"


@pytest.mark.parametrize(
    "entry",
    [
        special(tarfile.SYMTYPE, target="/etc/hostname"),
        special(tarfile.LNKTYPE, target="A_B/A_B_0001.jpg"),
        special(tarfile.CHRTYPE),
        special(tarfile.BLKTYPE),
        special(tarfile.FIFOTYPE),
    ],
    ids=["symbolic link", "hard link", "character device", "block device", "pipe"],
)
def test_links_and_devices_are_not_read(read, entry):
    rest = {name: content for name, content in FACES.items() if not name.startswith("C/")}
    assert read(packed(rest, entry)) == rest


def test_a_sparse_file_is_not_read(read):
    raw = gzip.decompress(packed({"D/D_0001.jpg": b"x"}))
    with tarfile.open(fileobj=io.BytesIO(sparse(1 << 26) + raw)) as archive:
        assert archive.next().size == 1 << 26
    assert read(gzip.compress(sparse(1 << 26) + raw)) == {"D/D_0001.jpg": b"x"}


@pytest.mark.parametrize(
    "raw",
    [packed({"C/C_0001.jpg": bytes(2 << 20)}), packed(FACES) + gzip.compress(bytes(2 << 20), mtime=0)],
    ids=["in a file", "behind the last file"],
)
def test_an_archive_that_unpacks_to_too_much_is_refused(read, monkeypatch, raw):
    monkeypatch.setattr(lfw, "ARCHIVE_LIMIT", 1 << 20)
    with pytest.raises(StageError, match="unpacks to more than 1 MiB"):
        read(raw)
