import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from stages.base.errors import StageError
from stages.learning.compute import ComputeParams, prepare
from stages.learning.fitting import Run

CURVES = Path("curves")


def train(epochs: int, stop_at: int | None = None, identity: str = "same") -> torch.Tensor:
    """A few noisy steps; an interruption in the middle of epoch `stop_at`."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    state = {"model": model, "optimizer": optimizer}
    with Run("toy", epochs, 4, state, generator, identity, CURVES) as run:
        for epoch in run.epochs():
            for step in range(4):
                if epoch == stop_at and step == 2:
                    raise KeyboardInterrupt
                loss = model(torch.randn(5, 3, generator=generator) + torch.rand(3)).square().mean()
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                run.log(loss=loss.detach())
            run.record(epoch_number=epoch)
    return model.weight.detach().clone()


def curves() -> dict[str, bytes]:
    return {str(path.relative_to(CURVES)): path.read_bytes() for path in sorted(CURVES.rglob("*")) if path.is_file()}


def test_an_interrupted_run_ends_as_an_uninterrupted_one():
    whole, whole_curves = train(5), curves()
    with pytest.raises(KeyboardInterrupt):
        train(5, stop_at=3)
    assert torch.equal(train(5), whole)
    assert curves() == whole_curves
    assert any("loss" in name for name in whole_curves)


def test_a_run_that_ended_well_leaves_no_checkpoint():
    train(2)
    assert not list(Path(".checkpoints").rglob("*.pt"))


def test_a_checkpoint_of_other_parameters_is_not_taken_up(capsys):
    whole = train(3)
    with pytest.raises(KeyboardInterrupt):
        train(3, stop_at=2, identity="other")
    assert torch.equal(train(3), whole)
    assert "training starts anew" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_not_taken_up(content, capsys):
    whole = train(3)
    Path(".checkpoints").mkdir(exist_ok=True)
    Path(".checkpoints/toy.pt").write_bytes(content)
    assert torch.equal(train(3), whole)
    assert "cannot be read" in capsys.readouterr().err


def test_a_loss_that_is_not_finite_stops_the_run_and_names_step_and_loss():
    model = torch.nn.Linear(1, 1)

    def diverge() -> None:
        with Run("toy", 3, 4, {"model": model}, torch.Generator(), "same", CURVES) as run:
            for epoch in run.epochs():
                for step in range(4):
                    bad = epoch == 1 and step == 2
                    run.log(good=torch.tensor(1.0), bad=torch.tensor(float("nan") if bad else 1.0))

    with pytest.raises(StageError, match="the bad loss is nan at step 7"):
        diverge()
    kept = torch.load(".checkpoints/toy.pt", weights_only=True)
    assert len(kept["history"]) == 1


def test_a_measure_that_is_not_finite_stops_the_run():
    def diverge() -> None:
        with Run("toy", 1, 1, {}, torch.Generator(), "same", CURVES) as run:
            for _ in run.epochs():
                run.log(loss=torch.tensor(1.0))
                run.record(watched_mse=float("nan"))

    with pytest.raises(StageError, match="the watched_mse is nan"):
        diverge()


def test_a_checkpoint_belongs_to_the_code_of_the_stage_itself(project):
    """Also of the module that runs as `python -m`, which Python does not know by its name."""
    shutil.copytree(project / "stages", "stages", ignore=shutil.ignore_patterns("__pycache__"))
    stage = Path("stages/some_stage.py")

    def digest(code: str) -> str:
        stage.write_text(f"from stages.learning.fitting import identity\n{code}\nprint(identity())\n", encoding="utf-8")
        return subprocess.run([sys.executable, "-m", "stages.some_stage"], check=True, capture_output=True).stdout

    assert digest("width = 1") == digest("width = 1") != digest("width = 2")


def test_a_device_that_the_machine_lacks_is_named():
    if torch.cuda.is_available():
        pytest.skip("this machine has it")
    with pytest.raises(StageError, match=r"compute\.device is cuda"):
        prepare(ComputeParams(device="cuda"))
