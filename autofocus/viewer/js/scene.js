// Fetches a photo's files, once for each photo, and those of its tiles.

import { unpackMaps } from './maps.js';

async function fetchFile(file) {
  const response = await fetch(file.url);
  if (!response.ok) throw new Error(`the photo's files could not be loaded (${response.status})`);
  return response;
}

async function fetchBuffer(file) {
  return (await fetchFile(file)).arrayBuffer();
}

async function fetchImage(file) {
  const options = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };
  return createImageBitmap(await (await fetchFile(file)).blob(), options);
}

// Images and maps of a photo, or of a tile of it. `frame` is the part of the image that they show
// (left, top, right, bottom in shares), `box` the part of that with all that its blur needs, and
// `painted` a correction (see `Correction`) that comes with the photo, or null. Without layers the photo
// is both.
export async function fetchScene(value) {
  const [photo, front, hidden, maps, painted] = await Promise.all([
    fetchImage(value.photo),
    value.front ? fetchImage(value.front) : null,
    value.hidden ? fetchImage(value.hidden) : null,
    fetchBuffer(value.maps),
    value.correction ? fetchBuffer(value.correction) : null,
  ]);
  const whole = [0, 0, 1, 1];
  return {
    photo,
    front: front ?? photo,
    hidden: hidden ?? photo,
    maps: await unpackMaps(maps, photo.width, photo.height),
    painted: painted && new Uint8Array(painted),
    width: photo.width,
    height: photo.height,
    diagonal: value.diagonal,
    frame: value.frame ?? whole,
    box: value.box ?? whole,
  };
}
