"""Real storages on loopback, as DVC remotes: a folder, and servers of SSH, S3 and plain HTTP."""

import functools
import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


@dataclass(frozen=True)
class Storage:
    """What `dvc remote add` and `dvc remote modify` would be told."""

    url: str
    options: Mapping[str, str] = field(default_factory=dict)

    def configure(self, folder: Path) -> None:
        """Make this the default remote of a clone, in the file of DVC's configuration that git ignores."""
        lines = [f"{name} = {value}" for name, value in {"url": self.url, **self.options}.items()]
        text = "\n".join(["[core]", "remote = storage", "['remote \"storage\"']", *lines, ""])
        (folder / ".dvc/config.local").write_text(text, encoding="utf-8")


def need(package: str) -> None:
    """Skip a test where an optional package is not installed."""
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: `make remotes` installs it")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def ssh(folder: Path) -> Iterator[Storage]:
    """A folder behind a real `sshd` with keys of its own."""
    need("dvc_ssh")
    if SSHD is None:
        pytest.skip("there is no sshd: install openssh-server")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd confines itself
    keys = folder / "keys"
    keys.mkdir(parents=True)
    for name in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)]
        subprocess.run(command, check=True)
    port = free_port()
    settings = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": keys / "host",
        "AuthorizedKeysFile": keys / "user.pub",
        "StrictModes": "no",  # which would look at who owns the temporary folder
        "PidFile": "none",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "Subsystem": "sftp internal-sftp",
    }
    config = keys / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()), encoding="utf-8")
    with (keys / "log").open("wb") as log:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=log)
    try:
        wait_for(port)
        url = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{folder}/storage"
        yield Storage(url, {"keyfile": str(keys / "user")})
    finally:
        server.terminate()
        server.wait()


def wait_for(port: int) -> None:
    """Wait until a server on loopback answers."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing answers on port {port}")


@contextmanager
def s3() -> Iterator[Storage]:
    """A bucket of moto's S3 server."""
    for package in ("dvc_s3", "moto", "flask_cors"):
        need(package)
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        login = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=endpoint, **login).create_bucket(Bucket="results")
        options = {"access_key_id": "key", "secret_access_key": "secret", "region": "us-east-1"}
        yield Storage("s3://results/storage", {"endpointurl": endpoint} | options)
    finally:
        server.stop()


class Handler(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, delay: float, trouble: HTTPStatus | None, **options: Any) -> None:
        self.delay, self.trouble = delay, trouble
        super().__init__(*arguments, **options)

    def do_HEAD(self) -> None:
        if self.trouble:
            self.send_error(self.trouble)
        else:
            super().do_HEAD()

    def do_GET(self) -> None:
        time.sleep(self.delay)
        with suppress(ConnectionError):  # DVC may not read to the end
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def http(folder: Path, delay: float = 0.0, trouble: HTTPStatus | None = None) -> Iterator[Storage]:
    """A folder behind a server that only reads, and takes its time or is in trouble."""
    handler = functools.partial(Handler, directory=str(folder), delay=delay, trouble=trouble)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield Storage(f"http://127.0.0.1:{server.server_port}/")
        finally:
            server.shutdown()
            thread.join()
