"""What commands share about the DVC remote: whether it answers, and that what comes from it is checked."""

from threading import Thread

import requests
from dvc.repo import Repo

from stages.base.errors import StageError

PATIENCE = 60  # seconds until a remote that does not answer is given up


def remote_name(repo: Repo) -> str | None:
    """The name of the default remote, if there is one."""
    return repo.config["core"].get("remote")


def keeps_runs(repo: Repo) -> bool:
    """Whether there is a remote that earlier runs can be listed in, which plain HTTP cannot do."""
    name = remote_name(repo)
    return bool(name) and not repo.config["remote"].get(name, {}).get("url", "").startswith("http")


def reach(repo: Repo) -> None:
    """Wait until the remote answers, and have DVC check what it fetches there from now on.

    DVC itself takes a web server that is down for one without files, waits half an hour for a silent SSH server, and
    hands on what was damaged on a remote. Raises StageError.
    """
    name = remote_name(repo)
    faults: list[Exception | None] = []
    thread = Thread(target=lambda: faults.append(try_remote(repo, name)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if not faults or faults[0]:
        reason = " ".join(str(faults[0]).split()) if faults else f"no answer in {PATIENCE} s"
        url = repo.config["remote"].get(name, {}).get("url", "no URL")
        hint = ": call make remotes" if "to be installed" in reason else ""
        raise StageError(f"the remote {name} ({url}) cannot be used: {reason}{hint}; `dvc repro` does without it")
    if not repo.config["remote"][name].get("verify"):
        with repo.config.edit("local") as config:
            config["remote"].setdefault(name, {})["verify"] = True


def try_remote(repo: Repo, name: str) -> Exception | None:
    """Ask the remote for its top folder; gives what went wrong."""
    try:
        remote = repo.cloud.get_remote(name)
        if remote.fs.protocol in ("http", "https"):
            answer = requests.head(remote.path, timeout=PATIENCE)
            if answer.status_code >= 500:  # others, as a folder that is not listed, leave its files to be read
                answer.raise_for_status()
        else:
            remote.fs.exists(remote.path)
    except Exception as error:
        return error
    return None
