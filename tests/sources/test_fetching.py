import hashlib
import os
import socket
from types import SimpleNamespace

import numpy as np
import pytest

from stages.base.errors import StageError
from stages.base.files import IrregularFile
from stages.sources import fetching
from stages.sources.fetching import RemoteFile, mirror_folder, obtain, scratch_folder
from tests.faulty_server import serving
from tests.publishers import write_files

CONTENT = np.random.default_rng(0).bytes(300_000)
NAME = "sets/file.gz"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(fetching, "RETRIES", 1)
    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=lambda seconds: None))
    with serving() as running:
        running.files = {NAME: CONTENT}
        yield running


@pytest.fixture
def fetch(tmp_path, server):
    """Obtain the server's file; gives its path."""

    def run(mirror=None, paths=(NAME,), urls=None):
        urls = urls or tuple(server.url(path) for path in paths)
        checksum = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
        return obtain(RemoteFile(NAME, urls, checksum), mirror, tmp_path / "downloads")

    return run


@pytest.fixture
def refused(fetch, tmp_path):
    """The message of a fetch that fails and leaves nothing."""

    def run(**arguments):
        with pytest.raises(StageError) as caught:
            fetch(**arguments)
        assert not list(tmp_path.glob("downloads/*"))
        message = str(caught.value)
        assert "\n" not in message
        return message

    return run


def test_a_mirror_is_preferred_and_its_file_is_used_where_it_lies(fetch, server, tmp_path):
    write_files(tmp_path, {NAME: CONTENT})
    assert fetch(tmp_path) == tmp_path / NAME
    assert server.requests == []


def test_what_the_mirror_lacks_is_downloaded(fetch, server, tmp_path):
    path = fetch(tmp_path)
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]
    assert server.requests == [NAME]


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        CONTENT[:150_000],
        CONTENT[:-1],
        CONTENT[:500] + bytes([CONTENT[500] ^ 1]) + CONTENT[501:],
        b"<html>Not found</html>",
    ],
    ids=["empty", "half", "last byte gone", "flipped bit", "web page"],
)
def test_a_damaged_file_of_a_mirror_is_named_and_a_good_one_heals_it(fetch, refused, server, tmp_path, damaged):
    write_files(tmp_path, {NAME: damaged})
    message = refused(mirror=tmp_path)
    for part in (f"{tmp_path / NAME} is missing or damaged", server.url(NAME), "AAE_DATA_MIRROR"):
        assert part in message
    assert server.requests == []
    write_files(tmp_path, {NAME: CONTENT})
    assert fetch(tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_pipe_or_a_folder_in_place_of_a_file_is_refused(fetch, tmp_path, make):
    (tmp_path / "sets").mkdir()
    make(tmp_path / NAME)
    with pytest.raises(IrregularFile, match=NAME):
        fetch(tmp_path)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (404, "answered 404"),
        (429, "answered 429"),
        (500, "answered 500"),
        (503, "answered 503"),
        ("silence", "stopped answering"),
        ("stall", "stopped answering"),
        ("drop", "connection was dropped"),
        ("page", "a web page"),
    ],
)
def test_a_passing_fault_is_survived_and_a_lasting_one_told_with_the_ways_out(
    fetch, refused, server, monkeypatch, fault, says
):
    if fault in ("silence", "stall"):
        monkeypatch.setattr(fetching, "TIMEOUT", 0.4)
    server.faults = [fault]
    path = fetch()
    assert path.read_bytes() == CONTENT
    assert len(server.requests) == 2
    path.unlink()
    server.faults = [fault] * 2
    message = refused()
    assert len(server.requests) == 4
    for part in (says, NAME, server.url(NAME), "AAE_DATA_MIRROR", "make demo"):
        assert part in message


def test_a_download_with_another_checksum_is_refused_and_forgotten(fetch, refused, server):
    server.files[NAME] = CONTENT[:-1] + b"?"
    assert "another checksum" in refused()
    server.files[NAME] = CONTENT
    assert fetch().read_bytes() == CONTENT


def test_the_second_address_serves_where_the_first_is_gone(fetch, server):
    assert fetch(paths=("moved.gz", NAME)).read_bytes() == CONTENT
    assert server.requests[-1] == NAME


def test_faults_of_all_addresses_are_told(refused, server):
    message = refused(paths=("moved.gz", "gone.gz"))
    assert f"{server.url('moved.gz')}: the server answered 404; {server.url('gone.gz')}: the server" in message


def test_no_server_is_told(refused):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/file.gz"
        assert f"{address}: the server cannot be reached" in refused(urls=(address,))


def test_no_network_is_told(refused, tmp_path):
    message = refused(mirror=tmp_path, urls=("http://nowhere.invalid/file.gz",))
    assert f"{tmp_path} has no {NAME}" in message
    assert "no network?" in message


@pytest.mark.parametrize("name", ["relative", "/no/such/folder", __file__], ids=["relative", "missing", "file"])
def test_a_mirror_that_is_none_is_refused(monkeypatch, tmp_path, name):
    (tmp_path / "relative").mkdir()
    monkeypatch.setenv("AAE_DATA_MIRROR", name)
    with pytest.raises(StageError, match=f"AAE_DATA_MIRROR is '{name}': .* absolute path of a folder"):
        mirror_folder()


def test_a_mirror_is_a_choice(monkeypatch, tmp_path):
    monkeypatch.setenv("AAE_DATA_MIRROR", str(tmp_path))
    assert mirror_folder() == tmp_path
    monkeypatch.setenv("AAE_DATA_MIRROR", "")
    assert mirror_folder() is None
    monkeypatch.delenv("AAE_DATA_MIRROR")
    assert mirror_folder() is None


def test_a_scratch_folder_is_empty_at_first_and_gone_at_the_end(tmp_path):
    def stop_between():
        with scratch_folder("set") as folder:
            assert list(folder.iterdir()) == []
            (folder / "half").touch()
            raise StageError("in between")

    write_files(tmp_path / fetching.DOWNLOADS / "set", {"of/a/killed.process": b""})
    with pytest.raises(StageError, match="in between"):
        stop_between()
    assert list((tmp_path / fetching.DOWNLOADS).iterdir()) == []


def test_a_scratch_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / fetching.DOWNLOADS.parent).touch()
    with pytest.raises(OSError, match=str(fetching.DOWNLOADS)), scratch_folder("set"):
        pass
