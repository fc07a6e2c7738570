"""Faults of the user's world, as stages raise them.

A `StageError` brings its own sentence: what is wrong and what to do. Its subclasses, which all trainings share, bring
only their facts as arguments; `stages/__main__.py` has the sentence of each, so that a reworded one reruns no stage.
"""


class StageError(Exception):
    """A fault that its message explains to the user."""


class WrongParams(StageError):
    """(key, kind, the value there): params.yaml has no value of that kind at the dotted key."""


class NoParams(StageError):
    """(path, reason): there is no params.yaml, or no YAML in it."""


class DamagedFile(StageError):
    """(path, reason): a file that the pipeline made does not hold what it should."""


class IrregularFile(StageError):
    """(path): a folder, pipe or device in the place of a file."""


class EmptySplit(StageError):
    """(split, the names of those that have rows)."""


class TooFewImages(StageError):
    """(training images, batch_size)."""


class MissingDevice(StageError):
    """(name): the machine lacks the device that params.yaml asks for."""


class NotFinite(StageError):
    """(training, loss or measure, value, step)."""


class NotFiniteMetric(StageError):
    """(metrics file, name, value)."""
