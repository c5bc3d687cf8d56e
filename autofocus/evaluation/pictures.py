"""How close two pictures are: PSNR and SSIM of H×W×3 sRGB float32 in [0, 1]."""

import numpy as np
from skimage.metrics import structural_similarity

NO_ERROR_DB = 100.0


def psnr(picture: np.ndarray, truth: np.ndarray, where: np.ndarray | None = None) -> float:
    """Peak signal to noise in dB over the pixels of an H×W mask; NaN where it is empty."""
    error = (picture.astype(np.float64) - truth) ** 2
    if where is not None:
        error = error[where]
    if error.size == 0:
        return float("nan")
    return float(min(-10 * np.log10(max(error.mean(), 1e-12)), NO_ERROR_DB))


def ssim(picture: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004), mean over pixels and channels, 1 is equal."""
    x, y = picture.astype(np.float64), truth.astype(np.float64)
    return float(structural_similarity(x, y, channel_axis=2, data_range=1.0))
