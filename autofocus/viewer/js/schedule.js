// When to draw: once a screen frame, coarsely while the pointer moves the lens, better and better at rest.

const RESTING = 150; // milliseconds after the last change that the pointer counts as resting

export class Schedule {
  // `artist` says whether it `canDraw`, `draw`s one frame (returns whether another would refine
  // it) and whether what it has drawn `isCoarse`.
  constructor(artist) {
    this.artist = artist;
    this.frames = 0;
  }

  // The lens changed, and may change again at once: what was accumulated is void.
  change() {
    this.stale = this.dragging = true;
    this.restLater();
    this.redraw();
  }

  restLater() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), RESTING);
  }

  rest() {
    this.dragging = false;
    this.finer = this.artist.isCoarse();
    this.redraw();
  }

  // Something else than the lens changed, such as the zoom.
  redraw() {
    this.asked = true;
    this.request();
  }

  request() {
    if (this.requested || !this.artist.canDraw()) return;
    this.requested = requestAnimationFrame(() => {
      this.requested = undefined;
      this.draw();
    });
  }

  draw() {
    if (!this.artist.canDraw()) return;
    const { stale, finer, asked } = this;
    // A changed lens is seen coarsely first, also where nobody drags any longer.
    const dragging = this.dragging ||= Boolean(stale);
    this.stale = this.finer = this.asked = false;
    this.frames += 1;
    const more = this.artist.draw({ stale: stale || finer, dragging, asked });
    // The time of a slow frame is no rest: whoever drags goes on once they have seen the frame.
    if (stale) this.restLater();
    if (more && !this.paused) this.request();
  }

  // Refines the image later: the page has other work for the browser.
  pause(milliseconds) {
    this.paused = true;
    clearTimeout(this.pausing);
    this.pausing = setTimeout(() => {
      this.paused = false;
      this.request();
    }, milliseconds);
  }

  get isIdle() {
    return !this.stale && !this.finer && !this.dragging;
  }
}
