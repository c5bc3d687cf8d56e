// The lens on the GPU: adds samples to an exposure, and shows one.

import { polygon } from './aperture.js';
import { CONSTANTS } from './constants.js';
import { Exposure } from './exposure.js';
import {
  bindTextures,
  byteTexture,
  define,
  makeProgram,
  paletteTexture,
  setUniforms,
} from './gl.js';
import { UNTOUCHED } from './correction.js';
import { spanOf } from './viewport.js';

export class Lens {
  constructor(canvas, { SHADERS, PALETTES } = CONSTANTS) {
    const options = { antialias: false, preserveDrawingBuffer: true };
    this.gl = canvas.getContext('webgl2', options);
    if (!this.gl) throw new Error('no WebGL 2');
    if (!this.gl.getExtension('EXT_color_buffer_float')) throw new Error('no float targets');
    this.precise = Boolean(this.gl.getExtension('EXT_float_blend'));
    Object.assign(this, { shaders: SHADERS, programs: new Map() });
    for (const names of [['lens'], ['view', 'REFOCUSED']]) this.program(...names);
    this.palettes = Object.fromEntries(
      Object.entries(PALETTES).map(([name, digits]) => [name, paletteTexture(this.gl, digits)]),
    );
    this.pace = 0; // see `Exposure`
    this.setCorrection(null);
  }

  // What is painted, or nothing; see `Correction`.
  setCorrection(correction) {
    this.gl.deleteTexture(this.correction);
    this.isCorrected = Boolean(correction);
    const { width, height, bytes } = correction ??
      { width: 1, height: 1, bytes: Uint8Array.of(UNTOUCHED) };
    this.correctionSize = [width, height];
    this.correction = byteTexture(this.gl, width, height, bytes);
  }

  // A shader's program, compiled with these names defined.
  program(shader, ...names) {
    const key = [shader, ...names].join(' ');
    if (!this.programs.has(key)) {
      const source = names.reduce((text, name) => define(name, text), this.shaders[shader]);
      this.programs.set(key, makeProgram(this.gl, this.shaders.quad, source));
    }
    return this.programs.get(key);
  }

  get corrects() {
    return this.isCorrected ? ['CORRECTED'] : [];
  }

  // Whether the correction has as many pixels as the scene.
  isAsFine({ width, height }) {
    const [columns, rows] = this.correctionSize;
    return Number(columns === width && rows === height);
  }

  open(scene) {
    return new Exposure(this.gl, scene, this.precise, this.pace);
  }

  // One frame: `exposure` gets samples, and `shown` (the same, or another meanwhile) is drawn when
  // all rows have the same samples, or when `asked`.
  frame(exposure, shown, state, dragging, asked) {
    const before = performance.now();
    const refines = !exposure.finished;
    if (refines) this.sample(exposure, state);
    this.wait(exposure);
    if (asked || exposure.row === 0) this.show(shown, state, dragging);
    if (!refines) return;
    exposure.adapt(performance.now() - before, dragging);
    this.pace = exposure.pace;
  }

  // Some samples of some rows.
  sample(exposure, state) {
    const { gl } = this, sampling = this.program('lens', ...this.corrects);
    const { target, rows } = exposure;
    const { front, hidden, maps, bounds } = exposure.textures;
    gl.useProgram(sampling.program);
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
    gl.viewport(0, 0, target.width, target.height);
    bindTextures(gl, sampling, { front, hidden, maps, bounds, correction: this.correction });
    const { highlights, cats_eye, spherical } = state;
    const { sides, corners } = polygon(state);
    const floats = { highlights, cats_eye, spherical, shrink: target.shrink };
    Object.assign(floats, exposure.uniforms(state), exposure.middle());
    const integers = { sides, first: exposure.taken, count: exposure.batch };
    integers.is_as_fine = this.isAsFine(exposure.scene);
    setUniforms(gl, sampling, floats, integers);
    gl.uniform2fv(sampling.at('corners'), corners);
    gl.scissor(0, exposure.row, target.width, rows);
    for (const what of [gl.BLEND, gl.SCISSOR_TEST]) gl.enable(what);
    gl.blendFunc(gl.ONE, gl.ONE);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    for (const what of [gl.BLEND, gl.SCISSOR_TEST]) gl.disable(what);
    exposure.advance(rows);
  }

  // Draws the views onto the canvas.
  show(exposure, state, dragging) {
    const { gl } = this, { view, other } = state;
    const alone = view === 0 && !state.compare ? ['REFOCUSED'] : [];
    const viewing = this.program('view', ...alone, ...this.corrects);
    const { photo, maps, bounds } = exposure.textures;
    gl.useProgram(viewing.program);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
    const light = (exposure.image ?? exposure.target).texture;
    bindTextures(gl, viewing, {
      photo,
      light,
      maps,
      bounds,
      palette: this.palettes[state.palette],
      correction: this.correction,
    });
    const floats = {
      ...exposure.uniforms(state),
      size: [gl.canvas.width, gl.canvas.height],
      pan: state.pan,
      span: spanOf(state),
      divide: state.compare ? state.divide : 0,
      peaking: state.peaking && dragging ? 1 : 0,
    };
    const on_photo = Number(state.subjectOn === 'photo');
    const is_as_fine = this.isAsFine(exposure.scene);
    setUniforms(gl, viewing, floats, { view, other, on_photo, is_as_fine });
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // Reading a pixel waits for the GPU, so that the time of a frame is its time too.
  wait(exposure) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, exposure.target.frame);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.FLOAT, new Float32Array(4));
  }
}
