// One scene on the GPU, and the light that has been gathered of it so far.

import { CELL, cellCorrections, cellRanges, correctCells, reachingRanges } from './bounds.js';
import { CONSTANTS } from './constants.js';
import { circleScale, largestDefocus } from './depth.js';
import { imageTexture, makeTarget, makeTexture, mapsTexture } from './gl.js';

const ENOUGH = 256; // samples of a finished image
const SHRINKS = [1, 2, 3]; // by which the image may be smaller while dragging
const SAMPLES = [4, 24]; // in one frame, at least and at most
const SLOW = 30; // milliseconds: while dragging, a slower frame makes the next ones coarser
const QUICK = SLOW / 3; // a quicker one, with all the samples that it may have, makes them finer
const GOAL = 60; // milliseconds that a frame at rest may take: the pointer may move at any time
const THINNEST = 1 / 16; // of the image's rows, that a frame at rest draws at least

export class Exposure {
  // `pace`: milliseconds that one sample of one pixel takes; 0 as long as nobody knows.
  constructor(gl, scene, precise, pace) {
    Object.assign(this, {
      gl,
      scene,
      pace,
      cells: cellRanges(scene.maps, scene.width, scene.height),
    });
    const { photo, front, hidden } = scene;
    const different = [...new Set([photo, front, hidden])];
    const images = new Map(different.map((image) => [image, imageTexture(gl, image)]));
    this.textures = {
      photo: images.get(photo),
      front: images.get(front),
      hidden: images.get(hidden),
      maps: mapsTexture(gl, scene.width, scene.height, scene.maps),
      bounds: makeTexture(gl, gl.NEAREST),
    };
    this.targets = SHRINKS.map((shrink) => {
      const [width, height] = [scene.width, scene.height].map((side) => Math.ceil(side / shrink));
      return { ...makeTarget(gl, width, height, precise), shrink };
    });
    this.image = undefined; // the target whose rows all have samples; a coarser one until the first pass
    this.coarseness = this.suitedLevel(); // while dragging
    this.begin(0);
  }

  // The finest level that is quick enough; not the finest of all before the pace is known.
  suitedLevel() {
    if (!this.pace) return 1;
    const fitting = GOAL / (SAMPLES[0] * this.pace);
    const level = this.targets.findIndex(({ width, height }) => width * height <= fitting);
    return level < 0 ? SHRINKS.length - 1 : level;
  }

  delete() {
    const { gl } = this;
    for (const texture of Object.values(this.textures)) gl.deleteTexture(texture);
    for (const { texture, frame } of this.targets) {
      gl.deleteTexture(texture);
      gl.deleteFramebuffer(frame);
    }
  }

  // An empty image; `level`: which of the targets it is made in.
  begin(level) {
    if (this.target !== this.targets[level]) this.batch = SAMPLES[0];
    [this.level, this.target] = [level, this.targets[level]];
    [this.taken, this.row, this.drawn, this.share] = [0, 0, 1, 1];
  }

  // Begins an image anew; the ranges of depth follow the largest circle, and what is painted.
  restart(state, moving, correction) {
    const { gl } = this;
    this.begin(moving ? this.coarseness : 0);
    if (!moving && this.pace) this.plan(GOAL / (this.pace * this.pixels));
    const { PUSH } = CONSTANTS;
    const painted = correction && this.paintedCells(correction);
    const cells = painted ? correctCells(this.cells, painted, state, PUSH) : this.cells;
    const largest = largestDefocus(state) + (painted ? PUSH : 0);
    const ranges = reachingRanges(cells, this.scale(state) * largest + 1);
    const size = [cells.columns, cells.rows];
    gl.bindTexture(gl.TEXTURE_2D, this.textures.bounds);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB32F, ...size, 0, gl.RGB, gl.FLOAT, ranges);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target.frame);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }

  // What is painted, by cells; counted once for all frames until more is painted.
  paintedCells(correction) {
    if (this.counted?.bytes !== correction.bytes || this.counted.strokes !== correction.strokes) {
      const { bytes, strokes } = correction;
      const painted = cellCorrections(correction, this.cells, this.scene);
      this.counted = { bytes, strokes, painted };
    }
    return this.counted.painted;
  }

  scale(state) {
    return circleScale(state, this.scene.diagonal);
  }

  // What both shaders are told of the scene and the lens.
  uniforms(state) {
    const { focus, focus_range } = state;
    const { frame } = this.scene;
    return { focus, half_range: focus_range / 2, scale: this.scale(state), cell: CELL, frame };
  }

  // The whole image's middle, and the distance of its corners from there, in this scene's pixels.
  middle() {
    const { width, height, frame } = this.scene;
    const [x, y] = [width / (frame[2] - frame[0]), height / (frame[3] - frame[1])];
    return { middle: [(0.5 - frame[0]) * x, (0.5 - frame[1]) * y], corner: Math.hypot(x, y) / 2 };
  }

  // Rows that the next frame draws.
  get rows() {
    const { height } = this.target;
    return Math.min(Math.ceil(height * this.share), height - this.row);
  }

  // So many rows have got their samples.
  advance(rows) {
    this.drawn = rows / this.target.height;
    this.row += rows;
    if (this.row < this.target.height) return;
    this.row = 0;
    this.taken += this.batch;
    this.image = this.target;
  }

  // After a frame that took so long: what the next one does. Some rows take much longer than
  // others, so that a quick frame is followed by one of twice its work.
  adapt(milliseconds, dragging) {
    const samples = this.batch * this.drawn;
    if (this.drawn === 1) this.pace = milliseconds / (samples * this.pixels);
    if (dragging) this.adaptLevel(milliseconds);
    const goal = dragging ? SLOW : GOAL;
    this.plan(samples * Math.min(goal / Math.max(milliseconds, 1), 2));
    if (dragging) this.share = 1;
  }

  // So many samples of all rows fit into a frame: where they are too few, not all rows at once.
  plan(fitting) {
    const [least, most] = SAMPLES;
    this.batch = this.drawn === 1 ? Math.min(Math.max(Math.floor(fitting), least), most) : least;
    this.share = Math.min(Math.max(fitting / this.batch, THINNEST), 1);
  }

  get pixels() {
    return this.target.width * this.target.height;
  }

  // The pointer must not wait: a slow frame is followed by coarser ones.
  adaptLevel(milliseconds) {
    const isQuick = milliseconds < QUICK && this.batch === SAMPLES[1];
    const wanted = this.level + (milliseconds > SLOW ? 1 : isQuick ? -1 : 0);
    this.coarseness = Math.min(Math.max(wanted, 0), SHRINKS.length - 1);
  }

  get finished() {
    return this.taken >= ENOUGH;
  }
}
