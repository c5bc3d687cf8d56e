// What a depth means to the lens, and the depth under a pointer; pure functions.

import { CONSTANTS } from './constants.js';

// The signed circle of confusion at a depth, for an aperture of 1: 0 in the focus range, positive
// nearer. The same as `defocus` in `defocus.glsl`.
export function defocus({ focus, focus_range }, depth) {
  const away = depth - focus;
  return Math.sign(away) * Math.max(Math.abs(away) - focus_range / 2, 0);
}

// The largest circle of confusion that any depth has.
export function largestDefocus(lens) {
  return Math.max(Math.abs(defocus(lens, 0)), Math.abs(defocus(lens, 1)));
}

// Radius in pixels of the circle at a defocus of 1; `diagonal`: of the whole image, in pixels.
export function circleScale({ f_stop }, diagonal) {
  return (CONSTANTS.APERTURE_AT_F1 / f_stop) * diagonal;
}

// The median depth of a small disc around fractions (x, y) of the image; `maps` has four uint16 a
// pixel, of which the first is the depth.
export function depthAt({ maps, width, height }, x, y) {
  const radius = Math.max(1, Math.round(CONSTANTS.DISC * Math.hypot(width, height)));
  const [column, row] = [Math.floor(x * width), Math.floor(y * height)];
  const depths = [];
  for (let v = -radius; v <= radius; v++) {
    for (let u = -radius; u <= radius; u++) {
      const [i, j] = [column + u, row + v];
      const inside = i >= 0 && j >= 0 && i < width && j < height;
      if (inside && u * u + v * v <= radius * radius) depths.push(maps[4 * (j * width + i)]);
    }
  }
  return depths.sort((a, b) => a - b)[depths.length >> 1] / 65535;
}
