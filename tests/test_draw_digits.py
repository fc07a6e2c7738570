from pathlib import Path

import numpy as np
import pytest

from stages.draw_digits import DrawDigits, direction, draw_digits
from stages.draw_priors import draw_priors
from stages.show.style import save
from tests.figures import AAE_CURVES, CURVES, STYLE, write_curves
from tests.networks import GAUSSIAN, SWISS_ROLL, UMBRELLA, digits_aae, encoded

PARAMS = DrawDigits(seed=0, points=15, manifold=4, styles=3, examples=2)


@pytest.fixture(autouse=True)
def curves():
    write_curves(*AAE_CURVES)


@pytest.mark.parametrize(
    "prior",
    [UMBRELLA, SWISS_ROLL | {"segments": 2}, GAUSSIAN, GAUSSIAN | {"dim": 5}],
    ids=["umbrella", "swiss roll", "gaussian", "gaussian of 5 dimensions"],
)
def test_every_prior_has_all_its_pictures_again_the_same(prior, digits):
    aae = digits_aae(prior)
    bytes_of = []
    for _ in range(2):
        figures = draw_digits(aae, digits, encoded(aae, digits), CURVES, "toy", PARAMS, STYLE)
        assert set(figures) == {"posterior", "manifold", "discriminator", "curves", "reconstructions", "styles"}
        for name, figure in figures.items():
            save(figure, f"{name}.png", STYLE)
        bytes_of.append([Path(f"{name}.png").read_bytes() for name in figures])
    assert bytes_of[0] == bytes_of[1]


def test_walks_are_named_by_petal_or_by_direction(digits):
    def labels(prior):
        aae = digits_aae(prior)
        figures = draw_digits(aae, digits, encoded(aae, digits), CURVES, "toy", PARAMS, STYLE)
        return [text.get_text() for text in figures["styles"].axes[0].texts]

    assert labels(UMBRELLA) == [f"part {k}" for k in range(10)]
    assert labels(GAUSSIAN)[4] == "90°"
    assert direction(np.array([[0.0, 0], [-1, 1]])) == "135°"


def test_all_priors_stand_side_by_side(digits):
    priors = {"wide": GAUSSIAN | {"std": 3.0}, "petals": UMBRELLA}
    variants = [{"name": name, "label": f"the {name}", "prior": prior} for name, prior in priors.items()]
    latents = [encoded(digits_aae(prior), digits) for prior in priors.values()]
    figure = draw_priors(variants, latents, 10, 0, STYLE)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["the wide", "the petals"]
    assert figure.axes[0].get_xlim()[1] == pytest.approx(9)
    assert len(figure.axes[0].collections[0].get_offsets()) == 10
