import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages.base.files import write_json
from stages.base.tables import Images, Predictions
from stages.compare_classifiers import compare_classifiers, group_by_classes, guess, main, rows_at

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def predicted(data: Images, classes: int, share: float) -> Predictions:
    """Predictions for the images' labels, of which about `share` are right."""
    random = np.random.default_rng(0)
    labels = data.labels % classes
    found = np.where(random.random(len(labels)) < share, labels, random.integers(0, classes, len(labels)))
    probabilities = (0.5 * np.eye(classes)[found] + 0.5 / classes).astype(np.float32)
    return Predictions(labels, data.split, data.index, probabilities)


@pytest.fixture
def objects() -> Images:
    random = np.random.default_rng(0)
    split = np.repeat(["train", "validation", "test"], [200, 20, 100])
    images = random.integers(0, 255, (320, 8, 8, 3), dtype=np.uint8)
    return Images(np.arange(320) % 10, split, 1000 + np.arange(320)[::-1], images, np.array(NAMES))


def test_scores_rise_with_the_share_of_right_answers_and_chance_is_low(objects):
    table = compare_classifiers({"cnn": predicted(objects, 10, 1.0), "trees": predicted(objects, 10, 0.5)}, seed=0)
    assert set(table) == {"cnn", "trees", "chance"}
    assert set(table["cnn"].values()) == {1.0}
    assert 0.4 < table["trees"]["accuracy"] < 0.75
    assert table["chance"]["accuracy"] == pytest.approx(0.1, abs=0.1)
    assert table["chance"]["auroc"] == pytest.approx(0.5, abs=0.08)


def test_guesses_are_probabilities_drawn_from_the_seed(objects):
    drawn = guess(predicted(objects, 10, 1.0), 0).probabilities
    assert drawn.sum(1) == pytest.approx(1)
    assert np.array_equal(drawn, guess(predicted(objects, 10, 0.5), 0).probabilities)
    assert not np.array_equal(drawn, guess(predicted(objects, 10, 1.0), 1).probabilities)


def test_rows_are_found_by_their_number_in_the_source(objects):
    shuffled = objects.where(np.random.default_rng(1).permutation(320))
    found = rows_at(shuffled, np.array([1319, 1000]))
    assert np.array_equal(found.images, objects.images[[0, 319]])


VARIANTS = [
    {"name": "cnn", "label": "CNN", "classes": "all"},
    {"name": "pair", "label": "trees", "classes": ["automobile", "ship"]},
    {"name": "trees", "label": "trees", "classes": "all"},
]


def test_classifiers_of_the_same_classes_stand_in_one_group():
    assert group_by_classes(VARIANTS) == {
        "ten classes": {"cnn": "CNN", "trees": "trees"},
        "automobile or ship": {"pair": "trees"},
    }


def test_the_stage_writes_the_table_and_its_pictures(objects):
    write_json("data/variants/classifiers.json", VARIANTS)
    for name, classes in (("cnn", 10), ("trees", 10), ("pair", 2)):
        predicted(objects, classes, 0.6).write(f"data/predictions/{name}.npz")
    objects.write("data/objects/cifar10.npz")
    style = {"colours": [f"C{k}" for k in range(10)], "density": "Greys", "dpi": 60}
    transfer = {"seed": 0, "compared": ["cnn", "trees"], "rows": 2, "columns": 4}
    params = {"data": {"source": "demo"}, "measure": {"seed": 0}, "draw": {"style": style, "transfer": transfer}}
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    main()
    written = json.loads(Path("metrics/transfer.json").read_text())
    assert set(written) == {"cnn", "trees", "pair", "chance", "data"}
    assert {path.name for path in Path("plots/transfer").iterdir()} == {
        "bars.png",
        "confusion.png",
        "roc.png",
        "samples.png",
    }
