import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from stages.aae.inference import encode
from stages.aae.networks import AAE
from stages.base.tables import Images, Latents
from stages.export_controls import Control, export_controls, main, make_untrained, principal_components
from stages.learning.weights import save_weights
from stages.measure.pca import as_rows
from tests.conftest import blobs
from tests.networks import faces_architecture

ARCHITECTURE = faces_architecture(normalise_codes=True)


@pytest.fixture
def objects() -> Images:
    return blobs(30, (8, 8, 3), 3, {"train": 20, "validation": 5, "test": 5})


def control(kind: str, seed: int = 0) -> Control:
    return Control(kind=kind, model="toy", seed=seed)


@pytest.mark.parametrize("kind", ["pca", "untrained"])
def test_controls_have_a_row_per_image_and_the_dimension_of_the_codes(objects, faces, kind):
    latents = export_controls(objects, faces, ARCHITECTURE, control(kind))
    assert latents.codes.shape == (30, 6)
    assert latents.codes.dtype == np.float32
    assert np.isfinite(latents.codes).all()
    assert (latents.codes.std(0) > 0).all()
    for name in ("labels", "split", "index"):
        assert np.array_equal(getattr(latents, name), getattr(objects, name))


@pytest.mark.parametrize("kind", ["pca", "untrained"])
def test_controls_learn_nothing_from_held_out_faces(objects, faces, kind):
    other = faces.images.copy()
    other[faces.split == "held_out"] = 0
    blank = Images(**vars(faces) | {"images": other})
    first, second = (export_controls(objects, data, ARCHITECTURE, control(kind)).codes for data in (faces, blank))
    assert np.array_equal(first, second)


def test_the_same_seed_gives_the_same_controls(objects, faces):
    first, second, other = (export_controls(objects, faces, ARCHITECTURE, control("untrained", k)) for k in (0, 0, 1))
    assert np.array_equal(first.codes, second.codes)
    assert not np.allclose(first.codes, other.codes)


def test_components_are_those_of_the_training_faces(faces):
    images = faces.images
    codes = principal_components(images[:32], images[32:], 5, seed=0)
    both = np.concatenate([images[:32], images[:32, :, ::-1]])
    exact = PCA(5, svd_solver="full", whiten=True).fit(as_rows(both)).transform(as_rows(images[32:]))
    assert np.allclose(np.abs(codes), np.abs(exact), atol=1e-3)


def test_few_faces_span_few_components(faces):
    assert principal_components(faces.images[:2], faces.images, 5, seed=0).shape == (40, 3)


def test_an_untrained_encoder_knows_the_statistics_of_the_faces(faces):
    codes = encode(make_untrained(ARCHITECTURE, faces.images, seed=0), faces.images)
    assert np.allclose(codes.mean(0), 0, atol=0.01)
    assert np.allclose(codes.std(0), 1, atol=0.05)


def test_an_untrained_encoder_has_the_weights_that_it_was_made_with(faces):
    torch.manual_seed(0)
    new = AAE(ARCHITECTURE).state_dict()
    calibrated = make_untrained(ARCHITECTURE, faces.images, seed=0).state_dict()
    changed = {name for name, value in calibrated.items() if not torch.equal(value, new[name])}
    assert changed
    assert all(name.startswith("encoder.") and name.split(".")[-1].startswith(("running_", "num_")) for name in changed)


def test_the_stage_writes_the_control_of_its_key(objects, faces, tmp_path):
    objects.write("data/objects/cifar10.npz")
    faces.write("data/faces/faces.npz")
    save_weights(AAE(ARCHITECTURE), "data/models/faces/toy.safetensors")
    (tmp_path / "params.yaml").write_text("controls: {some: {kind: untrained, model: toy, seed: 3}}")
    main("some")
    expected = export_controls(objects, faces, ARCHITECTURE, control("untrained", 3))
    assert np.array_equal(Latents.read("data/latents/controls/some.npz").codes, expected.codes)
