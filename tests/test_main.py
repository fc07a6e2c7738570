import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stages import __main__ as command_line
from stages.__main__ import STAGES, call, dispatch, main
from stages.base.errors import StageError
from stages.base.files import DamagedFile
from stages.commands.__main__ import NAMES
from stages.commands.__main__ import main as command_of_people


def python(project, *words):
    environment = os.environ | {"PYTHONPATH": str(project)}
    return subprocess.run([sys.executable, *words], env=environment, check=False, text=True, capture_output=True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["trian_cnn"], "no stage 'trian_cnn', did you mean train_cnn?: there are build_page, check_params, "),
        (["list_variants"], "params.yaml cannot be read ([Errno 2] No such file or directory: 'params.yaml'): work in"),
    ],
)
def test_a_process_that_cannot_do_its_work_fails_with_one_line(project, words, says):
    done = python(project, "-m", "stages", *words)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {says}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["no_such_thing"], "error: no stage 'no_such_thing': there are build_page, check_params, "),
        (
            ["train_lightgbm"],
            "error: missing a required argument: 'classifier': "
            "the call is `python -m stages train_lightgbm CLASSIFIER`\n",
        ),
        (
            ["measure_digits", "umbrella", "twice"],
            "error: too many positional arguments: the call is `python -m stages measure_digits PRIOR`\n",
        ),
        (
            ["list_variants", "twice"],
            "error: too many positional arguments: the call is `python -m stages list_variants`\n",
        ),
    ],
)
def test_a_wrong_call_is_one_line_with_the_right_one(ending, words, says):
    status, said = ending(dispatch, "stages", STAGES, "stage", words)
    assert status == 1
    assert said.startswith(says)
    assert len(said.splitlines()) == 1


def test_a_call_without_a_name_lists_the_names(ending, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["stages"])
    status, said = ending(main)
    assert status == 1
    assert said == f"usage: python -m stages NAME [KEY]: NAME is one of {', '.join(STAGES)}\n"


def test_commands_for_people_are_called_alike(ending):
    commands = ("stages.commands", NAMES, "command")
    assert ending(dispatch, *commands, ["dmo"])[1].startswith("error: no command 'dmo', did you mean demo?: there are ")
    assert ending(command_of_people, ["push"])[1].startswith("error: you are not inside of a DVC repository")
    assert ending(dispatch, *commands, ["demo"])[1].endswith("call is `python -m stages.commands demo FOLDER JOBS`\n")


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (StageError("the moon is full"), "the moon is full"),
        (
            DamagedFile("a.npz", ValueError("two\n  lines")),
            "a.npz is damaged (two lines): delete it and run `dvc repro`",
        ),
        (
            OSError(errno.ENOSPC, "full", "a.npz"),
            "no space left on the disk while writing a.npz: free some space and run `dvc repro` again",
        ),
        (
            OSError(errno.ENOSPC, "full"),
            "no space left on the disk while writing the output folder: free some space and run `dvc repro` again",
        ),
        *(
            (
                OSError(number, "denied", "a.npz"),
                "no permission to write or read a.npz: change its permissions and run `dvc repro` again",
            )
            for number in (errno.EACCES, errno.EPERM, errno.EROFS)
        ),
        (
            OSError(errno.ENOENT, "missing", "a.npz"),
            "a.npz does not exist: `dvc repro` makes it, or `dvc pull` where a remote is set up",
        ),
        (OSError(errno.EISDIR, "Is a directory", "a.npz"), "Is a directory (a.npz)"),
        (ConnectionError("nobody answers"), "nobody answers"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "Broken pipe"),
    ],
)
def test_a_fault_of_the_users_world_is_one_sentence(ending, fault, says):
    def stage():
        raise fault

    assert ending(call, stage, [], "usage") == (1, f"error: {says}\n")


def test_an_interruption_exits_as_shells_expect(ending):
    def stage():
        raise KeyboardInterrupt

    status, said = ending(call, stage, [], "usage")
    assert status == 130
    assert said == "interrupted: `dvc repro` goes on from the last finished stage or epoch\n"
    assert ending(call, stage, [], "usage", "call again") == (130, "interrupted: call again\n")


def test_a_reader_that_leaves_is_no_fault(project):
    code = "from stages.__main__ import call; call(lambda: print('line\\n' * 100_000), [], 'usage')"
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -c "{code}" | head -1; exit ${{PIPESTATUS[0]}}'],
        cwd=project,
        check=False,
        text=True,
        capture_output=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (141, "line\n", "")


@pytest.mark.parametrize("bug", [TypeError, KeyError, ZeroDivisionError])
def test_a_bug_keeps_its_traceback(bug):
    def stage(name):
        raise bug(name)

    with pytest.raises(bug, match="umbrella"):
        call(stage, ["umbrella"], "usage")


@pytest.mark.parametrize("writable", [True, False])
def test_a_stage_that_ends_well_tells_its_time_and_memory(writable, monkeypatch, capsys):
    if not writable:
        Path(".checkpoints").write_text("a file in the way")
    trees_and_probes = "lightgbm: {classifiers: {}}, linear: {classifiers: {}}"
    Path("params.yaml").write_text(
        f"{{digits: {{priors: {{}}}}, semi: {{variants: {{}}}}, cnn: {{label: CNN}}, {trees_and_probes}}}"
    )
    monkeypatch.setattr(command_line, "keep_memory", lambda: None)  # of this process
    monkeypatch.setattr(sys, "argv", ["stages", "list_variants"])
    main()
    assert Path("data/variants/classifiers.json").is_file()
    assert re.fullmatch(r"list_variants took \d+\.\d s and at most [\d,]+ MB of memory\n", capsys.readouterr().out)
    if writable:
        noted = json.loads(Path(".checkpoints/times/list_variants.json").read_text())
        assert 0 < noted["seconds"] < 60
        assert 10 < noted["megabytes"] < 100_000


def test_trainings_load_no_sentences_because_their_checkpoints_hold_for_all_they_load(project):
    trainings = "stages.__main__, stages.train_cnn, stages.train_digits, stages.train_faces, stages.train_semi"
    loaded = python(project, "-c", f"import sys, {trainings}; print(*sys.modules)").stdout.split()
    assert "stages.learning.checkpoints" in loaded
    assert not {"stages.base.sentences", "stages.base.problems"} & set(loaded)
