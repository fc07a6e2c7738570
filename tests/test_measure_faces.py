import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from stages.aae.inference import reconstruct
from stages.base.tables import Latents
from stages.learning.weights import save_weights
from stages.measure.codes import norm_deviation
from stages.measure.images import mse
from stages.measure.pca import as_rows, fit_pca, pca_decode
from stages.measure_faces import main, measure_faces
from tests.networks import encoded, faces_aae


def test_errors_are_those_of_each_splits_reconstructions(faces):
    aae = faces_aae()
    scores = measure_faces(aae, faces, encoded(aae, faces), seed=0, projections=50)
    for split in ("train", "held_out"):
        images = faces.part(split).images
        error = np.square(reconstruct(aae, images) - images / 255).mean()
        assert scores[f"{split}_mse"] == pytest.approx(error, rel=1e-4)
    train, held_out = faces.part("train").images, faces.part("held_out").images
    pca = fit_pca(train, 6, seed=0)
    codes = pca.transform(as_rows(held_out))
    assert scores["pca_held_out_mse"] == pytest.approx(mse(held_out, pca_decode(pca, codes, (16, 16, 3))))
    assert (
        scores["pca_held_out_mse"] < scores["closed_form_held_out_mse"] < scores["held_out_mse"]
    )  # of one dimension less
    assert scores["pca_norm_deviation"] == pytest.approx(norm_deviation(codes))
    assert scores["closed_form_norm_deviation"] != scores["pca_norm_deviation"]
    assert 0 < scores["held_out_psnr"] < 40


def test_codes_of_the_prior_score_at_the_floor_and_wider_ones_above_it(faces):
    aae, people = faces_aae(), faces.where(np.append(np.arange(32), np.resize(np.arange(32, 40), 200)))
    codes = aae.prior.sample(len(people), torch.Generator().manual_seed(5))[0].numpy()
    own, wide = (measure_faces(aae, people, Latents.of(people, scale * codes), 0, 200) for scale in (1, 2))
    assert own["code_norm"] == pytest.approx(1, abs=0.15)
    assert own["norm_deviation"] == pytest.approx(own["norm_deviation_floor"], rel=0.3)
    assert own["sliced_w2"] < 1.5 * own["sliced_w2_floor"]
    assert own["two_sample_accuracy"] == pytest.approx(own["two_sample_accuracy_floor"], abs=0.1)
    assert wide["code_norm"] == pytest.approx(4 * own["code_norm"])
    assert wide["norm_deviation"] == pytest.approx(4 * own["norm_deviation"])
    assert wide["sliced_w2"] > 3 * wide["sliced_w2_floor"]
    assert wide["two_sample_accuracy"] > 0.75
    assert own["top_eigenvalue"] == pytest.approx(own["top_eigenvalue_floor"], rel=0.3)
    assert wide["top_eigenvalue"] == pytest.approx(4 * own["top_eigenvalue"])
    assert wide["kurtosis"] == pytest.approx(own["kurtosis"]) == pytest.approx(3, abs=0.5)


def test_the_stage_writes_scores_and_the_datas_source(faces):
    aae = faces_aae()
    save_weights(aae, "data/models/faces/toy.safetensors")
    faces.write("data/faces/faces.npz")
    encoded(aae, faces).write("data/latents/faces/toy.npz")
    params = {"measure": {"seed": 0, "projections": 50}, "data": {"source": "demo"}}
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    main("toy")
    written = json.loads(Path("metrics/faces/toy.json").read_text())
    assert written == measure_faces(aae, faces, encoded(aae, faces), 0, 50) | {"data": "demo"}
