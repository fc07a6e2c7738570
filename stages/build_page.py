"""Build the page: one file that opens from disk, with the decoders, what they are shown beside, and the run."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import yaml
from pydantic import Field

from stages.aae.faces import FaceAAE
from stages.aae.networks import AAE
from stages.aae.priors import AnyPrior, Prior
from stages.aae.semi import ClassesAndStyles, SemiAAE
from stages.base.files import replacing
from stages.base.params import Count, DataSource, Section, Seed, check, load
from stages.base.people import first_images
from stages.base.tables import Images, Latents, Predictions
from stages.compare_classifiers import group_by_classes, rows_at
from stages.learning.weights import load_weights
from stages.measure.classification import roc
from stages.measure.clusters import name_by_confidence
from stages.page import decoders
from stages.page.bundles import pack, quantise
from stages.page.graph import drawing, read_stages
from stages.page.pictures import atlas, palettes
from stages.page.rendering import render
from stages.page.results import read_curves, read_metrics, scores, split_params
from stages.show.planes import extent_of, sample_field
from stages.show.style import STRONG, Style, note_on

CODE_BITS, DENSITY_SIDE, QUALITY = 14, 128, 90  # of codes of faces, of a plane's density, of photos as WebP
ASSETS = "stages/page/assets"

Bundles = dict[str, str]  # name -> text of stages.page.bundles


class Page(Section):
    """Section `page`."""

    seed: Seed
    points: Count
    semi: list[str]
    styles: Count
    faces: str
    people: Annotated[int, Field(ge=2)]
    neighbours: Count
    directions: Count
    quality: Annotated[int, Field(ge=1, le=100)]


def draw_rows(n: int, most: int, seed: int) -> np.ndarray:
    """At most `most` of `n` rows, drawn."""
    return np.random.default_rng(seed).permutation(n)[:most]


def draw_test_images(data: Images, most: int, seed: int) -> tuple[Images, dict[str, np.ndarray]]:
    """At most `most` test images, drawn, and what the page needs of them."""
    test = data.part("test")
    test = test.where(draw_rows(len(test), most, seed))
    return test, {"images": test.images, "labels": test.labels.astype(np.uint8)}


def plane(aae: AAE, prior: Prior, codes: np.ndarray) -> tuple[dict[str, Any], str]:
    """Facts and bundle of one prior: decoder, codes (N, d) of test images, and the density over the plane."""
    extent = extent_of(prior.extent(), codes)
    density = sample_field(prior.plane_density, extent, DENSITY_SIDE)
    layers, arrays = decoders.dense(aae.decoder)
    stops = prior.styles(3)[:, 1].tolist() if prior.components > 1 else []
    facts = {"layers": layers, "dim": prior.dim}
    arrays |= {"codes": codes, "density": (density / density.max()).astype(np.float32)}
    return {"extent": extent, "stops": stops}, pack(facts, arrays)


def digits(variants: Sequence[Mapping[str, Any]], data: Images, params: Page) -> tuple[list[dict[str, Any]], Bundles]:
    """Facts of each prior and all bundles of the latent plane."""
    test, images = draw_test_images(data, params.points, params.seed)
    facts, bundles = [], {"digits": pack({}, images)}
    for variant in variants:
        name = variant["name"]
        aae = load_weights(AAE, f"data/models/digits/{name}.safetensors")
        prior = check(variant["prior"], AnyPrior, f"digits.priors.{name}.prior")
        latents = Latents.read(f"data/latents/digits/{name}.npz").part("test")
        shown, bundles[f"digits-{name}"] = plane(aae, prior, rows_at(latents, test.index).codes)
        facts.append({"name": name, "label": variant["label"], "prior": variant["prior"], **shown})
    return facts, bundles


def semi(
    variants: Sequence[Mapping[str, Any]], data: Images, validation: int, params: Page
) -> tuple[list[dict[str, Any]], Bundles]:
    """Facts of the chosen variants of class and style, and their bundles.

    Clusters get their names from the first `validation` images of that split.
    """
    test, images = draw_test_images(data, params.styles, params.seed)
    facts, bundles = [], {"semi": pack({}, images)}
    for variant in (variant for variant in variants if variant["name"] in params.semi):
        name, labelled = variant["name"], variant["labels"] != 0
        aae = load_weights(SemiAAE, f"data/models/semi/{name}.safetensors")
        codes = ClassesAndStyles.read(f"data/latents/semi/{name}.npz")
        known = codes.part("validation").where(np.arange(validation))
        names = np.arange(aae.classes) if labelled else name_by_confidence(known.probabilities, known.labels)
        layers, arrays = decoders.dense(aae.decoder)
        shown = rows_at(codes.part("test"), test.index)
        arrays |= {"styles": shown.means, "probabilities": shown.probabilities}
        bundles[f"semi-{name}"] = pack({"layers": layers, "dim": aae.classes + aae.style.dim}, arrays)
        heads = [str(data.names[k]) if labelled else f"{j}: {data.names[k]}" for j, k in enumerate(names)]
        facts.append(
            {
                "name": name,
                "label": variant["label"],
                "heads": heads,
                "what": "class" if labelled else "cluster",
                "dim": aae.style.dim,
                "std": aae.style.std,
            }
        )
    return facts, bundles


def faces(aae: FaceAAE, data: Images, latents: Latents, params: Page) -> tuple[dict[str, Any], Bundles]:
    """Facts of the faces, with their atlas, and the bundle of decoder and codes; of held-out people's first images."""
    rows = first_images(data)
    rows = rows[data.split[rows] == "held_out"]
    rows = np.sort(rows[draw_rows(len(rows), params.people, params.seed)])
    weight = decoders.array(aae.decoder.linear.weight)
    directions, shares = decoders.strongest_directions(weight, params.directions)
    shape, prior = aae.architecture.image_shape, aae.prior
    facts = {
        "people": [str(name).replace("_", " ") for name in data.names[data.labels[rows]]],
        "atlas": atlas(data.images[rows], QUALITY),
        "shares": shares.tolist(),
        "dim": prior.dim,
        "std": prior.std,
        "neighbours": params.neighbours,
    }
    model = {"kind": "faces", "dim": prior.dim, "shape": shape, "levels": len(aae.architecture.refiner)}
    arrays = decoders.faces(aae.decoder)
    shown = {"codes": quantise(latents.codes[rows], CODE_BITS), "directions": directions}
    return facts, {"faces": pack(model, arrays), "people": pack({}, shown)}


def transfer(variants: Sequence[Mapping[str, Any]], data: Images, params: Page) -> tuple[dict[str, Any], Bundles]:
    """Facts of the classifiers by task, the test images' atlas, and the bundle of all predictions on them."""
    test = data.part("test")
    place = {index: k for k, index in enumerate(test.index.tolist())}
    classes = {variant["name"]: variant["classes"] for variant in variants}
    arrays: dict[str, np.ndarray] = {}
    tasks = []
    for heading, labels in group_by_classes(variants).items():
        task: dict[str, Any] = {"heading": heading, "classifiers": []}
        for name, label in labels.items():
            task["classes"] = data.names.tolist() if classes[name] == "all" else classes[name]
            each = Predictions.read(f"data/predictions/{name}.npz").part("test")
            arrays |= {
                f"{name}.rows": np.array([place[index] for index in each.index.tolist()], np.int32),
                f"{name}.labels": each.labels.astype(np.uint8),
                f"{name}.found": each.probabilities.argmax(1).astype(np.uint8),
                f"{name}.probabilities": np.rint(255 * each.probabilities).astype(np.uint8),
            }
            false, true = roc(each.probabilities, each.labels)
            task["classifiers"].append({"name": name, "label": label, "roc": [round_all(false), round_all(true)]})
        tasks.append(task)
    return {"tasks": tasks, "atlas": atlas(test.images, params.quality)}, {"transfer": pack({}, arrays)}


def round_all(values: np.ndarray) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def read_json(path: str) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def facts_of_the_run() -> dict[str, Any]:
    """Stages, curves, scores and parameters."""
    text = Path("params.yaml").read_text(encoding="utf-8")
    stages = read_stages(read_json(f"{ASSETS}/pipeline.json"), yaml.safe_load(text))
    metrics = ("metrics/digits", "metrics/semi", "metrics/faces", "metrics/transfer.json", "metrics/interpolation.json")
    return {
        "stages": stages,
        **drawing(stages),
        "curves": read_curves(["plots/digits", "plots/semi", "plots/faces", "plots/transfer"]),
        "metrics": read_metrics(metrics),
        "params": split_params(text),
    }


def main() -> None:
    params, source, style = load("page", Page), load("data.source", DataSource), load("draw.style", Style)
    images = Images.read("data/digits/mnist.npz")
    planes, digits_bundles = digits(read_json("data/variants/digits.json"), images, params)
    variants, semi_bundles = semi(read_json("data/variants/semi.json"), images, load("semi.validation", Count), params)
    model = params.faces
    people, faces_bundles = faces(
        load_weights(FaceAAE, f"data/models/faces/{model}.safetensors"),
        Images.read("data/faces/faces.npz"),
        Latents.read(f"data/latents/faces/{model}.npz"),
        params,
    )
    objects = Images.read("data/objects/cifar10.npz")
    classifiers, transfer_bundles = transfer(read_json("data/variants/classifiers.json"), objects, params)
    page = render(
        Path(ASSETS),
        facts={
            "digits": planes,
            "semi": variants,
            "faces": people,
            "transfer": classifiers,
            "names": images.names.tolist(),
            "colours": len(style.colours),
            "lines": len(STRONG),
        },
        bundles={**digits_bundles, **semi_bundles, **faces_bundles, **transfer_bundles},
        run={
            **facts_of_the_run(),
            "colours": palettes([style.colour(k) for k in range(len(style.colours))]),
            "strong": palettes([style.line(k) for k in range(len(STRONG))]),
            "styles": params.styles,
            "scores": scores(classifiers["tasks"], read_json("metrics/transfer.json")),
            "lfw": source == "publishers" and not Path(load("data.faces.source", str)).is_absolute(),
        },
        note=note_on(source),
    )
    with replacing("data/page/index.html") as part:
        part.write_text(page, encoding="utf-8")
