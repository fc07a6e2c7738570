from types import SimpleNamespace

import torch

from stages.commands import bench


def test_each_stage_and_each_network_has_a_row(small, monkeypatch, capsys):
    monkeypatch.chdir(small)
    monkeypatch.setattr(bench, "SECONDS", 0.01)
    monkeypatch.setattr(bench, "WARM_UP", 1)
    for name, images in {"DIGITS": 1000, "FACES": dict.fromkeys(bench.FACES, 300), "OBJECTS": 1000}.items():
        monkeypatch.setattr(bench, name, images)
    bench.main()
    shown = capsys.readouterr().out
    for stage in ("check_params", "train_digits@gaussian", "render_gifs", "all of these"):
        assert f"\n{stage} " in f"\n{shown}"
    for network in ("digits@gaussian", "digits@umbrella_labels", "semi@labels_100", "faces@one_per_person", "cnn"):
        (row,) = [line.split() for line in shown.splitlines() if line.startswith(f"{network} ")]
        numbers = [float(number.replace(",", "").rstrip("%")) for number in row[1:]]
        assert len(numbers) == 6
        assert min(numbers) > 0


def test_a_training_that_ends_sooner_than_it_is_timed_has_a_row_too():
    steps = [{"loss": torch.zeros(1)}] * (bench.WARM_UP + 5)
    trainer = SimpleNamespace(training=SimpleNamespace(epochs=1), epoch=lambda _: iter(steps))
    assert 0 < bench.time_step(trainer) < 1
