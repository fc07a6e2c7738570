import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["stages.train_lightgbm"], "missing a required argument: 'name'"),
        (["stages.measure_digits", "umbrella", "twice"], "too many positional arguments"),
        (["stages.check_params"], "there is no params.yaml: work in the project's folder"),
    ],
)
def test_a_wrong_call_is_one_sentence(project, command, says):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=os.environ | {"PYTHONPATH": str(project)},
        check=False,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
