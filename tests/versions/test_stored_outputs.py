"""The bundled weights still give what they gave when they were bundled."""

import numpy as np
import pytest
from PIL import Image

from tests.versions.store_outputs import MAPS, SIZE, bundled_versions, outputs_of, stored_file

MOST = 0.02  # mean difference: bfloat16 is off by less, other weights by more
RENEW = "If the weights were replaced on purpose: python -m tests.versions.store_outputs"


def stored(version, name):
    file = stored_file(version, name)
    assert file.is_file(), RENEW
    return np.asarray(Image.open(file)) / 255


@pytest.mark.slow
@pytest.mark.parametrize("version", bundled_versions(), ids=lambda version: version.name)
def test_bundled_weights_give_their_stored_outputs(version):
    made = outputs_of(version)
    for name in MAPS:
        difference = np.abs(getattr(made, name) - stored(version, name)).mean()
        assert difference <= MOST, f"{name} is off by {difference:.3f}. {RENEW}"


@pytest.mark.parametrize("version", bundled_versions(), ids=lambda version: version.name)
def test_stored_outputs_would_show_a_map_that_is_wrong(version):
    for name in MAPS:
        values = stored(version, name)
        assert values.shape == SIZE
        for wrong in (values[::-1], values[:, ::-1], 1 - values, np.full(SIZE, values.mean())):
            assert np.abs(values - wrong).mean() > 2 * MOST
