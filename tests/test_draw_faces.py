from pathlib import Path

import pytest

from stages.aae.networks import AAE, Architecture
from stages.draw_faces import Faces, draw_faces
from stages.export_latents import export_latents
from stages.show.style import Style, save

STYLE = Style(colours=[f"C{k}" for k in range(10)], density="Greys", dpi=60)


@pytest.fixture
def aae() -> AAE:
    prior, autoencoder = {"kind": "gaussian", "dim": 6}, {"kind": "convolutional", "channels": [4, 8]}
    return AAE(Architecture(image_shape=(3, 16, 16), prior=prior, autoencoder=autoencoder, discriminator=[8])).eval()


@pytest.mark.parametrize("columns", [4, 50])
def test_faces_have_all_their_pictures_also_where_they_are_few(aae, faces, columns):
    curves = Path("curves/plots/metrics")
    curves.mkdir(parents=True)
    for name in ("reconstruction", "watched_mse", "generator", "discriminator"):
        (curves / f"{name}.tsv").write_text(f"step\t{name}\n0\t0.5\n1\t0.4\n")
    params = Faces(seed=0, rows=2, columns=columns)
    figures = draw_faces(aae, faces, export_latents(aae, faces), Path("curves"), params, STYLE)
    assert set(figures) == {"training", "held_out", "samples", "curves"}
    for name, figure in figures.items():
        save(figure, f"{name}.png", STYLE, "demo data")
        assert Path(f"{name}.png").stat().st_size > 1000
