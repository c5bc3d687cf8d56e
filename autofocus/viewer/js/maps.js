// The maps as they are sent; pure functions.

// Of each pixel the depth, the depth of what it hides, how much of it the front layer covers (0-65535
// each), and the Subject view's mask. `packed`: what `viewer_data.pack_maps` wrote.
export async function unpackMaps(packed, width, height) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return joinMaps(new Uint8Array(await new Response(stream).arrayBuffer()), width, height);
}

function joinMaps(bytes, width, height) {
  const count = width * height;
  const [depth, deeper, lacking] = [0, 2, 4].map((plane) => (k) =>
    bytes[plane * count + k] | (bytes[(plane + 1) * count + k] << 8)
  );
  const maps = new Uint16Array(4 * count); // whatever is written here is modulo 2^16
  for (let k = 0; k < count; k++) {
    maps[4 * k] = depth(k) + (k % width ? maps[4 * k - 4] : 0);
    maps[4 * k + 1] = maps[4 * k] - deeper(k);
    maps[4 * k + 2] = ~lacking(k);
    maps[4 * k + 3] = bytes[6 * count + k];
  }
  return maps;
}
