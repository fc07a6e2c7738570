"""What encoder and decoder can learn from beside the squared error and the adversarial game."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

STEP = 5.0  # norm of the first guess of a direction, in which predictions are compared to find a better one
BANDS = 4  # of the pyramid
WIDTHS = (0.01, 0.03, 0.1)  # of the kernels, in times the mean squared distance of two samples of a standard Gaussian


def virtual_adversarial_loss(
    classify: Callable[[Tensor], Tensor], images: Tensor, logits: Tensor, radius: float, generator: torch.Generator
) -> Tensor:
    """How much predictions change where images (N, ...) move by `radius` in the direction that changes them most.

    The mean Kullback-Leibler divergence from the prediction `logits` (N, K), which counts as given, to that at the
    moved image; the direction is found by one step of power iteration (Miyato et al. 2018, Virtual Adversarial
    Training, section 3.3). `radius` is a Euclidean norm of images in [0, 1].
    """
    target = logits.detach().softmax(1)
    start = STEP * unit(torch.randn(images.shape, generator=generator, device=images.device))
    start.requires_grad_()
    (gradient,) = torch.autograd.grad(divergence(target, classify(images + start)), start)
    return divergence(target, classify(images + radius * unit(gradient)))


def divergence(target: Tensor, logits: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence, in nats, from probabilities (N, K) to those of logits (N, K)."""
    return F.kl_div(logits.float().log_softmax(1), target, reduction="batchmean")


def unit(directions: Tensor) -> Tensor:
    """Directions (N, ...) with a Euclidean norm of 1 each."""
    return F.normalize(directions.flatten(1).float(), dim=1).view_as(directions)


def uncertainty(logits: Tensor) -> Tensor:
    """Mean entropy, in nats, of the predictions of logits (N, K): 0 where each is certain.

    That of probabilities has no finite gradient where one of them is 0.
    """
    logs = logits.float().log_softmax(1)
    return -(logs.exp() * logs).sum(1).mean()


def imbalance(probabilities: Tensor) -> Tensor:
    """Divergence, in nats, of the mean prediction of (N, K) from an even share of each class: 0 where they are even.

    With `uncertainty` it makes the mutual information of image and class (Hu et al. 2017, Learning Discrete
    Representations via Information Maximizing Self-Augmented Training, section 3.1).
    """
    share = probabilities.mean(0)
    return (share * (share * len(share)).clamp_min(1e-8).log()).sum()


def joint_mmd(styles: Tensor, samples: Tensor, probabilities: Tensor) -> Tensor:
    """Squared distance of styles (N, d) from as many samples of their prior, within each class of (N, K) alike.

    The maximum mean discrepancy of pairs of class and style from pairs that are independent, without the bias of
    pairs of one image with itself; the kernel is the classes' inner product times a sum of inverse multiquadrics of the
    styles (Tolstikhin et al. 2017, Wasserstein Auto-Encoders, section 3). Narrow ones see the gaps that a class leaves.
    """
    same_class = probabilities @ probabilities.T  # (N, N)
    others = same_class - torch.diag_embed(same_class.diagonal())
    within = (others * (kernel(styles, styles) + kernel(samples, samples))).sum() / others.sum()
    return within - 2 * (same_class * kernel(styles, samples)).sum() / same_class.sum()


def kernel(a: Tensor, b: Tensor) -> Tensor:
    """Inverse multiquadric kernels (N, M) of rows (N, d) and (M, d), summed over `WIDTHS`."""
    squared = (a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T).clamp_min(0)
    scale = 2 * a.shape[1]
    return sum(scale * width / (scale * width + squared) for width in WIDTHS)


def pyramid_error(reconstructions: Tensor, images: Tensor) -> Tensor:
    """Mean absolute difference of images (N, C, H, W) in each band of a Laplacian pyramid, summed.

    It weighs edges, which are small in squared pixels, like large areas (Bojanowski et al. 2018, Optimizing the Latent
    Space of Generative Networks, section 3).
    """
    error, difference = reconstructions.new_zeros(()), reconstructions - images  # a pyramid is linear
    for _ in range(BANDS - 1):
        coarse = F.avg_pool2d(difference, 2)
        error = error + (difference - F.interpolate(coarse, scale_factor=2)).abs().mean()
        difference = coarse
    return error + difference.abs().mean()
