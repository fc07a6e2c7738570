from pathlib import Path

import pytest
import torch

from stages.learning.fitting import NotFinite, fitted
from tests.learning.toys import CURVES, Toy, train

NAN = float("nan")


class Scripted:
    """A trainer whose losses and measures are given: one for each step, one for each epoch."""

    def __init__(self, losses: list[list[float]], measures: list[float]) -> None:
        self.losses, self.measures = losses, measures
        self.steps, self.generator, self.state = len(losses[0]), torch.Generator(), {}

    def epoch(self, number):
        for value in self.losses[number]:
            yield {"good": torch.tensor(1.0), "bad": torch.tensor(value)}

    def measure(self):
        return {"watched_mse": self.measures.pop(0)}


def fit(trainer: Scripted) -> None:
    with fitted(trainer, name="toy", epochs=len(trainer.losses), digest="same", curves=CURVES):
        Path("weights").touch()


def test_a_training_that_ended_well_leaves_no_checkpoint():
    train(2)
    assert not list(Path(".checkpoints").rglob("*.pt"))


def test_weights_that_found_no_room_need_no_second_training():
    whole, full = Toy(), OSError(28, "No space left on device", "weights")
    with (
        pytest.raises(OSError, match="No space left"),
        fitted(whole, name="toy", epochs=3, digest="same", curves=CURVES),
    ):
        raise full
    again = train(3)
    assert again.trained == 0
    assert torch.equal(again.model.weight, whole.model.weight)


@pytest.mark.parametrize("steps", [1, 25, 60])
def test_curves_show_the_mean_loss_over_all_steps_and_the_measures(steps):
    fit(Scripted([[float(k) for k in range(steps)], [7.0] * steps], [0.3, 0.2]))
    tables = {path.stem: path.read_text().split() for path in (CURVES / "plots/metrics").rglob("*.tsv")}
    assert [float(value) for value in tables["bad"][3::2]] == [(steps - 1) / 2, 7]
    assert tables["good"][3::2] == ["1.0", "1.0"]
    assert tables["watched_mse"] == ["step", "watched_mse", "0", "0.3", "1", "0.2"]


@pytest.mark.parametrize("value", [NAN, float("inf")])
@pytest.mark.parametrize("step", [0, 24, 29])
def test_a_loss_that_is_not_finite_stops_the_training_and_nothing_of_its_epoch_is_saved(step, value):
    wrong = [1.0] * 30
    wrong[step] = value
    with pytest.raises(NotFinite) as fault:
        fit(Scripted([[1.0] * 30, wrong, [1.0] * 30], [0.3, 0.2, 0.1]))
    assert fault.value.args[:2] == ("toy", "bad loss")
    assert fault.value.args[2:] == pytest.approx((value, 31 + step), nan_ok=True)
    assert len(torch.load(".checkpoints/toy.pt", weights_only=True)["history"]) == 1
    assert not Path("weights").exists()


def test_a_fault_is_told_alike_where_progress_is_not_shown(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    with pytest.raises(NotFinite) as fault:
        fit(Scripted([[1.0, 1.0], [1.0, NAN]], [0.3]))
    assert fault.value.args[:2] == ("toy", "bad loss")
    assert fault.value.args[3] == 4


def test_a_measure_that_is_not_finite_stops_the_training():
    with pytest.raises(NotFinite) as fault:
        fit(Scripted([[1.0], [1.0]], [0.3, NAN]))
    assert fault.value.args[1] == "watched_mse"
    assert len(torch.load(".checkpoints/toy.pt", weights_only=True)["history"]) == 1
