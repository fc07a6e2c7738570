"""What tests of figures share: a small style, and the curves of a training."""

from pathlib import Path

from stages.show.style import Style

STYLE = Style(colours=[f"C{k}" for k in range(10)], density="Greys", dpi=60)
CURVES = Path("curves")
AAE_CURVES = ("train_mse", "watched_mse", "generator", "discriminator")


def write_curves(*names: str) -> None:
    """Tables of two epochs for each metric, as dvclive writes them, in the folder `CURVES`."""
    (CURVES / "plots/metrics").mkdir(parents=True)
    for name in names:
        (CURVES / f"plots/metrics/{name}.tsv").write_text(f"step\t{name}\n0\t0.5\n1\t0.4\n")
