from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from sklearn.decomposition import PCA

from stages.aae.faces import FaceAAE
from stages.base.tables import Images, Latents
from stages.export_features import AnyFeatures, export_features, main, principal_components
from stages.learning.weights import save_weights
from stages.measure.pca import as_rows
from tests.conftest import blobs
from tests.networks import faces_aae

POOLED = 2 * (4 * 16 + 8 * 16)  # of the tiny encoder


@pytest.fixture
def objects() -> Images:
    return blobs(30, (8, 8, 3), 3, {"train": 20, "validation": 5, "test": 5})


@pytest.fixture
def aae() -> FaceAAE:
    torch.manual_seed(7)
    return faces_aae()


def features(kind: str, seed: int = 0) -> Any:
    seeded = {} if kind == "pooled" else {"seed": seed}
    return TypeAdapter(AnyFeatures).validate_python({"kind": kind, "model": "toy"} | seeded)


@pytest.mark.parametrize(("kind", "width"), [("pca", 6), ("pooled", POOLED), ("untrained", POOLED)])
def test_features_have_a_row_per_image(objects, faces, aae, kind, width):
    latents = export_features(objects, faces, "one_per_person", aae, features(kind))
    assert latents.codes.shape == (30, width)
    assert latents.codes.dtype == np.float32
    assert np.isfinite(latents.codes).all()
    assert (latents.codes.std(0) > 0).mean() >= 0.5  # a part of one pixel has no deviation
    for name in ("labels", "split", "index"):
        assert np.array_equal(getattr(latents, name), getattr(objects, name))


def test_an_image_and_its_mirror_image_have_the_same_pooled_features(objects, faces, aae):
    mirrored = replace(objects, images=objects.images[:, :, ::-1].copy())
    first, second = (export_features(data, faces, "all", aae, features("pooled")).codes for data in (objects, mirrored))
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_components_learn_from_training_people_alone_and_from_the_images_that_the_model_learned(objects, faces, aae):
    other = np.where((faces.split == "train")[:, None, None, None], faces.images, 0)
    blank = Images(**vars(faces) | {"images": other})
    first, second, every = (
        export_features(objects, data, which, aae, features("pca")).codes
        for data, which in ((faces, "one_per_person"), (blank, "one_per_person"), (faces, "all"))
    )
    assert np.array_equal(first, second)
    assert not np.allclose(first, every)


def test_untrained_features_are_those_of_the_seeds_weights(objects, faces, aae):
    trained, first, same, other = (
        export_features(objects, faces, "all", aae, each).codes
        for each in (features("pooled"), features("untrained"), features("untrained"), features("untrained", 1))
    )
    assert np.array_equal(first, same)
    assert not np.allclose(first, other)
    assert not np.allclose(first, trained)


def test_components_are_those_of_the_training_faces(faces):
    images = faces.images
    codes = principal_components(images[:32], images[32:], 5, seed=0)
    both = np.concatenate([images[:32], images[:32, :, ::-1]])
    exact = PCA(5, svd_solver="full", whiten=True).fit(as_rows(both)).transform(as_rows(images[32:]))
    assert np.allclose(np.abs(codes), np.abs(exact), atol=1e-3)


def test_few_faces_span_few_components(faces):
    assert principal_components(faces.images[:2], faces.images, 5, seed=0).shape == (50, 3)


def test_the_stage_writes_the_features_of_its_key(objects, faces, aae, tmp_path):
    objects.write("data/objects/cifar10.npz")
    faces.write("data/faces/faces.npz")
    save_weights(aae, "data/models/faces/toy.safetensors")
    params = "features: {some: {kind: pooled, model: toy}}\nfaces: {variants: {toy: {images: all}}}"
    (tmp_path / "params.yaml").write_text(params)
    main("some")
    expected = export_features(objects, faces, "all", aae, features("pooled"))
    assert np.array_equal(Latents.read("data/latents/features/some.npz").codes, expected.codes)
