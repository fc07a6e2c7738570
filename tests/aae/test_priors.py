import numpy as np
import pytest
import torch
from pydantic import BaseModel, ValidationError
from scipy.stats import binned_statistic_2d

from stages.aae.priors import AnyPrior, Gaussian, Prior, SwissRoll, Umbrella

PLANAR = [Gaussian(), Umbrella(), SwissRoll()]


class Holder(BaseModel):
    prior: AnyPrior


@pytest.mark.parametrize("prior", PLANAR, ids=lambda prior: prior.kind)
def test_samples_follow_the_density(prior, generator):
    n, extent, bins = 200_000, prior.extent(), 24
    codes, _ = prior.sample(n, generator)
    edges = np.linspace(-extent, extent, bins + 1)
    counts = binned_statistic_2d(*codes.numpy().T, None, "count", [edges, edges]).statistic
    line = np.linspace(-extent, extent, 20 * bins + 1)
    middle = (line[1:] + line[:-1]) / 2
    density = prior.density(np.stack(np.meshgrid(middle, middle, indexing="ij"), -1))
    expected = density.reshape(bins, 20, bins, 20).sum((1, 3)) * (line[1] - line[0]) ** 2
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


def test_petals_of_the_published_umbrella_overlap_as_published(generator):
    codes, component = Umbrella().sample(50_000, generator)
    right = Umbrella().component_density(codes.numpy()).argmax(-1) == component.numpy()
    assert right.mean() == pytest.approx(0.992, abs=0.002)


def test_the_same_seed_gives_the_same_samples():
    first, second = (Umbrella().sample(10, torch.Generator().manual_seed(3))[0] for _ in range(2))
    assert torch.equal(first, second)


def test_params_name_a_prior_by_its_kind_and_refuse_others():
    prior = Holder(prior={"kind": "umbrella", "petals": 5}).prior
    assert prior == Umbrella(petals=5)
    assert Holder.model_validate_json(Holder(prior=prior).model_dump_json()).prior == prior
    with pytest.raises(ValidationError, match="no prior of kind 'umbrela': there are gaussian, swiss_roll, umbrella"):
        Holder(prior={"kind": "umbrela"})
    with pytest.raises(ValidationError, match="radius"):
        Holder(prior={"kind": "umbrella", "radius": -1})


def test_a_new_prior_is_one_class():
    class Point(Prior):
        kind: str = "point"

        def sample(self, n, generator, component=None):
            return torch.zeros(n, 2), torch.zeros(n, dtype=torch.int64)

        def component_density(self, points):
            return np.ones((*points.shape[:-1], 1))

        def extent(self):
            return 1.0

    try:
        assert isinstance(Holder(prior={"kind": "point"}).prior, Point)
    finally:
        del Prior.kinds["point"]
