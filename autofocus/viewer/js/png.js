// An 8-bit grey PNG, which a canvas cannot write.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

const CRCS = Uint32Array.from({ length: 256 }, (_, start) => {
  let crc = start;
  for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRCS[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function word(number) {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255);
}

function chunk(kind, data) {
  const body = [...kind].map((letter) => letter.charCodeAt(0));
  const content = new Uint8Array(4 + data.length);
  content.set(body);
  content.set(data, 4);
  return [Uint8Array.from(word(data.length)), content, Uint8Array.from(word(crc32(content)))];
}

async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// `bytes`: one a pixel, row by row. Returns a Blob.
export async function greyPng(bytes, width, height) {
  const rows = new Uint8Array((width + 1) * height); // each begins with its filter: none
  for (let y = 0; y < height; y++) {
    rows.set(bytes.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  const header = [...word(width), ...word(height), 8, 0, 0, 0, 0];
  const chunks = [chunk('IHDR', header), chunk('IDAT', await deflate(rows)), chunk('IEND', [])];
  return new Blob([Uint8Array.from(SIGNATURE), ...chunks.flat()], { type: 'image/png' });
}
