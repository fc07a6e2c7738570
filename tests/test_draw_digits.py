from pathlib import Path

import numpy as np
import pytest

from stages.aae.networks import AAE, Architecture
from stages.aae.priors import Gaussian, Umbrella
from stages.base.errors import StageError
from stages.draw_digits import Digits, direction, draw_digits
from stages.draw_priors import draw_priors
from stages.export_latents import export_latents
from stages.show.style import Style, save

STYLE = Style(colours=[f"C{k}" for k in range(10)], density="Greys", dpi=60)
PARAMS = Digits(seed=0, points=15, manifold=4, styles=3, examples=2)
CURVES = Path("curves")


@pytest.fixture(autouse=True)
def curves():
    (CURVES / "plots/metrics").mkdir(parents=True)
    for name in ("reconstruction", "watched_mse", "generator", "discriminator"):
        (CURVES / f"plots/metrics/{name}.tsv").write_text(f"step\t{name}\n0\t0.5\n")


def aae_of(prior: dict) -> AAE:
    return AAE(
        Architecture(
            image_shape=(1, 28, 28), prior=prior, autoencoder={"kind": "dense", "hidden": [16]}, discriminator=[8]
        )
    ).eval()


@pytest.mark.parametrize(
    "prior", [{"kind": "umbrella"}, {"kind": "swiss_roll"}, {"kind": "gaussian"}, {"kind": "gaussian", "dim": 5}]
)
def test_every_prior_has_all_its_pictures_again_the_same(prior, digits):
    aae = aae_of(prior)
    bytes_of = []
    for _ in range(2):
        figures = draw_digits(aae, digits, export_latents(aae, digits), CURVES, "toy", PARAMS, STYLE)
        assert set(figures) == {"posterior", "manifold", "discriminator", "curves", "reconstructions", "styles"}
        for name, figure in figures.items():
            save(figure, f"{name}.png", STYLE)
        bytes_of.append([Path(f"{name}.png").read_bytes() for name in figures])
    assert bytes_of[0] == bytes_of[1]


def test_walks_are_named_by_petal_or_by_direction(digits):
    def labels(prior):
        aae = aae_of(prior)
        figures = draw_digits(aae, digits, export_latents(aae, digits), CURVES, "toy", PARAMS, STYLE)
        return [text.get_text() for text in figures["styles"].axes[0].texts]

    assert labels({"kind": "umbrella"}) == [f"part {k}" for k in range(10)]
    assert labels({"kind": "gaussian"})[4] == "90°"
    assert direction(np.array([[0.0, 0], [-1, 1]])) == "135°"


def test_a_line_of_codes_has_no_plane(digits):
    aae = aae_of({"kind": "gaussian", "dim": 1})
    with pytest.raises(StageError, match="2 dimensions or more"):
        draw_digits(aae, digits, export_latents(aae, digits), CURVES, "toy", PARAMS, STYLE)


def test_all_priors_stand_side_by_side(digits):
    aaes = {"wide": aae_of({"kind": "gaussian", "std": 3.0}), "petals": aae_of({"kind": "umbrella"})}
    latents = {name: export_latents(aae, digits) for name, aae in aaes.items()}
    figure = draw_priors({"wide": Gaussian(std=3.0), "petals": Umbrella()}, latents, 10, 0, STYLE)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["wide", "petals"]
    assert figure.axes[0].get_xlim()[1] == pytest.approx(9)
    assert len(figure.axes[0].collections[0].get_offsets()) == 10
