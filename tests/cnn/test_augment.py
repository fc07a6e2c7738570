import pytest
import torch

from stages.cnn.augment import VIEWS, draw_mirrored, shift, view


@pytest.fixture
def images(generator):
    return torch.randint(256, (50, 12, 10, 3), generator=generator, dtype=torch.uint8)


def constant(value, n: int = 50) -> torch.Tensor:
    return torch.full((n,), value)


def as_stored(planes: torch.Tensor) -> torch.Tensor:
    return planes.permute(0, 2, 3, 1)


def test_a_view_without_change_is_the_image(images):
    assert torch.equal(as_stored(view(images, constant(0), constant(0), constant(False))), images)


def test_a_mirrored_view_swaps_left_and_right(images):
    assert torch.equal(as_stored(view(images, constant(0), constant(0), constant(True))), images.flip(2))


def test_a_shift_moves_the_picture_and_reflects_at_the_border(images):
    moved = as_stored(view(images, constant(2), constant(-1), constant(False)))
    assert torch.equal(moved[:, 2:, :-1], images[:, :-2, 1:])
    assert torch.equal(moved[:, 0, :-1], images[:, 2, 1:])
    assert torch.equal(moved[:, 2:, -1], images[:, :-2, -2])


def test_a_mirrored_view_is_shifted_after_it_is_mirrored(images):
    moved = as_stored(view(images, constant(0), constant(3), constant(True)))
    assert torch.equal(moved[:, :, 3:], images.flip(2)[:, :, :-3])


def test_random_shifts_stay_within_two_pixels_and_use_all_of_them(generator):
    # one bright pixel in the middle tells where each image went
    images = torch.zeros(400, 9, 9, 1, dtype=torch.uint8)
    images[:, 4, 4] = 255
    planes = shift(images, 2, constant(False, 400), generator)
    assert planes.shape == (400, 1, 9, 9)
    assert planes.dtype == torch.uint8
    offsets = planes[:, 0].nonzero()[:, 1:] - 4
    assert len(offsets) == 400
    assert {tuple(offset) for offset in offsets.tolist()} == {(i, j) for i in range(-2, 3) for j in range(-2, 3)}


def test_about_half_of_the_images_are_mirrored_first(generator):
    assert 0.4 < draw_mirrored(2000, generator).float().mean() < 0.6


@pytest.mark.parametrize("name", VIEWS)
def test_the_views_of_a_prediction_weigh_one_together(name):
    assert sum(weight for *_, weight in VIEWS[name]) == 1
