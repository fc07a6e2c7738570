from pathlib import Path

import pytest

from tests.pipelines import copy_pipeline, git


@pytest.fixture(scope="module")
def lab(small, tmp_path_factory) -> Path:
    """A repository with the results of a run committed; the tests of a module build on each other."""
    folder = copy_pipeline(small, tmp_path_factory.mktemp("experiments") / "lab")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Results")
    return folder
