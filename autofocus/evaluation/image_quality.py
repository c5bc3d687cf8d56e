"""How close two images are: PSNR and SSIM of H×W×3 sRGB float32 in [0, 1]."""

import numpy as np
from skimage.metrics import mean_squared_error, structural_similarity

NO_ERROR_DB = 100.0


def psnr(image: np.ndarray, truth: np.ndarray, where: np.ndarray | None = None) -> float:
    """Peak signal to noise in dB, at most 100, over an H×W mask; NaN where that is empty."""
    if where is not None:
        image, truth = image[where], truth[where]
    if image.size == 0:
        return float("nan")
    error = mean_squared_error(image, truth)
    return min(float(-10 * np.log10(max(error, 1e-12))), NO_ERROR_DB)


def ssim(image: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004), mean over pixels and channels; 1 is equal."""
    return float(structural_similarity(image, truth, channel_axis=2, data_range=1.0))
