import networkx

from stages.commands.why import why

STAGES = networkx.DiGraph([("fetch", "train@a"), ("fetch", "train@b"), ("train@a", "draw@a")])
LOCK = {
    "fetch": {},
    "train@a": {"params": {"params.yaml": {"priors.a": {"weight": 0.01, "prior": {"std": 1.0}}}}},
    "draw@a": {"params": {"params.yaml": {"draw.colour": "red"}}},
    "train@b": {},
}
PARAMS = {"priors": {"a": {"weight": 0.05, "prior": {"std": 1.0}}}, "draw": {"colour": "blue"}}


def test_a_parameter_is_named_with_its_old_and_new_value_and_stages_after_it_with_their_cause():
    status = {"train@a": [{"changed deps": {"params.yaml": {"priors.a": "modified"}}}]}
    assert why(status, LOCK, PARAMS, STAGES) == [
        "train@a: priors.a.weight: 0.01 -> 0.05",
        "draw@a: after train@a, if the outputs change",
    ]


def test_a_changed_file_a_deleted_output_and_a_new_stage_are_named():
    status = {
        "train@b": [{"changed deps": {"stages/train.py": "modified"}}, "changed command"],
        "draw@a": [
            {"changed deps": {"params.yaml": {"draw.colour": "modified"}}},
            {"changed outs": {"plots/a.png": "deleted"}},
        ],
        "fetch": ["always changed"],
    }
    lines = why(status, {name: LOCK[name] for name in ("train@b", "draw@a", "train@a")}, PARAMS, STAGES)
    assert lines[0] == "fetch: it has never run"
    assert "train@b: stages/train.py is modified; its command changed" in lines
    assert "draw@a: draw.colour: red -> blue; its output plots/a.png is deleted" in lines
    assert "train@a: after fetch, if the outputs change" in lines


def test_nothing_follows_the_check_of_the_parameters():
    stages = networkx.relabel_nodes(STAGES, {"fetch": "check_params"})
    status = {"check_params": [{"changed deps": {"params.yaml": "modified"}}]}
    assert why(status, {"check_params": {}}, PARAMS, stages) == ["check_params: params.yaml is modified"]


def test_nothing_changed_is_no_line():
    assert why({}, LOCK, PARAMS, STAGES) == []
