import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from scipy.stats import binned_statistic_2d

from stages.aae import priors
from stages.aae.priors import AnyPrior
from stages.base.params import WrongParams, check
from stages.base.sentences import sentence
from tests.networks import GAUSSIAN, SWISS_ROLL, UMBRELLA


def prior_of(values):
    return check(values, AnyPrior, "here")


PLANAR = [prior_of(values) for values in (GAUSSIAN, UMBRELLA, SWISS_ROLL)]


@pytest.mark.parametrize("prior", PLANAR, ids=lambda prior: prior.kind)
def test_samples_follow_the_density(prior, generator):
    n, extent, bins = 200_000, prior.extent(), 24
    codes, _ = prior.sample(n, generator)
    edges = np.linspace(-extent, extent, bins + 1)
    counts = binned_statistic_2d(*codes.numpy().T, None, "count", [edges, edges]).statistic
    line = np.linspace(-extent, extent, 5 * bins + 1)
    middle = (line[1:] + line[:-1]) / 2
    density = prior.density(np.stack(np.meshgrid(middle, middle, indexing="ij"), -1))
    expected = density.reshape(bins, 5, bins, 5).sum((1, 3)) * (line[1] - line[0]) ** 2
    assert expected.sum() == pytest.approx(1, abs=0.01)
    assert np.abs(counts / n - expected).sum() < 0.045


@pytest.mark.parametrize("prior", PLANAR, ids=lambda prior: prior.kind)
def test_a_given_component_is_the_one_sampled(prior, generator):
    component = torch.arange(prior.components).repeat_interleave(200)
    codes, returned = prior.sample(len(component), generator, component if prior.components > 1 else None)
    likely = prior.component_density(codes.numpy()).argmax(-1)
    assert (returned.numpy() == component.numpy()).all()
    assert (likely == component.numpy()).mean() > 0.95


@pytest.mark.parametrize("prior", PLANAR, ids=lambda prior: prior.kind)
def test_walks_and_grids_stay_where_the_prior_is(prior):
    assert np.abs(prior.grid(20)).max() <= prior.extent()
    assert prior.grid(20).shape == (20, 20, 2)
    assert prior.styles(9).shape[1:] == (9, 2)
    assert np.abs(prior.styles(9)).max() <= prior.extent()


def test_the_plane_of_the_first_two_dimensions_lies_in_codes_of_any_dimension():
    prior = prior_of(GAUSSIAN | {"dim": 4})
    points = np.array([[1.0, 2.0], [0.0, 0.0]])
    assert prior.embed(points).tolist() == [[1, 2, 0, 0], [0, 0, 0, 0]]
    assert prior.plane_density(points) == pytest.approx(prior.density(np.array([[1, 2, 0, 0], [0, 0, 0, 0]])))


def test_petals_of_the_published_umbrella_overlap_as_published(generator):
    codes, component = prior_of(UMBRELLA).sample(50_000, generator)
    right = prior_of(UMBRELLA).component_density(codes.numpy()).argmax(-1) == component.numpy()
    assert right.mean() == pytest.approx(0.992, abs=0.002)


def test_the_same_seed_gives_the_same_samples():
    first, second = (prior_of(UMBRELLA).sample(10, torch.Generator().manual_seed(3))[0] for _ in range(2))
    assert torch.equal(first, second)


def test_params_name_a_prior_by_its_kind_and_refuse_others():
    prior = prior_of(UMBRELLA | {"petals": 5})
    assert (prior.kind, prior.petals, prior.components, prior.dim) == ("umbrella", 5, 5, 2)
    assert TypeAdapter(AnyPrior).validate_json(prior.model_dump_json()) == prior
    for wrong, words in (
        ({"kind": "umbrela"}, "did you mean umbrella?"),
        ({"radius": -1}, "here.radius: input should be greater than 0"),
    ):
        with pytest.raises(WrongParams) as fault:
            prior_of(UMBRELLA | wrong)
        assert words in sentence(fault.value)


NEW = """
class Point(Prior):
    kind: Literal["point"]

    def sample(self, n, generator, component=None):
        return torch.zeros(n, self.dim), torch.zeros(n, dtype=torch.int64)

    def component_density(self, points):
        return np.ones((*points.shape[:-1], 1))

    def extent(self):
        return 1.0


"""


def test_a_new_prior_is_one_class():
    text = Path(priors.__file__).read_text(encoding="utf-8")
    above = "# every class above"
    module = ModuleType("priors_and_one_more")
    sys.modules[module.__name__] = module
    try:
        exec(text.replace(above, NEW + above), vars(module))
        assert check({"kind": "point", "dim": 2}, module.AnyPrior, "here") == module.Point(kind="point", dim=2)
    finally:
        del sys.modules[module.__name__]
