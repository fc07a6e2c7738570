from pathlib import Path

import pytest

from tests.pipelines import copy_pipeline


@pytest.fixture(scope="module")
def lab(small, tmp_path_factory) -> Path:
    """A repository with the results of a run committed; the tests of a module build on each other."""
    return copy_pipeline(small, tmp_path_factory.mktemp("experiments") / "lab")
