from pathlib import Path

import pytest

from stages.base.files import DamagedFile
from stages.sources.jpegs import read_jpegs, write_jpegs

PATH = Path("faces.npz")
FILES = {f"{name}/{name}_0001.jpg": name.encode() * 30 for name in ("B", "A_long_name", "Ünal")} | {"C/C_0001.jpg": b""}


def test_files_come_out_as_they_went_in_in_the_order_of_their_names():
    write_jpegs(PATH, FILES)
    first = PATH.read_bytes()
    files = read_jpegs(PATH)
    assert files == FILES
    assert list(files) == sorted(FILES)
    write_jpegs(PATH, dict(reversed(FILES.items())))
    assert PATH.read_bytes() == first


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(share):
    write_jpegs(PATH, FILES)
    raw = PATH.read_bytes()
    PATH.write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(DamagedFile, match=r"faces.npz"):
        read_jpegs(PATH)


def test_a_flipped_bit_is_refused_or_harmless():
    write_jpegs(PATH, FILES)
    raw = PATH.read_bytes()
    refused = 0
    for place in range(0, len(raw), 3):
        PATH.write_bytes(raw[:place] + bytes([raw[place] ^ 1 << place % 8]) + raw[place + 1 :])
        try:
            assert read_jpegs(PATH) == FILES, place
        except DamagedFile:
            refused += 1
    assert refused > len(raw) / 3 / 2
