"""HDR to SDR: PQ (SMPTE ST 2084) and HLG (ARIB STD-B67), as ITU-R BT.2100 has them.

White of an SDR photo is 203 cd/m² (ITU-R BT.2408). What is darker keeps its brightness as long as
the image has nothing brighter; else highlights are rolled off by the curve of ITU-R BT.2390
(section 5.4.1), from the image's own brightest pixels to white. The curve is applied to the
largest channel and scales all three alike, so hues stay. Colours beyond sRGB are clipped.
"""

import numpy as np

PQ, HLG = 16, 18
HDR = frozenset({PQ, HLG})
SDR_WHITE, PQ_PEAK, HLG_PEAK = 203.0, 10_000.0, 1000.0  # cd/m²
BRIGHTEST = 99.9  # percentile of the largest channel that is taken for the image's peak
# Luminance of BT.2020's primaries, which HLG's system gamma works on.
LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)
HLG_GAMMA = 1.2
HLG_A = 0.17883277
HLG_B, HLG_C = 1 - 4 * HLG_A, 0.5 - HLG_A * np.log(4 * HLG_A)
M1, M2, C1, C2, C3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
SRGB_PRIMARIES = ((0.640, 0.330, 0.300, 0.600, 0.150, 0.060), (0.3127, 0.3290))
ROWS = 256  # at a time, so that a large photo needs little memory


def hdr_to_srgb(values: np.ndarray, space: tuple[tuple, tuple], transfer: int) -> np.ndarray:
    """Tone-map H×W×3 in [0, 1] → H×W×3 float32 sRGB in [0, 1].

    `space` is the x, y of red, green, blue, and of white; `transfer` is `PQ` or `HLG`.
    """
    decode = pq_to_light if transfer == PQ else hlg_to_light
    sample = decode(values[:: max(1, len(values) // 512), :: max(1, values.shape[1] // 512)])
    peak = float(np.percentile(sample.max(axis=2), BRIGHTEST))
    matrix = rgb_to_rgb(space, SRGB_PRIMARIES)
    result = np.empty(values.shape, np.float32)
    for row in range(0, len(values), ROWS):
        light = decode(values[row : row + ROWS])
        light *= roll_off(light.max(axis=2, keepdims=True), peak) / SDR_WHITE
        result[row : row + ROWS] = linear_to_srgb(np.clip(light @ matrix.T, 0, 1))
    return result


def pq_to_light(values: np.ndarray) -> np.ndarray:
    """PQ in [0, 1] → cd/m² up to 10,000, float32."""
    root = np.clip(values, 0, 1).astype(np.float32) ** (1 / M2)
    return PQ_PEAK * (np.maximum(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1)


def light_to_pq(light: np.ndarray) -> np.ndarray:
    """Light in cd/m² up to 10,000 → PQ in [0, 1]."""
    power = (np.maximum(light, 0) / PQ_PEAK) ** M1
    return ((C1 + C2 * power) / (1 + C3 * power)) ** M2


def hlg_to_light(values: np.ndarray) -> np.ndarray:
    """HLG in [0, 1] → cd/m² on a display of 1000, float32."""
    values = np.clip(values, 0, 1).astype(np.float32)
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - HLG_C) / HLG_A) + HLG_B) / 12)
    luminance = (scene @ LUMA)[..., None]
    return (HLG_PEAK * scene * np.maximum(luminance, 1e-9) ** (HLG_GAMMA - 1)).astype(np.float32)


def roll_off(light: np.ndarray, peak: float) -> np.ndarray:
    """The factor that BT.2390's curve scales light of so many cd/m² by; 1 where all is SDR."""
    if peak <= SDR_WHITE:
        return np.ones_like(light)
    top = light_to_pq(np.float32(peak))
    x = np.minimum(light_to_pq(light) / top, 1)
    white = light_to_pq(np.float32(SDR_WHITE)) / top
    knee = 1.5 * white - 0.5
    t = np.clip((x - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee
    spline += (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * white
    mapped = pq_to_light(np.where(x < knee, x, spline) * top)
    return mapped / np.maximum(light, 1e-6)


def rgb_to_rgb(source: tuple[tuple, tuple], target: tuple[tuple, tuple]) -> np.ndarray:
    """The matrix from one linear RGB to another of the same white."""
    return (np.linalg.inv(rgb_to_xyz(*target)) @ rgb_to_xyz(*source)).astype(np.float32)


def rgb_to_xyz(corners: tuple, white: tuple) -> np.ndarray:
    """The matrix from linear RGB to XYZ."""
    columns = np.array(
        [(x / y, 1, (1 - x - y) / y) for x, y in zip(*[iter(corners)] * 2, strict=True)]
    )
    x, y = white
    return columns.T * np.linalg.solve(columns.T, np.array([x / y, 1, (1 - x - y) / y]))


def linear_to_srgb(light: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] → sRGB in [0, 1]."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
