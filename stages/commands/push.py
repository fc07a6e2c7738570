"""Share all results: push them to the DVC remote, and those of earlier runs of stages with them.

`dvc push --run-cache` tells what earlier runs gave but brings only this commit's files; so another machine could take
over no run whose files are not all of this commit, and none of a training, whose curves lie in git. What `push: false`
in dvc.yaml marks is left out, and with it all runs that made it, or a file that dvc.yaml does not name any more: it may
have been private.
"""

from collections.abc import Iterator
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo

from stages.base.errors import StageError
from stages.commands._dvc import call
from stages.commands._remote import keeps_runs, reach, remote_name


def runs(repo: Repo) -> Iterator[tuple[str, str]]:
    """The earlier runs that may be shared, by their places in the run cache; a damaged note of one is left out."""
    public = {out.def_path for out in repo.index.outs if out.can_push}
    for path in Path(repo.stage_cache.cache_dir).glob("*/*/*"):
        key, value = path.parent.name, path.name
        run = repo.stage_cache._load_cache(key, value) or {}
        if (paths := {out["path"] for out in run.get("outs", ())}) and paths <= public:
            yield key, value


def main() -> None:
    repo = Repo()
    if remote_name(repo) is None:
        where = "a folder, or begins with ssh:// or s3://"
        raise StageError(f"no remote is set up: call `dvc remote add --default storage URL`, where URL is {where}")
    if not keeps_runs(repo):
        raise StageError("over HTTP a remote can only be read: push to the folder that the server shows")
    reach(repo)
    call("push", "--run-cache")
    try:
        with repo.lock:
            failed = [
                str(item)
                for items in repo.stage_cache.get_used_objs(runs(repo)).values()
                for item in repo.cloud.push(items).failed
            ]
    except DvcException as error:
        raise StageError(f"not all was pushed ({error}): what is there stays, so call again") from error
    if failed:
        raise StageError(f"{len(failed)} files of earlier runs were not pushed: call again")
