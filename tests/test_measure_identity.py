import json
from pathlib import Path

import pytest
import torch
import yaml

from stages.aae.identity import IdentityAAE
from stages.learning.weights import save_weights
from stages.measure_identity import main, measure_identity
from tests.networks import encoded
from tests.people import DIM, PARTS, drawn_people, linear_aae


@pytest.fixture(scope="module")
def parted():
    """Data, an AAE whose code is turned by the patterns that people are made of, and its codes."""
    data = drawn_people()
    aae = linear_aae(data)
    means = torch.from_numpy(encoded(aae, data).part("train").codes).unflatten(0, (-1, 4)).mean(1)
    _, directions = torch.linalg.eigh(means.T.cov())
    identity = IdentityAAE.of(aae, PARTS)
    images = torch.from_numpy(data.part("train").images).permute(0, 3, 1, 2) / 255
    identity.turn(directions[:, -PARTS:].T, iter([images, images.flip(3)]))
    return data, identity.eval(), encoded(identity, data)


def test_the_person_tells_people_and_the_scene_does_not(parted):
    scores = measure_identity(parted[1], parted[0], parted[2], seed=0)
    code, person, scene, pca = (scores[name] for name in ("code", "person", "scene", "pca"))
    for name in ("same_person_top1", "mean_average_precision", "verification_auroc", "verification_accuracy"):
        assert person[name] > code[name] > scene[name]
        assert code[name] == pytest.approx(pca[name], abs=0.1)
    assert person["verification_accuracy"] > 0.8
    assert scene["verification_accuracy"] == pytest.approx(0.5, abs=0.1)


def test_the_code_is_scored_as_the_aaes(parted):
    scores = measure_identity(parted[1], parted[0], parted[2], seed=0)
    assert scores["held_out_mse"] < 0.001
    assert scores["norm_deviation"] == pytest.approx((2 / DIM) ** 0.5, rel=0.5)
    assert scores["kurtosis"] == pytest.approx(3, abs=1)


def test_the_stage_writes_scores_and_the_datas_source(parted):
    data, aae, latents = parted
    save_weights(aae, "data/models/faces/identity.safetensors")
    data.write("data/faces/faces.npz")
    latents.write("data/latents/faces/identity.npz")
    Path("params.yaml").write_text(yaml.safe_dump({"measure": {"seed": 0}, "data": {"source": "demo"}}))
    main()
    written = json.loads(Path("metrics/faces/identity.json").read_text())
    assert written == measure_identity(aae, data, latents, 0) | {"data": "demo"}
