"""Labeled Faces in the Wild: its editions, where they can be had, and how their content is checked."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stages.base.errors import StageError
from stages.sources.fetching import RemoteFile, by_hand

IMAGES, PEOPLE = 13_233, 5_749  # http://vis-www.cs.umass.edu/lfw, README, section 1; the same for all editions
ARCHIVE_LIMIT, IMAGE_LIMIT = 1 << 29, 1 << 20  # bytes

# the archives that scikit-learn pins; https://scikit-learn.org, sklearn.datasets.fetch_lfw_people
ARCHIVES = {
    "original": RemoteFile(
        "lfw.tgz",
        ("https://ndownloader.figshare.com/files/5976018",),
        "sha256",
        "055f7d9c632d7370e6fb4afc7468d40f970c34a80d4c6f50ffec63f5a8d536c0",
    ),
    "funneled": RemoteFile(
        "lfw-funneled.tgz",
        ("https://ndownloader.figshare.com/files/5976015",),
        "sha256",
        "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
    ),
}


@dataclass(frozen=True)
class Folder:
    """A folder of a git repository at one commit."""

    url: str
    commit: str
    path: str

    def __str__(self) -> str:
        return f"folder {self.path} of {self.url} at commit {self.commit}"


DEEPFUNNELED = Folder(
    "https://github.com/umass-vis-lfw/umass-vis-lfw.github.io",
    "2a620cd8cceb10430f8c7012fe9fa5f0837759e9",
    "images_deepfunneled",
)
DEEPFUNNELED_ARCHIVE = "lfw-deepfunneled.tgz"  # in a mirror, as may be the repository's folder itself
DEEPFUNNELED_DIGEST = "d74b84a8b052eb400a6d69dcce66460240bf4cd659d924c13bc90ce1fced9bce"  # see content_digest


def content_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 of the lines '<sha256 of the file>  PERSON/PERSON_0001.jpg\\n', sorted by their paths.

    In a folder that holds one folder per person, the same is
    `find * -name '*.jpg' | LC_ALL=C sort | xargs sha256sum | sha256sum`.
    """
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def gathered(entries: Iterable[tuple[str, bytes]], where: Path) -> dict[str, bytes]:
    """The images among `entries` by their canonical names. Raises StageError where two have the same name."""
    files: dict[str, bytes] = {}
    for name, content in entries:
        match = re.fullmatch(r"(?:.*/)?(([^/.][^/]*)_\d{4}\.jpg)", name)
        if match is None:
            continue  # listings and what a file manager leaves
        canonical = f"{match[2]}/{match[1]}"
        if canonical in files:
            raise StageError(f"{where} has {canonical} twice: it is not the publisher's")
        files[canonical] = content
    return files


def check_counts(files: Mapping[str, bytes], where: Path, images: int = IMAGES, people: int = PEOPLE) -> None:
    """Raises StageError where `files` are not as many images of as many people."""
    found = len({name.split("/")[0] for name in files})
    if (len(files), found) != (images, people):
        raise StageError(f"{where} holds {len(files):,} images of {found:,} people, not {images:,} of {people:,}")


def read_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Relative name and content of each file below `folder`. Raises StageError for a link or a large file."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise StageError(f"{folder} has a link ({name}): it is not the publisher's")
        if path.is_file():
            if path.stat().st_size > IMAGE_LIMIT:
                raise StageError(f"{folder} has a file of more than {IMAGE_LIMIT:,} bytes ({name})")
            yield name, path.read_bytes()


def clone(source: Folder, folder: Path) -> Path:
    """Fetch one folder at one commit, no other files and no history; gives its path below the new `folder`.

    Raises StageError with git's last words where that fails.
    """
    shutil.rmtree(folder, ignore_errors=True)  # git cannot go on from every state that an interruption leaves
    folder.mkdir(parents=True)
    commands = [
        ["init", "--quiet"],
        ["remote", "add", "origin", source.url],
        ["sparse-checkout", "set", "--no-cone", f"/{source.path}/"],
        ["fetch", "--quiet", "--depth=1", "--filter=blob:none", "origin", source.commit],
        ["checkout", "--progress", "--detach", source.commit],
    ]
    settings = ["core.symlinks=false", "core.autocrlf=false", "http.lowSpeedLimit=1000", "http.lowSpeedTime=60"]
    options = [word for setting in settings for word in ("-c", setting)]
    for command in commands:
        trouble = git([*options, *command], folder)
        if trouble:
            shutil.rmtree(folder, ignore_errors=True)
            raise StageError(
                f"{source.path} is missing and git cannot get it ({trouble}): {by_hand(source.path, str(source))}"
            )
    return folder / source.path


def git(arguments: list[str], folder: Path) -> str:
    """Run git in `folder`; its last line where it fails, else nothing."""
    # a repository around this one, or a prompt for a password, must not come into play
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment = kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, errors="replace"
        )
    except FileNotFoundError:
        return "git is not installed"
    said = done.stderr.strip().splitlines()
    return (said[-1] if said else f"git ended with {done.returncode}") if done.returncode else ""
