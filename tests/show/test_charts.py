import numpy as np
import pytest

from stages.base.errors import StageError
from stages.show.classifiers import bars, confusions, labelled_samples, rocs
from stages.show.curves import losses, read_curves
from stages.show.planes import discriminator, extent_of, posterior, posteriors, sample_field
from stages.show.style import Style

STYLE = Style(colours=[f"C{k}" for k in range(10)], density="Greys", dpi=100)


def texts(figure):
    """All that a figure says."""
    figure.draw_without_rendering()
    found = [text.get_text() for text in figure.texts] + [figure.get_suptitle()]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts] + [axes.get_title(loc="left"), axes.get_title()]
        found += [label.get_text() for label in axes.get_xticklabels() + axes.get_yticklabels()]
        found += [text.get_text() for text in (axes.get_legend().get_texts() if axes.get_legend() else [])]
    return found


def density(points):
    return np.exp(-np.square(points).sum(-1))


def test_values_stand_where_their_points_are():
    values = sample_field(lambda points: points[..., 0] + 10 * points[..., 1], 2, 4)
    assert values[0].tolist() == [-16.5, -15.5, -14.5, -13.5]  # y = -1.5: the lowest row first
    assert values[3, 0] == 13.5


def test_a_picture_shows_the_priors_extent_and_nearly_all_codes():
    codes = np.concatenate([np.linspace(-5, 5, 2000).reshape(1000, 2), [[100.0, 0]], np.zeros((999, 2))])
    assert extent_of(3, codes) == pytest.approx(5, abs=0.1)
    assert extent_of(7, codes) == 7
    assert extent_of(3, np.full((10, 3), [1, 1, 50])) == 3


def test_latent_planes_are_drawn_to_scale():
    codes = np.random.default_rng(0).normal(size=(50, 2))
    labels = np.arange(50) % 10
    names = [str(k) for k in range(10)]
    both = posterior(codes, labels, names, codes, np.zeros(50, int), density, 3, STYLE, "toy")
    many = posteriors({f"prior {k}": (codes, labels, density, 3) for k in range(5)}, names, STYLE, "toys")
    told = discriminator(np.full(50, 0.4), np.full(50, 0.6), density, density, 3, STYLE, "toy")
    assert [len(both.axes), len(many.axes), len(told.axes)] == [2, 5, 3]
    for axes in (*both.axes, *many.axes, told.axes[1]):
        assert axes.get_aspect() == 1
        assert axes.get_xlim() == axes.get_ylim() == (-3, 3)
    assert "samples of the prior, mean 0.600" in texts(told)
    assert {f"prior {k}" for k in range(5)} <= set(texts(many))


def test_curves_are_read_as_dvclive_writes_them(tmp_path):
    names = {"train_mse": [0.2, 0.1], "watched_mse": [0.3, 0.2], "discriminator": [0.6, 0.7], "generator": [1, 2]}
    folder = tmp_path / "plots/metrics"
    folder.mkdir(parents=True)
    for name, values in names.items():
        rows = "".join(f"{k}\t{value}\n" for k, value in enumerate(values))
        (folder / f"{name}.tsv").write_text(f"step\t{name}\n{rows}")
    curves = read_curves(tmp_path)
    assert {name: values.tolist() for name, values in curves.items()} == names
    figure = losses(curves, "held-out", STYLE, "toy")
    drawn = {line.get_label(): line.get_xydata().tolist() for line in figure.axes[0].lines}
    assert drawn == {"training images": [[1, 0.2], [2, 0.1]], "held-out images": [[1, 0.3], [2, 0.2]]}
    assert set(drawn) <= set(texts(figure))
    with pytest.raises(StageError, match="holds no curves"):
        read_curves(tmp_path / "elsewhere")


def test_confusions_say_per_cent_of_the_true_class():
    figure = confusions({"toy": np.array([[3, 1], [0, 0]])}, ["cat", "dog"], "toy")
    assert [text.get_text() for text in figure.axes[0].texts] == ["75", "25", "0", "0"]


def test_bars_and_curves_name_every_classifier():
    figure = bars({"ten": {"a": (0.5, 0.9), "chance": (0.1, 0.5)}, "two": {"b": (0.8, 0.85)}}, STYLE, "toy")
    assert {"a", "b", "chance", "50.0%", "85.0%", "ten: AUROC"} <= set(texts(figure))
    line = np.array([0.0, 1.0])
    assert {"a", "b"} <= set(texts(rocs({"ten": {"a": (line, line)}, "two": {"b": (line, line)}}, STYLE, "toy")))


def test_wrong_predictions_are_marked_without_colour_too():
    figure = labelled_samples(
        np.zeros((2, 8, 8, 3), np.uint8), ["cat", "dog"], {"cnn": ["cat", "cat"], "trees": ["dog", "dog"]}, 2, "toy"
    )
    said = texts(figure)
    assert said.count("x cat") == said.count("x dog") == 1
    assert said.count("cat") == said.count("dog") == 2
