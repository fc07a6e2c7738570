from pathlib import Path

from stages.page.results import flatten, read_curves, read_metrics, scores, split_params


def test_curves_and_metrics_are_read_by_name():
    table = Path("plots/digits/round/curves/plots/metrics/train_mse.tsv")
    table.parent.mkdir(parents=True)
    table.write_text("step\ttrain_mse\n0\t0.5\n1\t0.25\n")
    assert read_curves(["plots/digits", "plots/none"]) == {"digits/round": {"train_mse": [0.5, 0.25]}}
    Path("metrics/digits").mkdir(parents=True)
    Path("metrics/digits/round.json").write_text('{"mse": 0.5}')
    Path("metrics/transfer.json").write_text('{"cnn": {"accuracy": 1.0}, "data": "demo"}')
    found = read_metrics(["metrics/digits", "metrics/transfer.json"])
    assert found == {"digits/round": {"mse": 0.5}, "transfer": {"cnn.accuracy": 1.0, "data": "demo"}}


def test_nested_values_have_dotted_keys():
    assert flatten({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {"a.b": 1, "a.c.d": 2, "e": 3}


def test_parameters_are_split_into_sections_with_their_comments():
    text = "data:\n  seed: 0 # draws\n\ngifs: # all\n  frames: 3\n"
    assert split_params(text) == [("data", "data:\n  seed: 0 # draws"), ("gifs", "gifs: # all\n  frames: 3")]


def test_each_classifier_has_its_row_and_other_tasks_are_named():
    tasks = [
        {"heading": "ten classes", "classifiers": [{"name": "cnn", "label": "CNN"}]},
        {"heading": "cat or dog", "classifiers": [{"name": "pair", "label": "trees"}]},
    ]
    table = {"cnn": {"accuracy": 0.9}, "pair": {"accuracy": 0.8}, "chance": {"accuracy": 0.1}, "data": "demo"}
    assert [label for label, _ in scores(tasks, table)] == ["CNN", "cat or dog: trees", "random guessing"]
