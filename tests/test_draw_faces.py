from pathlib import Path

import pytest

from stages.draw_faces import DrawFaces, draw_faces
from stages.show.style import Style, save
from tests.networks import encoded, faces_aae

STYLE = Style(colours=[f"C{k}" for k in range(10)], density="Greys", dpi=60)


@pytest.mark.parametrize("columns", [4, 50])
def test_faces_have_all_their_pictures_also_where_they_are_few(faces, columns):
    aae = faces_aae()
    curves = Path("curves/plots/metrics")
    curves.mkdir(parents=True)
    for name in ("train_mse", "watched_mse", "generator", "discriminator"):
        (curves / f"{name}.tsv").write_text(f"step\t{name}\n0\t0.5\n1\t0.4\n")
    params = DrawFaces(seed=0, rows=2, columns=columns)
    figures = draw_faces(aae, faces, encoded(aae, faces), Path("curves"), "toy", params, STYLE)
    assert set(figures) == {"training", "held_out", "samples", "curves"}
    for name, figure in figures.items():
        save(figure, f"{name}.png", STYLE, "demo data")
        assert Path(f"{name}.png").stat().st_size > 1000
