// The shape of the aperture, for the shader; a pure function.

import { CONSTANTS } from './constants.js';

// The corners of a polygon on the unit circle, x and y (up) in turns, the first again at the end; fewer
// than three blades are a disc, which is a polygon of many sides. `rotation` is in degrees.
export function polygon({ blades, rotation }) {
  const sides = blades < 3 ? CONSTANTS.ROUND : blades;
  const corners = new Float32Array(2 * (sides + 1));
  for (let k = 0; k <= sides; k++) {
    const angle = (rotation * Math.PI) / 180 + (2 * Math.PI * (k % sides)) / sides;
    corners.set([Math.cos(angle), Math.sin(angle)], 2 * k);
  }
  return { sides, corners };
}
