import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from stages.aae.inference import encode
from stages.aae.networks import AAE, Architecture, Convolutional
from stages.aae.resizing import resize
from stages.base.errors import StageError
from stages.base.tables import Latents
from stages.export_controls import as_rows, export_controls, principal_components, untrained
from tests.conftest import blobs

ARCHITECTURE = Architecture(
    image_shape=(3, 16, 16),
    prior={"kind": "gaussian", "dim": 5},
    autoencoder=Convolutional(channels=[4, 8]),
    normalise_codes=True,
)


@pytest.fixture
def objects():
    return blobs(30, (8, 8, 3), 3, {"train": 20, "validation": 5, "test": 5})


def test_controls_have_a_row_per_image_and_the_dimension_of_the_codes(objects, faces):
    controls = export_controls(objects, faces, ARCHITECTURE, seed=0)
    assert set(controls) == {"pca", "untrained"}
    for latents in controls.values():
        assert latents.codes.shape == (30, 5)
        assert latents.codes.dtype == np.float32
        assert np.isfinite(latents.codes).all()
        assert (latents.codes.std(0) > 0).all()
        for name in ("labels", "split", "index"):
            assert np.array_equal(getattr(latents, name), getattr(objects, name))


def test_the_same_seed_gives_the_same_controls(objects, faces):
    first, second, other = (export_controls(objects, faces, ARCHITECTURE, seed) for seed in (0, 0, 1))
    for name in first:
        first[name].write("first.npz")
        assert np.array_equal(Latents.read("first.npz").codes, second[name].codes)
    assert not np.allclose(first["untrained"].codes, other["untrained"].codes)


def test_components_are_those_of_the_training_faces(faces):
    images = faces.images
    codes = principal_components(images[:32], images[32:], 5, seed=0)
    exact = PCA(5, svd_solver="full").fit(as_rows(images[:32])).transform(as_rows(images[32:]))
    assert np.allclose(np.abs(codes), np.abs(exact), atol=1e-3)


def test_few_faces_span_few_components(faces):
    assert principal_components(faces.images[:4], faces.images, 5, seed=0).shape == (40, 3)


def test_an_untrained_encoder_knows_the_statistics_of_the_faces(faces):
    codes = encode(untrained(ARCHITECTURE, faces.images, seed=0), faces.images)
    assert np.allclose(codes.mean(0), 0, atol=0.01)
    assert np.allclose(codes.std(0), 1, atol=0.05)


def test_an_untrained_encoder_has_the_weights_that_it_was_made_with(faces):
    torch.manual_seed(0)
    new = AAE(ARCHITECTURE).state_dict()
    calibrated = untrained(ARCHITECTURE, faces.images, seed=0).state_dict()
    changed = {name for name, value in calibrated.items() if not torch.equal(value, new[name])}
    assert changed
    assert all(name.startswith("encoder.") and name.split(".")[-1].startswith(("running_", "num_")) for name in changed)


def test_faces_of_another_size_are_refused(objects, faces):
    other = ARCHITECTURE.model_copy(update={"image_shape": (3, 32, 32)})
    with pytest.raises(StageError, match="do not fit weights made for"):
        export_controls(objects, faces, other, seed=0)


def test_resizing_keeps_flat_images_and_their_order():
    images = np.repeat(np.arange(5, dtype=np.uint8) * 50, 8 * 8 * 3).reshape(5, 8, 8, 3)
    resized = resize(images, 16, batch=2)
    assert resized.shape == (5, 16, 16, 3)
    assert resized.dtype == np.uint8
    assert np.array_equal(resized[:, 0, 0, 0], images[:, 0, 0, 0])
    assert np.array_equal(np.unique(resized), np.unique(images))


def test_resizing_to_the_same_size_changes_nothing():
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    assert np.array_equal(resize(images, 8), images)


def test_resizing_keeps_bright_edges_in_range():
    image = np.zeros((1, 8, 8, 1), np.uint8)
    image[:, :, 4:] = 255
    resized = resize(image, 32)
    assert resized[0, 0, 0] == 0
    assert resized[0, 0, -1] == 255
    assert (np.diff(resized[0, 0, 8:24, 0].astype(int)) >= 0).sum() >= 14
