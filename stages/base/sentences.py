"""Each fault of the user's world in one sentence, with what to do about it.

Trainings raise faults without importing this, so that a reworded sentence reruns none of them.
"""

import errno
from collections.abc import Sequence

from stages.base.errors import StageError
from stages.base.problems import problems

SENTENCES = {
    "NoParams": "{} cannot be read ({}): work in the project's folder, or restore the file with git",
    "DamagedFile": "{} is damaged ({}): delete it and run `dvc repro`",
    "IrregularFile": "{} is no regular file: delete it and run `dvc repro`, or put the right file in its place",
    "EmptySplit": "the data have no images of split {}, only of {}: see sections data and faces of params.yaml",
    "TooFewImages": "of {} training images no batch of {} can be made: lower batch_size in params.yaml",
    "NoComponentPerClass": "params.yaml: {}: labels need a prior of {} components, this one has {}",
    "UnevenLabels": "params.yaml: {}: labelled is {}, which leaves a class without labelled or unlabelled images",
    "UnevenClasses": "params.yaml: {}: labels is {}: of {} classes, of which the rarest has {} training images, "
    "give as many of each, all or 0",
    "TooFewClasses": "params.yaml: {}: classes is {}: {} digits need that many with labels, and at least as many "
    "without",
    "LabelledOverclustering": "params.yaml: {}: overclustering is {}: with labels it has to be 1",
    "SideNotHalvable": "params.yaml: {}: images of {} pixels cannot be halved once per entry of encoder and of "
    "refiner: make faces.image_size a multiple of {}",
    "TooFewFaces": "params.yaml: {}: a code of {} dimensions needs as many training images, there are {}: lower "
    "prior.dim",
    "PersonTooLarge": "params.yaml: identity.person is {}: of a code of {} dimensions at least two are the scene's",
    "NoPairs": "of the people of split {} nobody has two images, so that people cannot be told apart: give "
    "people several pictures, or change faces.validation and faces.held_out in params.yaml",
    "MissingDevice": "compute.device is {}, which this machine lacks: set it to auto in params.yaml",
    "NotFiniteMetric": "{}: {} is {}, not a finite number: lower the learning rate and run `dvc repro`",
    "NotFinite": "{}: the {} is {} at step {}: lower the learning rate or set compute.precision to float32, and "
    "run `dvc repro`; nothing of this epoch was saved",
}


def sentence(error: StageError) -> str:
    """What is wrong and what to do."""
    name = type(error).__name__
    if name == "WrongParams":
        key, kind, value = error.args
        return list_problems(problems(value, kind, key))
    if name not in SENTENCES:
        return str(error)
    return " ".join(SENTENCES[name].format(*error.args).split())  # the reason that a library gives may have many lines


def list_problems(found: Sequence[str]) -> str:
    """The problems of params.yaml, a line each."""
    return "params.yaml: " + "\n  ".join([f"{len(found)} problems", *found] if len(found) > 1 else found)


def explain(error: OSError) -> str:
    """One sentence for a fault of the file system, with the remedy."""
    where = error.filename or "the output folder"
    if error.errno == errno.ENOSPC:
        return f"no space left on the disk while writing {where}: free some space and run `dvc repro` again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission to write or read {where}: change its permissions and run `dvc repro` again"
    if error.errno == errno.ENOENT:
        return f"{where} does not exist: `dvc repro` makes it, or `dvc pull` where a remote is set up"
    return f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
