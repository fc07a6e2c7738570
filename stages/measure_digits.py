"""Score the AAE of one prior."""

from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from stages.aae.inference import decode
from stages.aae.networks import AAE
from stages.base.files import write_json
from stages.base.params import Count, DataSource, Section, Seed, load
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.measure.codes import knn_accuracy, petal_accuracy, sliced_w2, two_sample_accuracy
from stages.measure.images import mse


class Measure(Section):
    """Section `measure`."""

    seed: Seed
    samples: Annotated[int, Field(ge=100)]  # fewer tell nothing of a distribution
    projections: Count
    neighbours: Count


def measure_digits(aae: AAE, data: Images, latents: Latents, params: Measure) -> dict[str, float]:
    """Errors of all splits, what the test codes tell of the digits, and how codes match the prior.

    Those of learned images tell what the training reached, where test images are others than the learned ones.
    """
    errors = {
        f"{split}_mse": mse(data.part(split).images, decode(aae, latents.part(split).codes))
        for split in ("train", "validation", "test")
    }
    train, test = latents.part("train"), latents.part("test")
    scores = {"knn_accuracy": knn_accuracy(train.codes, train.labels, test.codes, test.labels, params.neighbours)}
    if aae.classes:  # without labels no petal is meant for a digit
        scores["petal_accuracy"] = petal_accuracy(aae.prior.component_density(test.codes), test.labels)
    learned = measure_match(aae, train, params)
    learned = {f"train_{name.removesuffix('_accuracy')}": score for name, score in learned.items()}
    return errors | scores | learned | measure_match(aae, test, params)


def measure_match(aae: AAE, latents: Latents, params: Measure) -> dict[str, float]:
    """How codes, at most `params.samples` of them, match as many samples of the prior."""
    # samples are drawn twice: the second ones give the floor, and are of the codes' petals where digits have theirs,
    # since no code that keeps to it can even out the digits' shares
    rows = np.sort(np.random.default_rng(params.seed).permutation(len(latents))[: params.samples])
    codes, petals = latents.codes[rows], torch.from_numpy(latents.labels[rows]) if aae.classes else None
    generator = torch.Generator().manual_seed(params.seed)
    samples, others = (aae.prior.sample(len(codes), generator, each)[0].numpy() for each in (None, petals))
    return {
        "sliced_w2": sliced_w2(codes, samples, params.seed, params.projections),
        "sliced_w2_floor": sliced_w2(others, samples, params.seed, params.projections),
        "two_sample_accuracy": two_sample_accuracy(codes, samples, params.seed),
    }


def main(prior: str) -> None:
    scores = measure_digits(
        load_weights(AAE, f"data/models/digits/{prior}.safetensors"),
        Images.read("data/digits/mnist.npz"),
        Latents.read(f"data/latents/digits/{prior}.npz"),
        load("measure", Measure),
    )
    write_json(f"metrics/digits/{prior}.json", scores | {"data": load("data.source", DataSource)})
