import sys
from pathlib import Path

import pytest
import torch

import stages
from stages.__main__ import dispatch
from stages.base.tables import Latents
from stages.learning.checkpoints import digest
from stages.learning.compute import ComputeParams
from tests.learning.toys import curves, train

CHECKPOINT = Path(".checkpoints/toy.pt")


def interrupt(digest: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(3, stop_at=2, digest=digest)


@pytest.mark.parametrize("stop_at", [0, 1, 3])
def test_a_resumed_training_ends_in_the_same_bytes_as_an_uninterrupted_one(stop_at):
    whole, whole_curves = train(4), curves()
    with pytest.raises(KeyboardInterrupt):
        train(4, stop_at=stop_at)
    resumed = train(4)
    assert torch.equal(resumed.model.weight, whole.model.weight)
    assert resumed.trained == whole.trained - 4 * stop_at
    assert curves() == whole_curves
    assert {Path(name).stem for name in whole_curves} >= {"loss", "weight"}


def test_a_checkpoint_of_another_digest_is_not_taken_up(capsys):
    whole = train(3)
    interrupt("other")
    again = train(3)
    assert again.trained == whole.trained
    assert torch.equal(again.model.weight, whole.model.weight)
    assert "is of other parameters, data or code: training starts anew" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["empty", "a page of HTML", "truncated"])
def test_a_damaged_checkpoint_is_not_taken_up(damage, capsys):
    whole = train(3)
    interrupt("same")
    content = {"empty": b"", "a page of HTML": b"<html>", "truncated": CHECKPOINT.read_bytes()[:-200]}
    CHECKPOINT.write_bytes(content[damage])
    again = train(3)
    assert again.trained == whole.trained
    assert torch.equal(again.model.weight, whole.model.weight)
    assert "toy.pt cannot be read" in capsys.readouterr().err


def test_a_digest_tells_parameters_data_torch_and_its_threads_apart(faces, generator, monkeypatch):
    params = ComputeParams(device="cpu", precision="float32")
    codes = Latents.of(faces, torch.randn(50, 2, generator=generator).numpy())
    found = [digest(params, codes)]
    assert digest(params.model_copy(), codes.where(slice(None))) == found[0]

    found.append(digest(params.model_copy(update={"precision": "bf16"}), codes))
    for name, values in vars(codes).items():
        other = values.copy()
        other[-1] = other[0]
        found.append(digest(params, Latents(**vars(codes) | {name: other})))
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(torch, "get_num_threads", lambda: 1000)
        found.append(digest(params, codes))
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(torch, "__version__", "0.1")
        found.append(digest(params, codes))
    assert len(set(found)) == len(found) == 8


def test_a_digest_tells_the_code_of_the_running_stage_apart(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(stages, "__path__", [*stages.__path__, str(tmp_path)])

    def found(line: str) -> str:
        code = f"from stages.learning.checkpoints import digest\n{line}\n\n\ndef main():\n    print(digest())\n"
        Path("some_stage.py").write_text(code, encoding="utf-8")
        sys.modules.pop("stages.some_stage", None)
        dispatch("stages", ["some_stage"], "stage", ["some_stage"])
        return capsys.readouterr().out

    try:
        assert found("width = 1") == found("width = 1") != found("width = 2")
    finally:
        sys.modules.pop("stages.some_stage", None)
