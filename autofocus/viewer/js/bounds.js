// Which depths can reach a cell of the image, and which are in it: flat neighbourhoods need few steps
// of a ray, and where it is nearer than all that is in a cell, it meets nothing.

import { CONSTANTS } from './constants.js';

export const CELL = 8; // pixels of a cell's side

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

// The largest value within `reach` cells of each one.
export function largestAround(values, { columns, rows }, reach) {
  const across = slide(values, columns, 1, rows, columns, reach);
  return slide(across, rows, columns, columns, 1, reach);
}

// The same along lines of `count` values. A window is made of two of half its length; the last of
// two that overlap.
function slide(values, count, stride, lines, jump, reach) {
  const padded = count + 2 * reach;
  const result = new Float32Array(values.length);
  const ahead = new Float32Array(padded);
  for (let line = 0; line < lines; line++) {
    const start = line * jump;
    ahead.fill(-Infinity);
    for (let i = 0; i < count; i++) ahead[reach + i] = values[start + i * stride];
    let span = 1;
    for (; 2 * span <= 2 * reach + 1; span *= 2) {
      for (let i = 0; i + span < padded; i++) {
        const other = ahead[i + span];
        if (other > ahead[i]) ahead[i] = other;
      }
    }
    for (let i = 0; i < count; i++) {
      result[start + i * stride] = Math.max(ahead[i], ahead[i + 2 * reach + 1 - span]);
    }
  }
  return result;
}

// For an RGB32F texture: the nearest and the farthest depth that lie within so many pixels of a cell,
// and the nearest in it.
export function reachingRanges(cells, pixels) {
  const reach = Math.ceil(pixels / CELL);
  const near = largestAround(cells.near, cells, reach);
  const far = largestAround(cells.far.map((value) => -value), cells, reach);
  const ranges = new Float32Array(3 * near.length);
  for (let i = 0; i < near.length; i++) {
    ranges[3 * i] = near[i];
    ranges[3 * i + 1] = -far[i];
    ranges[3 * i + 2] = cells.near[i];
  }
  return ranges;
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
