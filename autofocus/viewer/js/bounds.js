// Which depths can reach a cell of the image: flat neighbourhoods need few steps of a ray.

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
