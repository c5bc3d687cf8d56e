"""How close two pictures are: PSNR and SSIM of H×W×3 sRGB float32 in [0, 1]."""

import cv2
import numpy as np

SSIM_WINDOW = 7  # uniform, as in scikit-image; K1 = 0.01, K2 = 0.03
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
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
    mean_x, mean_y = local_mean(x), local_mean(y)
    unbiased = SSIM_WINDOW**2 / (SSIM_WINDOW**2 - 1)
    var_x = (local_mean(x * x) - mean_x**2) * unbiased
    var_y = (local_mean(y * y) - mean_y**2) * unbiased
    covariance = (local_mean(x * y) - mean_x * mean_y) * unbiased
    likeness = (2 * mean_x * mean_y + SSIM_C1) * (2 * covariance + SSIM_C2)
    likeness /= (mean_x**2 + mean_y**2 + SSIM_C1) * (var_x + var_y + SSIM_C2)
    border = min(SSIM_WINDOW // 2, (min(x.shape[:2]) - 1) // 2)
    inner = slice(border, -border or None)
    return float(likeness[inner, inner].mean())


def local_mean(values: np.ndarray) -> np.ndarray:
    """The mean of the window around each pixel."""
    return cv2.blur(values, (SSIM_WINDOW, SSIM_WINDOW))
