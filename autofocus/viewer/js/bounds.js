// Which depths can reach a cell of the image: flat neighbourhoods need few steps of a ray.

import { CONSTANTS } from './constants.js';

export const CELL = 16; // pixels of a cell's side

// Nearest and farthest depth of each cell; `maps` has four uint16 a pixel.
export function cellRanges(maps, width, height) {
  const columns = Math.ceil(width / CELL);
  const rows = Math.ceil(height / CELL);
  const near = new Float32Array(columns * rows);
  const far = new Float32Array(columns * rows).fill(1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = Math.floor(y / CELL) * columns + Math.floor(x / CELL);
      const at = 4 * (y * width + x);
      near[cell] = Math.max(near[cell], maps[at] / 65535, maps[at + 1] / 65535);
      far[cell] = Math.min(far[cell], maps[at] / 65535, maps[at + 1] / 65535);
    }
  }
  return { columns, rows, near, far };
}

// The same over all cells within `reach` cells; `pick` is Math.max or Math.min.
export function widen(values, { columns, rows }, reach, pick) {
  const pass = (source, count, stride, other, jump) => {
    const result = new Float32Array(source.length);
    for (let j = 0; j < other; j++) {
      for (let i = 0; i < count; i++) {
        let best = source[j * jump + i * stride];
        const end = Math.min(count - 1, i + reach);
        for (let k = Math.max(0, i - reach); k <= end; k++) {
          best = pick(best, source[j * jump + k * stride]);
        }
        result[j * jump + i * stride] = best;
      }
    }
    return result;
  };
  return pass(pass(values, columns, 1, rows, columns), rows, columns, columns, 1);
}

// Interleaved near and far of what lies within so many pixels, for an RG32F texture.
export function reachingRanges(cells, pixels) {
  const reach = Math.ceil(pixels / CELL);
  const near = widen(cells.near, cells, reach, Math.max);
  const far = widen(cells.far, cells, reach, Math.min);
  const both = new Float32Array(2 * near.length);
  near.forEach((value, i) => {
    both[2 * i] = value;
    both[2 * i + 1] = far[i];
  });
  return both;
}

// The strongest correction to either side in each cell, 0..1. `correction` has bytes of the whole
// image (UNTOUCHED where nothing is painted), `scene` shows a `frame` of it.
export function cellCorrections({ bytes, width, height }, { columns, rows }, scene) {
  const [left, top, right, bottom] = scene.frame;
  const sharp = new Float32Array(columns * rows);
  const blurred = new Float32Array(columns * rows);
  const cellOf = (value, size, low, high, side, count) => {
    const cell = Math.floor((((value / size - low) / (high - low)) * side) / CELL);
    return Math.min(Math.max(cell, 0), count - 1);
  };
  bytes.forEach((byte, at) => {
    if (byte === CONSTANTS.UNTOUCHED) return;
    const [x, y] = [at % width, Math.floor(at / width)];
    const strength = Math.min(
      Math.abs(byte - CONSTANTS.UNTOUCHED) / (255 - CONSTANTS.UNTOUCHED),
      1,
    );
    const side = byte > CONSTANTS.UNTOUCHED ? sharp : blurred;
    for (const v of [y, y + 1]) {
      const row = cellOf(v, height, top, bottom, scene.height, rows);
      for (const u of [x, x + 1]) {
        const cell = row * columns + cellOf(u, width, left, right, scene.width, columns);
        side[cell] = Math.max(side[cell], strength);
      }
    }
  });
  return { sharp, blurred };
}

// The cells' ranges with all depths that corrections may give to what lies in them.
export function correctCells(cells, { sharp, blurred }, { focus, focus_range }, push) {
  const [low, high] = [focus - focus_range / 2, focus + focus_range / 2];
  const near = cells.near.map((value, k) => {
    const pulled = sharp[k] ? Math.max(value, low) : value;
    return blurred[k] && value > high ? pulled + push * blurred[k] : pulled;
  });
  const far = cells.far.map((value, k) => {
    const pulled = sharp[k] ? Math.min(value, high) : value;
    return blurred[k] ? Math.min(pulled, low) - push * blurred[k] : pulled;
  });
  return { ...cells, near, far };
}
