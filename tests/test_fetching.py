import hashlib
import socket
from dataclasses import replace

import numpy as np
import pytest

from stages.base.errors import StageError
from stages.base.files import replacing_folder
from stages.sources import fetching
from stages.sources.fetching import Patience, RemoteFile, mirror_folder, obtain
from tests.faulty_server import serving

CONTENT = np.random.default_rng(0).bytes(600_000)
HURRY = Patience(tries=3, pause=0.01, timeout=0.4)


@pytest.fixture
def server():
    with serving({"sets/file.gz": CONTENT}) as running:
        yield running


@pytest.fixture
def fetch(tmp_path, server):
    """Fetch the server's file; gives its path."""

    def run(mirror=None, **changes):
        file = RemoteFile("sets/file.gz", (server.url("sets/file.gz"),), "sha256", hashlib.sha256(CONTENT).hexdigest())
        target = tmp_path / "out/file.gz"
        obtain(replace(file, **changes), target, mirror, tmp_path / "downloads", HURRY)
        return target

    return run


def refused(fetch, tmp_path, **arguments):
    """The message of a fetch that fails and leaves no output."""
    with pytest.raises(StageError) as caught:
        fetch(**arguments)
    assert not (tmp_path / "out/file.gz").exists()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_mirror_is_preferred_and_its_file_stays(fetch, server, tmp_path):
    mirror = tmp_path / "mirror"
    (mirror / "sets").mkdir(parents=True)
    (mirror / "sets/file.gz").write_bytes(CONTENT)
    assert fetch(mirror).read_bytes() == CONTENT
    assert server.ranges == []
    assert (mirror / "sets/file.gz").read_bytes() == CONTENT


def test_what_the_mirror_lacks_is_downloaded(fetch, server, tmp_path):
    assert fetch(tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None]
    assert list((tmp_path / "downloads").iterdir()) == []


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        CONTENT[:1],
        CONTENT[:300_000],
        CONTENT[:-1],
        CONTENT[:500] + bytes([CONTENT[500] ^ 1]) + CONTENT[501:],
        b"<html>Not found</html>",
    ],
    ids=["empty", "one byte", "half", "last byte gone", "flipped bit", "web page"],
)
def test_a_damaged_mirror_is_named_and_good_data_heal_it(fetch, server, tmp_path, damaged):
    mirror = tmp_path / "mirror"
    (mirror / "sets").mkdir(parents=True)
    (mirror / "sets/file.gz").write_bytes(damaged)
    message = refused(fetch, tmp_path, mirror=mirror)
    assert f"{mirror / 'sets/file.gz'} is damaged" in message
    assert server.url("sets/file.gz") in message
    assert server.ranges == []
    (mirror / "sets/file.gz").write_bytes(CONTENT)
    assert fetch(mirror).read_bytes() == CONTENT


def test_a_dropped_connection_is_resumed_where_it_broke(fetch, server):
    server.faults = [("drop", 400_000)]
    assert fetch().read_bytes() == CONTENT
    assert server.ranges[0] is None
    assert 0 < int(server.ranges[1].removeprefix("bytes=").rstrip("-")) <= 400_000


def test_a_server_without_ranges_is_read_from_the_start(fetch, server):
    server.faults = [("drop", 400_000), ("refuse ranges",)]
    assert fetch().read_bytes() == CONTENT


def test_a_later_run_continues_what_an_earlier_one_left(fetch, server, tmp_path):
    server.faults = [("drop", 300_000), ("drop", 0), ("drop", 0)]
    assert "dropped" in refused(fetch, tmp_path)
    assert fetch().read_bytes() == CONTENT
    assert server.ranges[-1] not in (None, "bytes=0-")


def test_a_stale_beginning_is_thrown_away(fetch, server, tmp_path):
    server.faults = [("drop", 300_000), ("drop", 0), ("drop", 0)]
    refused(fetch, tmp_path)
    (part,) = (tmp_path / "downloads").iterdir()
    part.write_bytes(b"stale" * 1000)
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("rest", [b"", b"more than the file has"])
def test_a_whole_or_overlong_part_does_no_harm(fetch, server, tmp_path, rest):
    server.faults = [("drop", 300_000), ("drop", 0), ("drop", 0)]
    refused(fetch, tmp_path)
    (part,) = (tmp_path / "downloads").iterdir()
    part.write_bytes(CONTENT + rest)
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("fault", [503, 500, 429, "hang", "page"])
def test_a_passing_fault_is_survived(fetch, server, fault):
    server.faults = [fault] if fault != "page" else [("drop", 300_000), "page"]
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("fault", "tries", "says"),
    [
        (503, 3, "answered 503"),
        (404, 1, "answered 404"),
        ("hang", 3, "stopped answering"),
        ("page", 1, "sent a web page"),
        (("drop", 0), 3, "dropped"),
    ],
    ids=str,
)
def test_a_lasting_fault_is_one_sentence_with_the_ways_out(fetch, server, tmp_path, fault, tries, says):
    server.faults = [fault] * 9
    message = refused(fetch, tmp_path)
    assert len(server.ranges) == tries
    for part in (says, "sets/file.gz", server.url("sets/file.gz"), "AAE_DATA_MIRROR", "make demo"):
        assert part in message
    server.faults = []
    assert fetch().read_bytes() == CONTENT


def test_a_damaged_download_is_refused_and_forgotten(fetch, server, tmp_path):
    server.files["sets/file.gz"] = CONTENT[:-1] + b"?"
    assert "sha256" in refused(fetch, tmp_path)
    assert list((tmp_path / "downloads").iterdir()) == []
    server.files["sets/file.gz"] = CONTENT
    assert fetch().read_bytes() == CONTENT


def test_a_server_that_sends_too_much_is_cut_off(fetch, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "SIZE_LIMIT", 300_000)
    assert "more than" in refused(fetch, tmp_path)
    assert list((tmp_path / "downloads").iterdir()) == []


def test_the_second_address_serves_where_the_first_is_gone(fetch, server):
    assert fetch(urls=(server.url("moved.gz"), server.url("sets/file.gz"))).read_bytes() == CONTENT


def test_no_server_is_said_at_once(fetch, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/file.gz"
    message = refused(fetch, tmp_path, urls=(address,))
    assert "cannot be reached" in message
    assert address in message


def test_no_network_is_said_at_once(fetch, tmp_path):
    message = refused(fetch, tmp_path, mirror=tmp_path, urls=("http://nowhere.invalid/file.gz",))
    assert f"{tmp_path} has no sets/file.gz" in message
    assert "no network?" in message


@pytest.mark.parametrize("name", ["relative/folder", "/no/such/folder"])
def test_a_mirror_that_is_none_is_refused(monkeypatch, name):
    monkeypatch.setenv("AAE_DATA_MIRROR", name)
    with pytest.raises(StageError, match="AAE_DATA_MIRROR"):
        mirror_folder()


@pytest.mark.parametrize("name", ["", None])
def test_no_mirror_is_no_fault(monkeypatch, name):
    monkeypatch.delenv("AAE_DATA_MIRROR", raising=False)
    if name is not None:
        monkeypatch.setenv("AAE_DATA_MIRROR", name)
    assert mirror_folder() is None


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "data"
    with replacing_folder(folder) as part:
        (part / "old").touch()

    def stop_between():
        with replacing_folder(folder) as part:
            (part / "half").touch()
            raise StageError("in between")

    with pytest.raises(StageError, match="in between"):
        stop_between()
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "old"]
    with replacing_folder(folder) as part:
        (part / "new").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "new"]
