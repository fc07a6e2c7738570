import gzip
import io
import tarfile

import numpy as np
import pytest

from stages.base.errors import StageError
from stages.sources.archives import read_archive

FILES = {f"set/file_{n}.bin": np.random.default_rng(n).bytes(4000 + n) for n in range(5)}


def packed(files=FILES, extra=()):
    """A .tar.gz of files and further entries."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry in extra:
            archive.addfile(entry)
    return raw.getvalue()


def special(name, kind, target=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


@pytest.fixture
def read(tmp_path):
    """Write bytes as an archive and read it."""

    def run(raw, total=1 << 20, single=1 << 16):
        path = tmp_path / "set.tgz"
        path.write_bytes(raw)
        return dict(read_archive(path, total, single))

    return run


def test_files_come_out_as_they_went_in(read):
    assert read(packed(extra=[special("set", tarfile.DIRTYPE)])) == FILES


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_refused(read, share):
    raw = packed()
    with pytest.raises(StageError, match="damaged or no archive"):
        read(raw[: int(len(raw) * share)])


def test_an_archive_without_its_last_byte_is_refused(read):
    with pytest.raises(StageError, match="damaged"):
        read(packed()[:-1])


@pytest.mark.parametrize("place", [0, 1, 40, 5_000, 12_000, -5])
def test_a_flipped_byte_is_noticed(read, place):
    raw = bytearray(packed())
    raw[place] ^= 0x55
    with pytest.raises(StageError, match="damaged"):
        read(bytes(raw))


@pytest.mark.parametrize("raw", [b"<!DOCTYPE html><html></html>", gzip.compress(b"no tar" * 500), b"\0" * 5000])
def test_what_is_no_archive_is_refused(read, raw):
    with pytest.raises(StageError, match="damaged or no archive"):
        read(raw)


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "set/../../outside", "set\\..\\outside"])
def test_an_entry_outside_the_folder_is_refused(read, name):
    with pytest.raises(StageError, match="outside of its folder"):
        read(packed({name: b"x"}))


@pytest.mark.parametrize(
    "entry",
    [
        special("set/link", tarfile.SYMTYPE, "/etc/passwd"),
        special("set/link", tarfile.LNKTYPE, "set/file_0.bin"),
        special("set/null", tarfile.CHRTYPE),
        special("set/disk", tarfile.BLKTYPE),
        special("set/pipe", tarfile.FIFOTYPE),
    ],
    ids=["symbolic link", "hard link", "character device", "block device", "pipe"],
)
def test_links_and_devices_are_refused(read, entry):
    with pytest.raises(StageError, match="link or a device"):
        read(packed(extra=[entry]))


def test_a_large_file_is_refused(read):
    with pytest.raises(StageError, match=r"70,000 bytes \(set/large\)"):
        read(packed({"set/large": bytes(70_000)}))


def test_a_bomb_of_many_files_is_refused(read):
    with pytest.raises(StageError, match="unpacks to more than 1 MiB"):
        read(packed({f"set/{n}": bytes(60_000) for n in range(30)}))


def test_a_bomb_behind_the_last_file_is_refused(read):
    with pytest.raises(StageError, match="unpacks to more than 1 MiB"):
        read(packed() + gzip.compress(bytes(5 << 20)))


def test_a_bomb_in_a_long_name_is_refused(read):
    entry = tarfile.TarInfo("set/" + "n" * (3 << 20))
    with pytest.raises(StageError, match="unpacks to more than 1 MiB"):
        read(packed({}, [entry]))
