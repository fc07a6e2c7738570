import networkx

from stages.commands.parameters import abbreviate, find_readers


def test_a_key_stands_for_those_below_it_where_they_have_the_same_readers():
    params = {"a": {"x": 1, "y": {"z": 2}}, "b": {"p": 1, "q": 2}}
    declared = {"one": ["a", "b.p"], "two@k": ["b.q"], "three": []}
    stages = networkx.DiGraph([("one", "three"), ("two@k", "three")])
    assert find_readers(params, declared, stages) == {
        "a": ({"one"}, {"three"}),
        "b.p": ({"one"}, {"three"}),
        "b.q": ({"two@k"}, {"three"}),
    }
    assert find_readers({"a": {"x": {}}, "b": {"p": 1}}, declared, stages).keys() == {"a", "b"}, (
        "where values may be put"
    )
    assert abbreviate({"two@k"}, ["one", "two@k", "two@l"]) == "two@k"
    assert abbreviate({"two@k", "two@l"}, ["one", "two@k", "two@l"]) == "two"
