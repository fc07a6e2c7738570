from pathlib import Path

import pytest
from pydantic import ValidationError

from stages.base.params import Count, NoParams, Section, WrongParams, load, load_variant, read_params
from stages.base.sentences import sentence


class Training(Section):
    epochs: Count
    rate: float


@pytest.fixture
def write():
    """Write params.yaml."""
    return Path("params.yaml").write_text


def said(*arguments, of=load) -> str:
    """The sentence of the fault that reading params.yaml meets."""
    with pytest.raises((WrongParams, NoParams)) as caught:
        of(*arguments)
    return sentence(caught.value)


def test_a_stage_reads_the_value_at_its_key_and_cannot_change_it(write):
    write("digits: {training: {epochs: 3, rate: 1e-3}}")
    training = load("digits.training", Training)
    assert training == Training(epochs=3, rate=0.001)
    assert load("digits.training.epochs", Count) == 3
    with pytest.raises(ValidationError, match="frozen"):
        training.epochs = 4


@pytest.mark.parametrize(
    ("training", "says"),
    [
        ("{epochs: 0, rate: 1}", "training.epochs: input should be greater than or equal to 1 (got 0)"),
        ("{epochs: 1}", "training.rate: missing"),
        ("{epochs: 1, rate: .inf}", "training.rate: input should be a finite number (got inf)"),
        ("{epochs: 1, rate: 1, epoch: 2}", "training.epoch: unknown key, did you mean epochs?"),
        ("", "training: missing"),
        ("3", "training: input should be a valid dictionary or instance of Training (got 3)"),
        (
            "{epochs: few}",
            "2 problems\n  training.epochs: input should be a valid integer, unable to parse string as an integer "
            "(got 'few')\n  training.rate: missing",
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_key(write, training, says):
    write(f"training: {training}")
    assert said("training", Training) == f"params.yaml: {says}"


@pytest.mark.parametrize("content", ["", "digits:", "digits: 3", "[]", "text", "other: {}"])
def test_a_key_below_nothing_is_missing(write, content):
    write(content)
    assert said("digits.training.epochs", Count) == "params.yaml: digits.training.epochs: missing"


def test_a_variant_takes_precedence_over_what_is_common(write):
    write("{common: {epochs: 3, rate: 0.5}, umbrella: {epochs: 4}, plain: {}}")
    assert load_variant("common", "umbrella", Training) == Training(epochs=4, rate=0.5)
    assert load_variant("common", "plain", Training) == Training(epochs=3, rate=0.5)


@pytest.mark.parametrize(
    ("variant", "says"),
    [
        ("{epochs: -1}", "umbrella.epochs: input should be greater than or equal to 1 (got -1)"),
        ("{epoch: 3}", "umbrella.epoch: unknown key, did you mean epochs?"),
        ("[epochs]", "umbrella: input should be a valid dictionary or instance of Training (got ['epochs'])"),
        ("", "umbrella: missing"),
    ],
)
def test_a_wrong_override_is_told_with_its_own_key(write, variant, says):
    write(f"common: {{epochs: 3, rate: 0.5}}\numbrella: {variant}")
    assert said("common", "umbrella", Training, of=load_variant) == f"params.yaml: {says}"


NO_YAML = [b"digits: [", b"a: b: c", "label: Gauß".encode("latin-1"), b"\x00", b"day: 2026-13-45"]


@pytest.mark.parametrize("content", [None, *NO_YAML], ids=str)
def test_a_file_that_cannot_be_read_is_one_sentence_with_the_remedy(content):
    if content is not None:
        Path("params.yaml").write_bytes(content)
    text = said(of=read_params)
    assert text.startswith("params.yaml cannot be read (")
    assert text.endswith("): work in the project's folder, or restore the file with git")
    assert len(text.splitlines()) == 1
