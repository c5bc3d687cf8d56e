// The lens on the GPU: few samples while a hand moves it, many once it rests.

const ENOUGH = 256;       // samples of a finished picture
const SLOW = 30;          // milliseconds: while dragging, a slower frame makes the next ones coarser
const SHRINKS = [1, 2, 3];  // by which the picture may be smaller while dragging
const RESTING = 150;      // milliseconds after the hand has stopped
const SAMPLES = [4, 24];  // in one frame
const GOAL = 60;          // milliseconds that a frame at rest may take: a hand may come any time
const THINNEST = 1 / 16;  // share of the picture's rows that a frame at rest draws at least

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
    this.frameTime = Infinity; // not known yet: slow, until a frame was quick
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
    this.targets = SHRINKS.map((shrink) => {
      const size = [scene.width, scene.height].map((side) => Math.ceil(side / shrink));
      return { ...makeTarget(gl, ...size, this.precise), shrink };
    });
    this.begin(0);
  }

  // An empty picture; `level`: which of the targets it is made in.
  begin(level) {
    if (this.target !== this.targets[level]) this.batch = SAMPLES[0];
    [this.level, this.target] = [level, this.targets[level]];
    [this.taken, this.row, this.share] = [0, 0, 1];
  }

  unload() {
    const { gl } = this;
    for (const texture of Object.values(this.textures ?? {})) gl.deleteTexture(texture);
    for (const target of this.targets ?? []) {
      gl.deleteTexture(target.texture);
      gl.deleteFramebuffer(target.frame);
    }
    this.textures = this.targets = this.target = undefined;
  }

  scale(state) {
    return state.aperture * Math.hypot(this.scene.width, this.scene.height);
  }

  // Begins a picture; the ranges follow the largest circle.
  restart(state, moving) {
    const { gl, cells } = this;
    const coarser = this.level + (this.frameTime > SLOW ? 1 : 0);
    this.begin(moving ? Math.min(coarser, SHRINKS.length - 1) : 0);
    const largest = this.scale(state) * Math.max(state.focus, 1 - state.focus);
    gl.bindTexture(gl.TEXTURE_2D, this.textures.bounds);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG32F, cells.columns, cells.rows, 0, gl.RG, gl.FLOAT,
      reachingRanges(cells, largest + 1));
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target.frame);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }

  // Some samples of some rows.
  sample(state) {
    const { gl, target, sampling, textures } = this;
    const { front, hidden, maps, bounds } = textures;
    gl.useProgram(sampling.program);
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
    gl.viewport(0, 0, target.width, target.height);
    bindTextures(gl, sampling, { front, hidden, maps, bounds });
    setUniforms(gl, sampling, {
      focus: state.focus, scale: this.scale(state), highlights: state.highlights,
      rotation: state.rotation * Math.PI / 180, cell: CELL, shrink: target.shrink,
    }, { blades: state.blades, first: this.taken, count: this.batch });
    const rows = Math.min(Math.ceil(target.height * this.share), target.height - this.row);
    gl.scissor(0, this.row, target.width, rows);
    for (const what of [gl.BLEND, gl.SCISSOR_TEST]) gl.enable(what);
    gl.blendFunc(gl.ONE, gl.ONE);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    for (const what of [gl.BLEND, gl.SCISSOR_TEST]) gl.disable(what);
    this.drawn = rows / target.height;
    this.row += rows;
    if (this.row < target.height) return;
    this.row = 0;
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

  // One frame, shown when all rows have the same samples, or when `asked`.
  frame(state, dragging, asked) {
    const before = performance.now();
    if (!this.finished) this.sample(state);
    this.wait();
    if (asked || this.row === 0) this.show(state, dragging);
    this.frameTime = performance.now() - before;
    this.adapt(dragging);
  }

  // Reading a pixel waits for the GPU, so that the time of a frame is its time too.
  wait() {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target.frame);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.FLOAT, new Float32Array(4));
  }

  // As many samples as fit into the time of a frame; where too few do, not all rows at once. Some
  // rows take much longer than others, so that a quick frame is followed by one of twice its work.
  adapt(dragging) {
    const goal = dragging ? SLOW : GOAL;
    const fitting = this.batch * this.drawn * Math.min(goal / Math.max(this.frameTime, 1), 2);
    const whole = this.drawn === 1;
    this.batch = whole ? Math.min(Math.max(Math.floor(fitting), SAMPLES[0]), SAMPLES[1]) : SAMPLES[0];
    this.share = dragging ? 1 : Math.min(Math.max(fitting / this.batch, THINNEST), 1);
  }

  get finished() {
    return this.taken >= ENOUGH;
  }
}
