import numpy as np

from stages.aae.inference import encode
from stages.base.tables import Latents
from stages.export_faces import main
from stages.learning.weights import save_weights
from tests.conftest import blobs
from tests.networks import faces_aae


def test_faces_and_images_of_another_size_get_codes_of_one_encoder(faces):
    aae, objects = faces_aae(), blobs(30, (8, 8, 3), 3, {"train": 20, "validation": 5, "test": 5})
    save_weights(aae, "data/models/faces/toy.safetensors")
    faces.write("data/faces/faces.npz")
    objects.write("data/objects/cifar10.npz")
    main("toy")
    for data, folder in ((faces, "faces"), (objects, "cifar10")):
        latents = Latents.read(f"data/latents/{folder}/toy.npz")
        assert latents.codes.shape == (len(data), 6)
        assert np.array_equal(latents.codes, encode(aae, data.images))
        for name in ("labels", "split", "index"):
            assert np.array_equal(getattr(latents, name), getattr(data, name))
