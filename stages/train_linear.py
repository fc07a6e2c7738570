"""A linear probe: multinomial logistic regression on features of CIFAR-10 images."""

from typing import Annotated

import numpy as np
from pydantic import Field
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from stages.base.params import Section, load
from stages.base.tables import Latents, Predictions

ITERATIONS = 1000  # of L-BFGS at most; 400 features need up to about 450


class LinearCommon(Section):
    """Section `linear.common`."""

    candidates: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]


def train_linear(name: str, data: Latents, candidates: list[float]) -> Predictions:
    """Fit the split `train` once per C in `candidates`; the C of least loss on `validation` predicts all rows.

    C weighs the summed log-likelihood against the L2 penalty: a small one restrains the weights. The loss is the mean
    negative log-likelihood. Each feature has zero mean and unit variance over the training rows. Labels are 0, 1, ...,
    each on some training rows.
    """
    train, validation = data.part("train"), data.part("validation")
    scaler = StandardScaler().fit(train.codes)
    best, least = None, np.inf
    rows = scaler.transform(train.codes)
    for c in tqdm(candidates, desc=name, unit="candidate"):
        model = LogisticRegression(C=c, max_iter=ITERATIONS).fit(rows, train.labels)
        loss = log_loss(validation.labels, model.predict_proba(scaler.transform(validation.codes)))
        if loss < least:
            best, least = model, loss
    return Predictions.of(data, best.predict_proba(scaler.transform(data.codes)))


def main(classifier: str) -> None:
    data = Latents.read(load(f"linear.classifiers.{classifier}.features", str))
    common = load("linear.common", LinearCommon)
    train_linear(classifier, data, common.candidates).write(f"data/predictions/{classifier}.npz")
