from pathlib import Path

import numpy as np
import pytest
import torch

from stages.aae.faces import FaceAAE
from stages.aae.identity import IdentityAAE
from stages.aae.identity_training import IdentityTrainer, IdentityTraining
from stages.aae.inference import encode, reconstruct
from stages.base.tables import Images
from stages.learning.compute import Machine
from stages.learning.weights import load_weights
from stages.measure.people import NoPairs, draw_pairs, verification_auroc
from stages.train_identity import PersonTooLarge, check_person, make_trainer, train_identity
from tests.people import DIM, PARTS, drawn_people, linear_aae

LEARNING = IdentityTraining(seed=0, epochs=20, batch_size=32, learning_rate=0.03, weight_decay=0.1, scale=6.0)


@pytest.fixture(scope="module")
def data() -> Images:
    return drawn_people()


@pytest.fixture(scope="module")
def aae(data) -> FaceAAE:
    return linear_aae(data)


def make(data: Images, machine: Machine) -> IdentityTrainer:
    return make_trainer(linear_aae(data).to(machine.device), data, PARTS, LEARNING, machine)


def learn(aae: FaceAAE, data: Images, machine, **values) -> IdentityAAE:
    trainer = make_trainer(aae, data, PARTS, LEARNING.model_copy(update=values), machine)
    return train_identity(trainer, aae, data.part("train").images, "a digest")


def test_people_held_out_part_from_their_scenes_and_the_code_stays_as_good(data, aae, machine):
    identity, held_out = learn(aae, data, machine), data.part("held_out")
    before, codes = encode(aae, held_out.images), torch.from_numpy(encode(identity, held_out.images))
    pairs = draw_pairs(held_out.labels, 0, "held_out")
    assert verification_auroc(before, pairs) < 0.85
    assert verification_auroc(identity.person(codes).numpy(), pairs) > 0.95
    assert verification_auroc(identity.scene(codes).numpy(), pairs) < 0.65
    # only turned: still white, and decoded into the same images
    difference = np.abs(reconstruct(identity, held_out.images) - reconstruct(aae, held_out.images))
    assert np.median(difference) < 1e-4  # of an image here and there, the shell cuts the last feature
    features = identity.encoder.features(torch.from_numpy(held_out.images).permute(0, 3, 1, 2) / 255)
    assert features.T.cov().diagonal().mean().item() == pytest.approx(1, abs=0.25)


def test_dimensions_are_in_falling_order_of_what_they_tell(data, aae, machine):
    identity = learn(aae, data, machine)
    assert identity.weights.square().mean().item() == pytest.approx(1)
    assert (identity.weights.diff() <= 0).all()
    scene = identity.decoder.linear.weight[:, PARTS:].norm(dim=0)
    assert (scene.diff() < 1e-5).all()


def test_it_is_written_with_its_curves_and_the_same_each_time(data, aae, machine):
    learn(aae, data, machine, epochs=2)
    file = Path("data/models/faces/identity.safetensors")
    written = file.read_bytes()
    again = learn(aae, data, machine, epochs=2)
    assert file.read_bytes() == written
    loaded = load_weights(IdentityAAE, file)
    assert loaded.architecture.person == PARTS
    assert np.array_equal(encode(loaded, data.images[:9]), encode(again, data.images[:9]))
    curves = {path.stem for path in Path("plots/faces/identity/curves").rglob("*.tsv")}
    assert curves == {"softmax", "watched_auroc"}


@pytest.mark.parametrize("split", ["train", "validation"])
def test_people_with_one_image_each_are_a_fault_that_names_the_split(data, aae, machine, split):
    single = data.labels.copy()
    single[data.split == split] = 1000 + np.arange((data.split == split).sum())
    with pytest.raises(NoPairs) as fault:
        learn(aae, Images(**(vars(data) | {"labels": single})), machine)
    assert fault.value.args == (split,)


def test_the_scene_needs_two_dimensions():
    check_person(DIM - 2, DIM)
    with pytest.raises(PersonTooLarge):
        check_person(DIM - 1, DIM)
