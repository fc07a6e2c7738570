"""MNIST, CIFAR-10 and LFW of a few images, in their publishers' formats and with checksums of their own."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torchvision.datasets import CIFAR10, MNIST

from stages.sources.git import GitFolder
from stages.sources.lfw import content_digest
from tests.pipelines import git

TRAINING, TOTAL = 20, 30
OBJECT_NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
LABELS = np.arange(TOTAL) % 10
DIGITS = np.random.default_rng(0).integers(0, 256, (TOTAL, 28, 28, 1), dtype=np.uint8)
OBJECTS = np.random.default_rng(1).integers(0, 256, (TOTAL, 32, 32, 3), dtype=np.uint8)
FACES = {  # no JPEGs: nothing decodes them before they are known to be the publisher's
    f"{name[:-5]}/{name}.jpg": np.random.default_rng(place).bytes(4000 + place)
    for place, name in enumerate(["A_B_0001", "A_B_0002", "A-B_0001", "C_0001"])
}


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their paths in the folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def packed(files: Mapping[str, bytes], *more: tarfile.TarInfo) -> bytes:
    """A .tar.gz of files by their paths, and of entries without content."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry in more:
            archive.addfile(entry)
    return gzip.compress(raw.getvalue(), mtime=0)


def small_mnist(root: Path, address: str) -> type[MNIST]:
    """Fill a mirror with the four archives; gives the class that knows their checksums and address."""
    parts = {"train": slice(TRAINING), "t10k": slice(TRAINING, TOTAL)}
    for part, rows in parts.items():
        for kind, array in (("images-idx3", DIGITS[rows, ..., 0]), ("labels-idx1", LABELS[rows].astype(np.uint8))):
            header = struct.pack(f">{array.ndim + 1}I", 0x800 + array.ndim, *array.shape)
            content = gzip.compress(header + array.tobytes(), mtime=0)
            write_files(root / "MNIST/raw", {f"{part}-{kind}-ubyte.gz": content})
    resources = [(path.name, md5(path)) for path in sorted((root / "MNIST/raw").iterdir())]
    return type("MNIST", (MNIST,), {"mirrors": [address], "resources": resources})


def small_cifar10(root: Path, url: str) -> type[CIFAR10]:
    """Fill a mirror with the batches and their archive; gives the class that knows their checksums and address."""
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    starts = [*range(0, TRAINING + 1, TRAINING // 5), TOTAL]
    batches = {"batches.meta": {"label_names": OBJECT_NAMES}}
    for name, (start, end) in zip(names, pairwise(starts), strict=True):
        rows = OBJECTS[start:end].transpose(0, 3, 1, 2).reshape(end - start, -1)
        batches[name] = {"data": rows, "labels": LABELS[start:end].tolist()}
    files = {f"{CIFAR10.base_folder}/{name}": pickle.dumps(batch, protocol=2) for name, batch in batches.items()}
    write_files(root, files | {CIFAR10.filename: packed(files)})
    sums = {name: md5(root / CIFAR10.base_folder / name) for name in batches}
    changes = {
        "url": url,
        "tgz_md5": md5(root / CIFAR10.filename),
        "train_list": [[name, sums[name]] for name in names[:-1]],
        "test_list": [[names[-1], sums[names[-1]]]],
        "meta": CIFAR10.meta | {"md5": sums["batches.meta"]},
    }
    return type("CIFAR10", (CIFAR10,), changes)


def small_lfw(home: Path) -> GitFolder:
    """Make a git repository with the faces in one of its folders at a commit, and a later commit without them."""
    write_files(home / "images_deepfunneled", FACES | {".DS_Store": b"left by a file manager"})
    write_files(home, {"images/other.jpg": b"another edition", "index.html": b"<html>"})
    git(home, "init", "--quiet")
    git(home, "config", "uploadpack.allowFilter", "true")
    git(home, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(home, "add", ".")
    git(home, "commit", "--quiet", "-m", "images")
    commit = git(home, "rev-parse", "HEAD").strip()
    git(home, "rm", "--quiet", "-r", "images_deepfunneled")
    git(home, "commit", "--quiet", "-m", "moved away")
    return GitFolder(home.as_uri(), commit, "images_deepfunneled", content_digest(FACES))


def picture(path: Path, size: tuple[int, int], colour: str = "red", **options: Any) -> None:
    """A picture (width, height) of one colour with a blue bar at its left edge, in the format of the path's suffix."""
    image = Image.new("RGB", size, colour)
    image.paste("blue", (0, 0, size[0] // 10, size[1]))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
