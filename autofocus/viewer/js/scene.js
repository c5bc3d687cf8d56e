// Fetches a photo's files, once for each photo.

async function fetched(file) {
  const response = await fetch(file.url);
  if (!response.ok) throw new Error(`the photo's files could not be had (${response.status})`);
  return response;
}

async function fetchPicture(file) {
  const options = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };
  return createImageBitmap(await (await fetched(file)).blob(), options);
}

async function fetchScene(value) {
  const [photo, front, hidden, maps] = await Promise.all([
    fetchPicture(value.photo), fetchPicture(value.front), fetchPicture(value.hidden),
    fetched(value.maps).then((response) => response.arrayBuffer()),
  ]);
  return { photo, front, hidden, maps: new Uint16Array(maps), width: photo.width, height: photo.height };
}

// The median depth of a small disc around shares (x, y) of the picture.
function depthAt({ maps, width, height }, x, y) {
  const reach = Math.max(2, Math.round(0.006 * Math.hypot(width, height)));
  const [column, row] = [Math.floor(x * width), Math.floor(y * height)];
  const found = [];
  for (let v = -reach; v <= reach; v++) for (let u = -reach; u <= reach; u++) {
    const [i, j] = [column + u, row + v];
    if (u * u + v * v <= reach * reach && i >= 0 && j >= 0 && i < width && j < height) {
      found.push(maps[4 * (j * width + i)]);
    }
  }
  return found.sort((a, b) => a - b)[found.length >> 1] / 65535;
}
