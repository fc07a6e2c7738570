import pytest

from stages.page.graph import arrows, drawing, places, read_stages

PARAMS = {"priors": {"round": {"file": "r.npz"}, "flat": {"file": "f.npz"}}, "shown": "flat"}
TEMPLATES = [
    {"name": "fetch", "foreach": {}, "desc": "Images", "cmd": "fetch", "deps": [], "outs": ["data/images.npz"]},
    {
        "name": "train",
        "foreach": "${priors}",
        "desc": "Prior ${key}",
        "cmd": "train ${key}",
        "deps": ["data/images.npz"],
        "outs": ["data/models/${key}.pt", "data/${item.file}"],
        "plots": [{"plots/${key}": {"cache": False}}],
    },
    {"name": "draw", "foreach": {}, "desc": "Figure", "cmd": "draw", "deps": ["data/models", "data/images.npz"]},
    {"name": "show", "foreach": {}, "desc": "One", "cmd": "show", "deps": ["data/models/${shown}.pt"]},
]


@pytest.fixture
def stages():
    return read_stages(TEMPLATES, PARAMS)


def test_templates_are_filled_in_for_all_their_keys(stages):
    train = stages[1]
    assert train.keys == ["round", "flat"]
    assert (train.description, train.command) == ("Prior …", "train …")
    assert train.outputs == [
        "data/models/round.pt",
        "data/r.npz",
        "plots/round",
        "data/models/flat.pt",
        "data/f.npz",
        "plots/flat",
    ]
    assert stages[3].inputs == ["data/models/flat.pt"]


def test_an_arrow_leads_from_what_makes_to_what_reads_and_none_is_needless(stages):
    assert arrows(stages) == [("fetch", "train"), ("train", "draw"), ("train", "show")]


def test_a_stage_stands_below_those_that_it_waits_for(stages):
    assert places(stages) == {"fetch": (0, 0, 1), "train": (1, 0, 1), "draw": (2, 0, 2), "show": (2, 1, 2)}
    drawn = drawing(stages)
    assert len(drawn["lines"]) == 3
    assert all(0 <= box["x"] <= drawn["width"] - box["width"] for box in drawn["boxes"])
    assert max(box["y"] + box["height"] for box in drawn["boxes"]) <= drawn["height"]
