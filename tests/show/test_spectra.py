import numpy as np
import pytest

from stages.show.spectra import dimensions, match, variances
from stages.show.style import save
from tests.figures import STYLE


def gaussian(n, dim, seed=0):
    return np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)


def test_variances_are_the_eigenvalues_of_the_covariance():
    codes = gaussian(50, 4) * [1, 2, 3, 4] + 7
    assert variances(codes) == pytest.approx(np.linalg.eigvalsh(np.cov(codes, rowvar=False))[::-1])


@pytest.mark.parametrize("n", [2, 5])
def test_as_many_variances_as_few_codes_can_have(n):
    assert len(variances(gaussian(n, 8))) == n - 1


def test_codes_stand_beside_the_prior_and_its_density():
    codes = {"white": gaussian(400, 30, 1), "wide": 2 * gaussian(400, 30, 2)}
    figure = match(codes, gaussian(400, 30), 30, STYLE, "toy")
    left, right = figure.axes
    values = {line.get_label(): line.get_ydata() for line in left.lines}
    assert set(values) == {"samples of the prior", "white", "wide"}
    assert np.median(values["wide"] / values["white"]) == pytest.approx(4, rel=0.1)
    assert left.get_yscale() == "log"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [*values, "prior: chi-square density"]

    norms, density = right.lines[-1].get_xydata().T
    assert np.trapezoid(density, norms) == pytest.approx(1, abs=0.01)
    assert np.trapezoid(norms * density, norms) == pytest.approx(1, abs=0.01)
    shares = [patch.get_data() for patch in right.patches]  # samples, white, wide
    means = [np.sum(data.values * np.diff(data.edges) * (data.edges[1:] + data.edges[:-1]) / 2) for data in shares]
    assert means == pytest.approx([1, 1, 4], rel=0.1)
    assert right.get_xlim()[1] > 4


@pytest.mark.parametrize(("n", "dim"), [(2, 1), (2, 6), (6, 2)])
def test_few_codes_of_few_dimensions_can_be_drawn(n, dim):
    figure = match({"codes": gaussian(n, dim, 1)}, gaussian(n, dim), dim, STYLE, "toy")
    save(figure, "match.png", STYLE)


def test_the_model_stands_beside_as_many_components():
    figure = dimensions({50: 0.02, 200: 0.01, 100: 0.015}, 200, 0.008, STYLE, "toy")
    axes = figure.axes[0]
    assert axes.lines[1].get_xydata().tolist() == [[50, 0.02], [100, 0.015], [200, 0.01]]
    assert axes.lines[2].get_xydata().tolist() == [[200, 0.008]]
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert said == ["PCA, 0.01000 at 200", "AAE, 0.00800 at 200"]
    figure.draw_without_rendering()
    assert {"0.008", "0.01", "0.015", "0.02"} <= {label.get_text() for label in axes.get_yticklabels()}
