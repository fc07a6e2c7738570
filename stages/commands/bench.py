"""Measure this machine's speed: seconds per stage of the last run, and each network's training on random images."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import networkx
import numpy as np
import torch
from dvc.repo import Repo
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from stages import train_cnn, train_digits, train_faces, train_semi
from stages.__main__ import TIMES, keep_memory, peak_memory
from stages.aae.inference import as_input
from stages.aae.priors import AnyPrior
from stages.aae.training import AAETrainer
from stages.base.params import Count, load, load_variant
from stages.base.people import Which
from stages.base.tables import Images
from stages.cnn.network import Widths
from stages.commands._dvc import stage_graph
from stages.learning.compute import ComputeParams, Machine, prepare

WARM_UP = 2  # steps
SECONDS = 10.0  # that steps of each network are counted
DIGITS, OBJECTS = 55_000, 49_500  # images of the real data that trainings learn from
FACES = {"one_per_person": 4_884, "all": 11_205}
SIDE = 1024  # of the matrices whose product gives the machine's own rate


def stage_times() -> Iterator[str]:
    """A line per stage that has run in this folder, in the order in which stages run, and their sum."""
    total = 0.0
    for stage in networkx.topological_sort(stage_graph(Repo().index.graph)):
        record = TIMES / f"{stage}.json"
        if record.is_file():
            values = json.loads(record.read_text(encoding="utf-8"))
            total += values["seconds"]
            yield f"{stage:<40} {values['seconds']:>8.1f} s {values['megabytes']:>7,.0f} MB"
    yield f"{'all of these':<40} {total:>8.1f} s"


def matrix_rate(machine: Machine) -> float:
    """Multiply-adds per second of products of square matrices, in the precision of the trainings."""
    a, b = torch.randn(2, SIDE, SIDE, device=machine.device)
    with machine.autocast():
        for _ in range(WARM_UP):
            finish(a @ b)
        start, count = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < 1:
            finish(a @ b)
            count += 1
    return count * SIDE**3 / elapsed


def finish(result: Tensor) -> None:
    """Wait until a device has computed the result."""
    result.flatten()[0].item()


def random_images(shape: tuple[int, int, int], images: int) -> Images:
    """Random images (H, W, C) of ten classes, and as many of split `validation` as there are classes."""
    random = np.random.default_rng(0)
    index = np.arange(images + 10)
    pixels = random.integers(0, 256, (len(index), *shape), dtype=np.uint8)
    return Images(index % 10, np.where(index < images, "train", "validation"), index, pixels, np.arange(10).astype(str))


def count_macs(network: nn.Module, *inputs: Tensor) -> int:
    """Multiply-adds of a forward pass in matrix products and convolutions."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network.eval()(*inputs)
    return counter.get_total_flops() // 2


def time_step(trainer: Any) -> float:
    """Seconds per step of a training, over SECONDS or until its end."""
    steps = (losses for number in range(trainer.training.epochs) for losses in trainer.epoch(number))
    for losses in islice(steps, WARM_UP):
        finish(next(iter(losses.values())))
    ends = [time.perf_counter()]
    for losses in steps:
        finish(next(iter(losses.values())))
        ends.append(time.perf_counter())
        if ends[-1] - ends[0] >= SECONDS:
            break
    return (ends[-1] - ends[0]) / (len(ends) - 1)


def trainings(machine: Machine) -> Iterator[tuple[str, Any, nn.Module, int, int]]:
    """Of each network: name, trainer, network, multiply-adds of a forward pass per image, images per step."""
    digits = random_images((28, 28, 1), DIGITS)
    common = [load(f"digits.common.{key}", list[Count]) for key in ("hidden", "discriminator")]
    for name in load("digits.priors", dict[str, Any]):
        prior = load(f"digits.priors.{name}.prior", AnyPrior)
        training = load_variant("digits.common.training", f"digits.priors.{name}.training", train_digits.DigitsTraining)
        trainer = train_digits.make_trainer(digits, *common, prior, training, machine)
        labelled = training.labelled_batch if training.labelled else 0
        yield f"digits@{name}", trainer, trainer.aae, aae_macs(trainer), training.batch_size + labelled
    for name in load("semi.variants", dict[str, Any]):
        variant = train_semi.load_labels(name)
        model, training = (
            load_variant(f"semi.common.{part}", f"semi.variants.{name}.{part}", kind)
            for part, kind in (("model", train_semi.SemiModel), ("training", train_semi.SemiTraining))
        )
        trainer = train_semi.make_trainer(digits, model, variant, 0, len(digits), training, machine)
        macs = count_macs(trainer.aae, as_input(trainer.images[:1]))
        labelled = training.labelled_batch if variant.labels else 0
        yield f"semi@{name}", trainer, trainer.aae, macs, training.batch_size + labelled
    side = load("faces.image_size", int)
    for name in load("faces.variants", dict[str, Any]):
        which = load(f"faces.variants.{name}.images", Which)
        faces = random_images((side, side, 3), FACES[which])
        faces = replace(faces, labels=faces.index)  # each of a person of their own
        model, training = (
            load_variant(f"faces.common.{part}", f"faces.variants.{name}.{part}", kind)
            for part, kind in (("model", train_faces.FaceModel), ("training", train_faces.FaceTraining))
        )
        trainer = train_faces.make_trainer(faces, which, model, training, machine)
        yield f"faces@{name}", trainer, trainer.aae, aae_macs(trainer), training.batch_size
    training = load("cnn.training", train_cnn.CNNTraining)
    objects = random_images((32, 32, 3), OBJECTS)
    trainer = train_cnn.make_trainer(
        objects, load("cnn.widths", Widths), load("cnn.validation", Count), training, machine
    )
    macs = count_macs(trainer.network, trainer.images[:1].permute(0, 3, 1, 2))
    yield "cnn", trainer, trainer.network, macs, training.batch_size


def aae_macs(trainer: AAETrainer) -> int:
    """Multiply-adds of one image's way through encoder and decoder."""
    return count_macs(nn.Sequential(trainer.aae.encoder, trainer.aae.decoder), as_input(trainer.images[:1]))


def main() -> None:
    keep_memory()  # as stages do
    print("\n".join(stage_times()), "\n")
    machine = prepare(load("compute", ComputeParams))
    rate = matrix_rate(machine)
    print(f"products of {SIDE} x {SIDE} matrices: {2 * rate / 1e9:.0f} GFLOP/s\n")
    print(f"{'training':<24} parameters   MACs/image   ms/step   images/s   s/epoch   of that rate")
    for name, trainer, network, macs, images in trainings(machine):
        seconds = time_step(trainer)
        parameters = sum(weight.numel() for weight in network.parameters())
        share = 3 * macs * images / seconds / rate  # forward, and backward to inputs and to weights
        print(
            f"{name:<24} {parameters:>10,} {macs:>12,} {1000 * seconds:>9.1f} {images / seconds:>10,.0f}"
            f" {trainer.steps * seconds:>9.1f} {share:>14.0%}"
        )
    print(f"\npeak memory of this command: {peak_memory():,.0f} MB")
