// The example on the first screen: its focus is pulled once, from the back to the front.
const WAIT = 700; // milliseconds, so that the eye is there

const showEffect = (viewer) => {
  if (prefersNoMotion()) return viewer.setCompare(true);
  const { back, front } = PAGE.first;
  const end = viewer.state.focus;
  viewer.aim(...back);
  const start = viewer.state.focus;
  return setTimeout(() =>
    animate(PAGE.pullSeconds, (part) => {
      if (touched || !viewer.canvas.checkVisibility()) return false;
      viewer.reticle = back.map((value, k) => mix(value, front[k], part));
      viewer.setFocus(mix(start, end, part));
      if (part === 1) setTimeout(() => hideReticle(viewer), WAIT);
      return true;
    }), WAIT);
};

const hideReticle = (viewer) => {
  if (touched) return;
  viewer.clearReticle();
  viewer.redraw();
};

let touched = false; // from then on the image is the visitor's
for (const kind of ['pointerdown', 'keydown']) {
  document.addEventListener(kind, ({ target }) => {
    touched ||= Boolean(target.closest?.('#first'));
  }, true);
}

let pulled = false;
const pullOnce = () => {
  const viewer = viewerNamed('first');
  if (pulled || !viewer?.lens || !viewer.scene) return;
  pulled = true;
  showEffect(viewer);
};
document.addEventListener('af-loaded', ({ target }) => {
  if (target.closest('#first')) pullOnce();
});
pullOnce(); // it may have been loaded before
