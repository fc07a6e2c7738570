"""Faults of the user's world."""


class StageError(Exception):
    """A fault of the user's world that its message explains: what is wrong and what to do.

    Where trainings depend on a module, its faults are subclasses that bring only their facts as arguments;
    `stages/base/sentences.py` has the sentence of each by its name, so that a reworded one reruns no stage.
    """
