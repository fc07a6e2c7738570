import re

import numpy as np
import pytest

from stages.page.rendering import as_json, number

AA = 4.5  # contrast of text that WCAG 2.2 asks for


def luminance(colour: str) -> float:
    """Relative luminance of a hexadecimal colour."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """Contrast of two hexadecimal colours, from 1 to 21."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(params=[0, 1], ids=["light", "dark"])
def colours(request, project) -> dict[str, str]:
    """The style sheet's colours of a scheme by name."""
    text = (project / "stages/page/assets/page.css").read_text(encoding="utf-8")
    return dict(re.findall(r"--([\w-]+): (#\w{6});", re.findall(r":root \{(.*?)\}", text, re.DOTALL)[request.param]))


def test_text_stands_out_in_both_schemes(colours):
    pairs = [(ink, ground) for ink in ("ink", "quiet", "accent") for ground in ("ground", "panel")]
    for ink, ground in [*pairs, ("on-accent", "accent")]:
        assert contrast(colours[ink], colours[ground]) >= AA, (ink, ground)


def test_numbers_of_a_confusion_matrix_stand_out_on_every_shade(project, colours):
    script = (project / "stages/page/assets/transfer.js").read_text(encoding="utf-8")
    strong = float(re.search(r"STRONG = ([\d.]+)", script)[1])
    panel, accent = (np.array([int(colours[name][k : k + 2], 16) for k in (1, 3, 5)]) for name in ("panel", "accent"))
    for share in np.linspace(0, 1, 201):
        shade = np.rint(panel + np.sqrt(share) * (accent - panel)).astype(int)
        ink = colours["on-strong" if share > strong else "on-weak"]
        assert contrast(ink, "#" + "".join(f"{value:02x}" for value in shade)) >= AA, share


def test_json_cannot_end_its_element():
    assert "</script" not in as_json({"name": "</script><b>"})


def test_scores_are_short_and_other_values_as_they_are():
    assert (number(0.123456789), number(7), number("demo")) == ("0.12346", "7", "demo")


def test_scripts_name_no_address_of_another_host(project):
    for path in (project / "stages/page/assets").glob("*.*"):
        if path.suffix in (".js", ".css", ".j2"):
            found = set(re.findall(r"https?://[^\s\"']+", path.read_text(encoding="utf-8")))
            assert found <= {"http://www.w3.org/2000/svg"}, path
