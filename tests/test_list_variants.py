import json
from pathlib import Path

import pytest
import yaml

from stages.list_variants import main
from tests.networks import GAUSSIAN, UMBRELLA


@pytest.fixture
def params() -> dict:
    priors = {
        "petals": {"label": "Petals", "prior": UMBRELLA, "training": {"epochs": 2}},
        "ball": {"label": "Ball", "prior": GAUSSIAN, "training": {}},
    }
    trees = {
        "trees": {"label": "Trees", "features": "a.npz", "settings": "defaults", "classes": "all"},
        "pair": {"label": "Pair", "features": "a.npz", "settings": "defaults", "classes": ["cat", "dog"]},
    }
    probes = {"probe": {"label": "Probe", "features": "a.npz"}}
    classifiers = {"lightgbm": {"classifiers": trees}, "linear": {"classifiers": probes}, "cnn": {"label": "CNN"}}
    semi = {"few": {"label": "few labels", "labels": 50, "classes": 10, "model": {}, "training": {"epochs": 2}}}
    return {"digits": {"priors": priors}, "semi": {"variants": semi}} | classifiers


def listed(params: dict) -> list[bytes]:
    Path("params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    main()
    return [Path(f"data/variants/{name}.json").read_bytes() for name in ("digits", "semi", "classifiers")]


def test_variants_are_listed_in_the_order_of_params_with_the_specialist_first(params):
    digits, semi, classifiers = map(json.loads, listed(params))
    assert digits == [
        {"name": "petals", "label": "Petals", "prior": UMBRELLA},
        {"name": "ball", "label": "Ball", "prior": GAUSSIAN},
    ]
    assert semi == [{"name": "few", "label": "few labels", "labels": 50, "classes": 10}]
    assert classifiers == [
        {"name": "cnn", "label": "CNN", "classes": "all"},
        {"name": "trees", "label": "Trees", "classes": "all"},
        {"name": "pair", "label": "Pair", "classes": ["cat", "dog"]},
        {"name": "probe", "label": "Probe", "classes": "all"},
    ]


def test_how_a_variant_is_trained_changes_no_list(params):
    before = listed(params)
    params["digits"]["priors"]["ball"]["training"] = {"epochs": 3}
    params["semi"]["variants"]["few"]["training"] = {"epochs": 3}
    params["lightgbm"]["classifiers"]["trees"]["settings"] = "tuned"
    assert listed(params) == before
