from pathlib import Path

import numpy as np
import pytest
import torch

from stages.aae.faces import FaceAAE
from stages.base.people import first_images
from stages.base.tables import Images, Latents
from stages.draw_faces import DrawFaces, draw_faces, narrow, truncated_mse
from stages.measure.images import mse
from stages.measure.pca import as_rows, fit_pca, pca_decode
from stages.show.style import save
from tests.figures import AAE_CURVES, CURVES, STYLE, write_curves
from tests.networks import encoded, faces_aae, start_as

PARAMS = DrawFaces(seed=0, rows=2, columns=4, widths=[0.5, 1], dimensions=[2, 4, 400])


@pytest.fixture(autouse=True)
def curves() -> Path:
    write_curves(*AAE_CURVES)
    return CURVES


def closed_form_of(data: Images) -> FaceAAE:
    """An AAE that has learned nothing beyond the principal components of people's first training images."""
    aae, train = faces_aae(), data.part("train")
    images = train.where(first_images(train)).images
    pca = fit_pca(images, 6, seed=0)
    start_as(aae, pca)
    for shell in (aae.encoder.shell, aae.decoder.shell):
        shell.fit(torch.from_numpy(pca.transform(as_rows(images))).float())
    return aae


def picture(figure) -> np.ndarray:
    return np.asarray(figure.axes[0].images[0].get_array())


def draw_all(faces: Images, curves: Path, columns: int) -> dict[str, bytes]:
    """The files of all pictures."""
    aae = faces_aae()
    params = PARAMS.model_copy(update={"columns": columns})
    figures = draw_faces(aae, faces, encoded(aae, faces), "all", curves, "toy", params, STYLE)
    for name, figure in figures.items():
        save(figure, f"{name}.png", STYLE, "demo data")
    return {name: Path(f"{name}.png").read_bytes() for name in figures}


def test_few_faces_have_all_their_pictures(faces, curves):
    pictures = draw_all(faces, curves, columns=50)
    assert set(pictures) == {"training", "held_out", "samples", "match", "dimensions", "curves"}


def test_the_same_faces_give_the_same_bytes(faces, curves):
    torch.manual_seed(0)
    first = draw_all(faces, curves, columns=4)
    torch.manual_seed(0)  # the network's weights
    assert draw_all(faces, curves, columns=4) == first


def test_an_aae_that_is_the_closed_form_is_drawn_as_equal_to_it(faces, curves):
    aae = closed_form_of(faces)
    figures = draw_faces(aae, faces, encoded(aae, faces), "one_per_person", curves, "toy", PARAMS, STYLE)

    rows = [text.get_text() for text in figures["samples"].axes[0].texts]
    assert rows == ["0.5 x AAE", "0.5 x PCA", "1 x AAE", "1 x PCA"]
    sheet = picture(figures["samples"]).astype(int)
    for top in (0, 35):  # of each pair: two rows of 16 pixels, a gap of 1 after each, and 2 more after both
        pair = sheet[top : top + 16], sheet[top + 17 : top + 33]
        assert np.abs(pair[0] - pair[1]).max() <= 1
    assert sheet[:16].std() < 0.9 * sheet[36:52].std()  # half as far from the mean face

    components, model = figures["dimensions"].axes[0].lines[1:]
    assert components.get_xdata().tolist() == [2, 4, 6]
    assert np.all(np.diff(components.get_ydata()) < 0)
    assert model.get_xydata()[0] == pytest.approx(components.get_xydata()[-1], rel=1e-3)

    spectra = {line.get_label(): line.get_ydata() for line in figures["match"].axes[0].lines}
    assert spectra["AAE"] == pytest.approx(spectra["PCA with a Gaussian's norms"], rel=1e-2)
    assert spectra["PCA, whitened"] != pytest.approx(spectra["PCA with a Gaussian's norms"], rel=1e-2)


def test_only_the_first_image_of_each_person_is_shown_and_compared(faces, curves):
    aae = closed_form_of(faces)
    others = np.setdiff1d(np.arange(len(faces)), first_images(faces))
    images, latents = faces.images.copy(), encoded(aae, faces)
    codes = latents.codes.copy()
    images[others], codes[others] = 255, 100
    changed = Images(**(vars(faces) | {"images": images}))
    before = draw_faces(aae, faces, latents, "one_per_person", curves, "toy", PARAMS, STYLE)
    after = draw_faces(aae, changed, Latents.of(faces, codes), "one_per_person", curves, "toy", PARAMS, STYLE)
    for name in ("training", "held_out"):
        assert np.array_equal(picture(before[name]), picture(after[name]))
    for name in ("match", "dimensions"):
        for old, new in zip(before[name].axes[0].lines, after[name].axes[0].lines, strict=True):
            assert np.array_equal(old.get_ydata(), new.get_ydata())


def test_components_are_those_of_the_images_that_the_variant_learned(faces, curves):
    aae = faces_aae()
    errors = [
        draw_faces(aae, faces, encoded(aae, faces), which, curves, "toy", PARAMS, STYLE)["dimensions"].axes[0].lines[1]
        for which in ("one_per_person", "all")
    ]
    held_out = faces.part("held_out")
    held_out = held_out.where(first_images(held_out)).images
    pca = fit_pca(faces.part("train").images, 6, seed=0)
    of_all = mse(held_out, pca_decode(pca, pca.transform(as_rows(held_out)), held_out.shape[1:]))
    assert errors[1].get_ydata()[-1] == pytest.approx(of_all)
    assert errors[0].get_ydata()[-1] != pytest.approx(of_all)


def test_the_first_components_of_many_are_as_good_as_few(faces):
    train, others = faces.part("train").images, faces.part("held_out").images
    many, few = fit_pca(train, 6, seed=0), fit_pca(train, 3, seed=0)
    expected = mse(others, pca_decode(few, few.transform(as_rows(others)), others.shape[1:]))
    assert truncated_mse(many, many.transform(as_rows(others)), 3, others) == pytest.approx(expected, rel=0.02)


def test_narrowed_codes_are_of_features_so_many_times_as_far_from_the_mean(faces):
    shell = closed_form_of(faces).decoder.shell
    codes = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    half = shell.inverse(narrow(shell, codes, 0.5))
    assert half.numpy() == pytest.approx(0.5 * shell.inverse(codes).numpy(), abs=1e-3)
