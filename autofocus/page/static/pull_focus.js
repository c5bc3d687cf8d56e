// The focus moves from one depth to another, as a camera assistant would pull it.
const eased = (part) => part * part * (3 - 2 * part);
const mix = (from, to, part) => from + (to - from) * part;

// Calls `show` with 0 … 1 once a frame, as long as it does not return false.
const animate = (seconds, show) => {
  const start = performance.now();
  const step = (time) => {
    const part = clamp((time - start) / seconds / 1000, 0, 1);
    if (show(eased(part)) !== false && part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
};

async function pullFocus(viewer, from, to) {
  if (!viewer) return;
  if (prefersNoMotion()) {
    viewer.setFocus(from);
    await new Promise((done) => setTimeout(done, 700));
    viewer.setFocus(to);
    return;
  }
  animate(PAGE.pullSeconds, (part) => {
    if (viewer !== mainViewer()) return false;
    viewer.setFocus(mix(from, to, part));
    return true;
  });
}
