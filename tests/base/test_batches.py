import pytest
import torch

from stages.base.batches import TooFewImages, batches, steps_per_epoch


def test_an_epoch_has_whole_batches_only_and_no_row_twice(generator):
    epoch = list(batches(23, 5, generator))
    assert [len(batch) for batch in epoch] == [5] * steps_per_epoch(23, 5)
    rows = torch.cat(epoch).tolist()
    assert len(set(rows)) == 20
    assert set(rows) < set(range(23))


def test_each_epoch_has_an_order_of_its_own_that_the_generator_draws(generator):
    first, second = (torch.cat(list(batches(100, 10, generator))) for _ in range(2))
    assert first.tolist() != second.tolist()
    again = torch.cat(list(batches(100, 10, torch.Generator().manual_seed(0))))
    assert again.tolist() == first.tolist()


def test_images_that_fill_no_batch_are_refused():
    assert steps_per_epoch(5, 5) == 1
    with pytest.raises(TooFewImages) as caught:
        steps_per_epoch(4, 5)
    assert caught.value.args == (4, 5)
