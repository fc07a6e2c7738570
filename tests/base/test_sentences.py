import ast
import re
from importlib import import_module
from pkgutil import walk_packages

import pytest

import stages
from stages.base.errors import StageError
from stages.base.params import WrongParams
from stages.base.sentences import SENTENCES


@pytest.fixture(scope="module")
def facts() -> dict[str, int]:
    """How many facts each fault of the stages brings, by its name, as the tuple in its docstring says."""
    for module in walk_packages(stages.__path__, "stages."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    faults = [fault for fault in subclasses(StageError) if fault.__module__.startswith("stages.")]
    found = {fault.__name__: 1 + re.match(r"\((.*?)\)", fault.__doc__)[1].count(", ") for fault in faults}
    assert len(found) == len(faults), "two faults of one name"
    return found


def subclasses(kind: type) -> list[type]:
    return [found for below in kind.__subclasses__() for found in (below, *subclasses(below))]


def test_every_fault_has_a_sentence_with_a_place_for_each_fact_and_every_sentence_a_fault(facts):
    worded_by_pydantic = {WrongParams.__name__}
    assert {name: text.count("{}") for name, text in SENTENCES.items()} == {
        name: number for name, number in facts.items() if name not in worded_by_pydantic
    }


def test_every_fault_is_raised_with_all_of_its_facts(project, facts):
    raised = set()
    for path in (project / "stages").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "id", None)
            if name in facts:
                raised.add(name)
                assert len(node.args) == facts[name], f"{path}:{node.lineno}"
    assert raised == set(facts)
