// The lens on the GPU: few samples while a hand moves it, many once it rests.

const ENOUGH = 256;       // samples of a finished picture
const SLOW = 30;          // milliseconds: a slower frame is drawn at half size while dragging
const RESTING = 150;      // milliseconds after the hand has stopped
const SAMPLES = [4, 24];  // in one frame
const GOAL = 60;          // milliseconds that a frame at rest may take: a hand may come any time

class Lens {
  constructor(canvas, sources) {
    this.gl = canvas.getContext('webgl2', { alpha: false, antialias: false, preserveDrawingBuffer: true });
    if (!this.gl) throw new Error('no WebGL 2');
    if (!this.gl.getExtension('EXT_color_buffer_float')) throw new Error('no float targets');
    this.precise = Boolean(this.gl.getExtension('EXT_float_blend'));
    this.sampling = makeProgram(this.gl, sources.quad, sources.lens);
    this.viewing = makeProgram(this.gl, sources.quad, sources.view);
    this.palettes = Object.fromEntries(Object.entries(PALETTES)
      .map(([name, digits]) => [name, paletteTexture(this.gl, digits)]));
    this.batch = SAMPLES[0];
    this.taken = 0;
    this.frameTime = 0;
  }

  load(scene) {
    const { gl } = this;
    this.scene = scene;
    this.cells = cellRanges(scene.maps, scene.width, scene.height);
    this.textures = {
      photo: pictureTexture(gl, scene.photo),
      front: pictureTexture(gl, scene.front),
      hidden: pictureTexture(gl, scene.hidden),
      maps: mapsTexture(gl, scene.width, scene.height, scene.maps),
      bounds: makeTexture(gl, gl.NEAREST),
    };
    this.full = makeTarget(gl, scene.width, scene.height, this.precise);
    this.half = makeTarget(gl, Math.ceil(scene.width / 2), Math.ceil(scene.height / 2), this.precise);
    this.target = this.full;
    this.taken = 0;
  }

  unload() {
    const { gl } = this;
    for (const texture of Object.values(this.textures ?? {})) gl.deleteTexture(texture);
    for (const target of [this.full, this.half].filter(Boolean)) {
      gl.deleteTexture(target.texture);
      gl.deleteFramebuffer(target.frame);
    }
    this.textures = this.full = this.half = undefined;
  }

  scale(state) {
    return state.aperture * Math.hypot(this.scene.width, this.scene.height);
  }

  // Begins a picture; the ranges follow the largest circle.
  restart(state, moving) {
    const { gl, cells } = this;
    this.target = moving && this.frameTime > SLOW ? this.half : this.full;
    this.taken = 0;
    const largest = this.scale(state) * Math.max(state.focus, 1 - state.focus);
    gl.bindTexture(gl.TEXTURE_2D, this.textures.bounds);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG32F, cells.columns, cells.rows, 0, gl.RG, gl.FLOAT,
      reachingRanges(cells, largest + 1));
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target.frame);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }

  sample(state) {
    const { gl, target, sampling, textures } = this;
    const { front, hidden, maps, bounds } = textures;
    gl.useProgram(sampling.program);
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
    gl.viewport(0, 0, target.width, target.height);
    bindTextures(gl, sampling, { front, hidden, maps, bounds });
    setUniforms(gl, sampling, {
      focus: state.focus, scale: this.scale(state), highlights: state.highlights,
      rotation: state.rotation * Math.PI / 180, cell: CELL, shrink: target === this.half ? 2 : 1,
    }, { blades: state.blades, first: this.taken, count: this.batch });
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.disable(gl.BLEND);
    this.taken += this.batch;
  }

  show(state, dragging) {
    const { gl, viewing, textures, target } = this;
    gl.useProgram(viewing.program);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
    bindTextures(gl, viewing, {
      photo: textures.photo, light: target.texture, maps: textures.maps, palette: this.palettes[state.palette],
      bounds: textures.bounds,
    });
    setUniforms(gl, viewing, {
      size: [gl.canvas.width, gl.canvas.height], pan: state.pan, zoom: state.zoom,
      divide: state.compare ? state.divide : 0, focus: state.focus, scale: this.scale(state),
      peaking: state.peaking && dragging ? 1 : 0, cell: CELL,
    }, { view: state.view, other: state.other });
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // One frame; the time is the GPU's too, as reading a pixel waits for it.
  frame(state, dragging) {
    const before = performance.now();
    if (this.taken < ENOUGH) this.sample(state);
    this.show(state, dragging);
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
    this.frameTime = performance.now() - before;
    this.adapt(dragging ? SLOW : GOAL);
  }

  adapt(goal) {
    const fitting = Math.floor(this.batch * goal / Math.max(this.frameTime, 1));
    this.batch = Math.min(Math.max(fitting, SAMPLES[0]), SAMPLES[1]);
  }

  get finished() {
    return this.taken >= ENOUGH;
  }
}
