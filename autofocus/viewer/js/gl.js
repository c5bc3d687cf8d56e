// Small steps of WebGL 2 that say what went wrong.

function compile(gl, kind, source) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getShaderInfoLog(shader));
  }
  return shader;
}

export function makeProgram(gl, vertex, fragment) {
  const program = gl.createProgram();
  gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, vertex));
  gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, fragment));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getProgramInfoLog(program));
  }
  const places = new Map();
  const at = (name) => {
    if (!places.has(name)) places.set(name, gl.getUniformLocation(program, name));
    return places.get(name);
  };
  return { program, at };
}

// A shader's source with a name defined, right after its first line, which says the version.
export function define(name, source) {
  return source.replace('\n', `\n#define ${name}\n`);
}

export function makeTexture(gl, filter) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const side of ['MIN', 'MAG']) {
    gl.texParameteri(gl.TEXTURE_2D, gl[`TEXTURE_${side}_FILTER`], filter);
  }
  for (const axis of ['S', 'T']) {
    gl.texParameteri(gl.TEXTURE_2D, gl[`TEXTURE_WRAP_${axis}`], gl.CLAMP_TO_EDGE);
  }
  return texture;
}

export function imageTexture(gl, image) {
  const texture = makeTexture(gl, gl.LINEAR);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.SRGB8_ALPHA8, gl.RGBA, gl.UNSIGNED_BYTE, image);
  return texture;
}

// One byte a pixel, read as 0..1.
export function byteTexture(gl, width, height, bytes) {
  const texture = makeTexture(gl, gl.LINEAR);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, width, height, 0, gl.RED, gl.UNSIGNED_BYTE, bytes);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
  return texture;
}

// 256 colours, far to near, as hexadecimal digits.
export function paletteTexture(gl, digits) {
  const texture = makeTexture(gl, gl.NEAREST);
  const bytes = Uint8Array.from(digits.match(/../g), (pair) => Number.parseInt(pair, 16));
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB8, 256, 1, 0, gl.RGB, gl.UNSIGNED_BYTE, bytes);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
  return texture;
}

export function mapsTexture(gl, width, height, values) {
  const texture = makeTexture(gl, gl.NEAREST);
  const [format, kind] = [gl.RGBA_INTEGER, gl.UNSIGNED_SHORT];
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA16UI, width, height, 0, format, kind, values);
  return texture;
}

export function makeTarget(gl, width, height, precise) {
  const smooth = precise ? gl.getExtension('OES_texture_float_linear') : true;
  const texture = makeTexture(gl, smooth ? gl.LINEAR : gl.NEAREST);
  gl.texStorage2D(gl.TEXTURE_2D, 1, precise ? gl.RGBA32F : gl.RGBA16F, width, height);
  const frame = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  return { texture, frame, width, height };
}

// Numbers, and arrays of two or four of them.
export function setUniforms(gl, made, floats, integers) {
  for (const [name, value] of Object.entries(floats)) {
    const numbers = [value].flat();
    gl[`uniform${numbers.length}f`](made.at(name), ...numbers);
  }
  for (const [name, value] of Object.entries(integers)) gl.uniform1i(made.at(name), value);
}

export function bindTextures(gl, made, textures) {
  Object.entries(textures).forEach(([name, texture], unit) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform1i(made.at(name), unit);
  });
}
