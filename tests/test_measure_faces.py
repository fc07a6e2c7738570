import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from stages.aae.faces import FaceAAE
from stages.aae.inference import as_input, planes, reconstruct
from stages.base.people import first_images
from stages.base.tables import Images, Latents
from stages.learning.weights import save_weights
from stages.measure.codes import norm_deviation
from stages.measure.images import error_by_frequency, mse, ssim
from stages.measure.pca import fit_pca, pca_decode, pca_encode
from stages.measure_faces import compare_with_prior, main, measure_faces, recognise
from tests.networks import encoded, faces_aae, start_as

MODEL = {
    *("train_mse", "validation_mse", "held_out_mse", "held_out_psnr", "held_out_ssim", "same_person_top1"),
    *(f"held_out_error_octave_{octave}" for octave in (1, 2, 3, 4)),
}
MATCH = {"code_norm", "norm_deviation", "top_eigenvalue", "kurtosis", "sliced_w2", "two_sample_accuracy"}
SAMPLES = {"frechet_distance", "density", "coverage"}


@pytest.fixture
def aae() -> FaceAAE:
    torch.manual_seed(0)
    return faces_aae()


def first(faces: Images, split: str) -> np.ndarray:
    part = faces.part(split)
    return part.images[first_images(part)]


def test_scores_are_numbers_of_the_promised_names(aae, faces):
    scores = measure_faces(aae, faces, encoded(aae, faces), "all", seed=0, projections=50)
    names = {prefix + name for prefix in ("", "pca_", "closed_form_") for name in MODEL | MATCH | SAMPLES}
    assert set(scores) == names | {f"{name}_floor" for name in MATCH | SAMPLES}
    assert all(isinstance(value, float) and math.isfinite(value) for value in scores.values())

    # the closed form keeps the reconstructions of PCA and changes the norms of its codes
    for name in ("train_mse", "held_out_mse", "held_out_ssim"):
        assert scores[f"closed_form_{name}"] == pytest.approx(scores[f"pca_{name}"], rel=1e-3)
        assert scores[f"closed_form_{name}"] != scores[name]
    assert scores["closed_form_norm_deviation"] != pytest.approx(scores["pca_norm_deviation"], rel=1e-3)


def test_errors_are_those_of_the_first_image_of_each_person(aae, faces):
    scores = measure_faces(aae, faces, encoded(aae, faces), "all", seed=0, projections=50)
    for split, count in (("train", 28), ("validation", 6), ("held_out", 8)):
        images = first(faces, split)
        assert len(images) == count
        error = np.square(reconstruct(aae, images) - images / 255).mean()
        assert scores[f"{split}_mse"] == pytest.approx(error, rel=1e-4)
    reconstructions = reconstruct(aae, images)
    assert scores["held_out_ssim"] == pytest.approx(ssim(images, reconstructions), rel=1e-4)
    octaves = [scores[f"held_out_error_octave_{octave}"] for octave in (1, 2, 3, 4)]
    assert octaves == pytest.approx(error_by_frequency(images, reconstructions), rel=1e-4)


@pytest.mark.parametrize("which", ["one_per_person", "all"])
def test_the_baselines_know_the_images_that_the_model_knows(aae, faces, which):
    scores = measure_faces(aae, faces, encoded(aae, faces), which, seed=0, projections=50)
    train, held_out = first(faces, "train"), first(faces, "held_out")
    pca = fit_pca(train if which == "one_per_person" else faces.part("train").images, 6, seed=0)
    codes = pca_encode(pca, held_out)
    assert scores["pca_held_out_mse"] == pytest.approx(mse(held_out, pca_decode(pca, codes, (16, 16, 3))))
    assert scores["pca_train_mse"] == pytest.approx(mse(train, pca_decode(pca, pca_encode(pca, train), (16, 16, 3))))
    assert scores["pca_norm_deviation"] == pytest.approx(norm_deviation(codes))


def test_people_are_recognised_among_all_held_out_images_if_some_have_several(aae, faces):
    codes = np.random.default_rng(0).normal(size=(42, 6))[faces.labels]  # one per person
    held_out = Latents.of(faces, codes.astype(np.float32)).part("held_out")
    assert recognise(held_out) == {"same_person_top1": 1}
    held_out.codes[5] *= -1  # of the eight images of people who have several, one is lost, and its like finds no other
    assert recognise(held_out) == {"same_person_top1": 6 / 8}
    assert recognise(held_out.where(first_images(held_out))) == {}


def test_codes_of_the_prior_score_at_the_floor_and_wider_ones_above_it(aae, generator):
    codes, samples, others = (aae.prior.sample(200, generator)[0].numpy() for _ in range(3))
    own, wide, floor = (compare_with_prior(rows, samples, 0, 200) for rows in (codes, 2 * codes, others))
    assert own["code_norm"] == pytest.approx(1, abs=0.15)
    assert own["norm_deviation"] == pytest.approx(floor["norm_deviation"], rel=0.3)
    assert own["sliced_w2"] < 1.5 * floor["sliced_w2"]
    assert own["two_sample_accuracy"] == pytest.approx(floor["two_sample_accuracy"], abs=0.1)
    assert own["top_eigenvalue"] == pytest.approx(floor["top_eigenvalue"], rel=0.3)
    assert wide["code_norm"] == pytest.approx(4 * own["code_norm"])
    assert wide["norm_deviation"] == pytest.approx(4 * own["norm_deviation"])
    assert wide["sliced_w2"] > 3 * floor["sliced_w2"]
    assert wide["two_sample_accuracy"] > 0.75
    assert wide["top_eigenvalue"] == pytest.approx(4 * own["top_eigenvalue"])
    assert wide["kurtosis"] == pytest.approx(own["kurtosis"]) == pytest.approx(3, abs=0.5)


def test_samples_of_a_decoder_that_is_right_match_held_out_images_and_of_a_wrong_one_do_not(aae):
    """All images are a mean plus Gaussian amounts of six patterns, whose PCA an AAE can be."""
    random = np.random.default_rng(0)
    patterns = random.normal(size=(6, 16, 16, 3))
    patterns += np.array([1, -1] * 3)[:, None, None, None] * patterns[:, :, ::-1]  # mirror images have the same ones
    images = 127 + random.normal(size=(300, 6)) @ patterns.reshape(6, -1) * 8
    data = Images(
        labels=np.arange(300),
        split=np.repeat(["train", "validation", "held_out"], [180, 20, 100]),
        index=np.arange(300),
        images=images.round().clip(0, 255).astype(np.uint8).reshape(300, 16, 16, 3),
        names=np.arange(300).astype(str),
    )
    train = data.part("train").images
    pca = fit_pca(train, 6, seed=0)
    wrong = measure_faces(aae, data, encoded(aae, data), "all", 0, 50)
    start_as(aae, pca)
    aae.whiten(as_input(planes(rows, torch.device("cpu"))) for rows in (train, train[:, :, ::-1].copy()))
    right = measure_faces(aae, data, encoded(aae, data), "all", 0, 50)
    # of an image here and there, the shell cuts the last feature
    assert right["held_out_mse"] == pytest.approx(right["pca_held_out_mse"], abs=0.01 * wrong["held_out_mse"])
    for name in SAMPLES:
        assert right[f"{name}_floor"] == wrong[f"{name}_floor"]
    for prefix in ("", "pca_", "closed_form_"):
        assert right[f"{prefix}frechet_distance"] < 2 * right["frechet_distance_floor"]
        assert right[f"{prefix}coverage"] > 0.85
        assert right[f"{prefix}density"] == pytest.approx(1, abs=0.35)
    assert wrong["frechet_distance"] > 3 * wrong["frechet_distance_floor"]
    assert wrong["coverage"] < 0.75


def test_the_stage_writes_scores_and_the_datas_source(aae, faces):
    save_weights(aae, "data/models/faces/toy.safetensors")
    faces.write("data/faces/faces.npz")
    encoded(aae, faces).write("data/latents/faces/toy.npz")
    params = {
        "measure": {"seed": 0, "projections": 50},
        "data": {"source": "demo"},
        "faces": {"variants": {"toy": {"images": "one_per_person"}}},
    }
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    main("toy")
    written = json.loads(Path("metrics/faces/toy.json").read_text())
    assert written == measure_faces(aae, faces, encoded(aae, faces), "one_per_person", 0, 50) | {"data": "demo"}
