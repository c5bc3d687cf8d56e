// What stands on the image: numbered dots on the subjects, and the reticle.

import { stagePlace } from './viewport.js';

export class Marks {
  constructor(dots, reticle, pick) {
    Object.assign(this, { dots, reticle, pick, places: [], target: null });
  }

  // A dot for each of several subjects; places are fractions (x, y) of the image.
  setDots(places) {
    this.places = places.length > 1 ? places : [];
    const dots = this.places.map(([x, y], index) => {
      const dot = document.createElement('button');
      dot.type = 'button';
      dot.textContent = String(index + 1);
      dot.setAttribute('aria-label', `Focus on subject ${index + 1}`);
      dot.addEventListener('click', () => this.pick(x, y));
      return dot;
    });
    this.dots.replaceChildren(...dots);
  }

  // To where they are in a view.
  place(view) {
    const move = (mark, place) => {
      const at = stagePlace(view, place);
      mark.style.left = `${100 * at[0]}%`;
      mark.style.top = `${100 * at[1]}%`;
      mark.hidden = at.some((value) => value < 0 || value > 1);
    };
    [...this.dots.children].forEach((dot, index) => {
      move(dot, this.places[index]);
    });
    this.reticle.hidden = !this.target;
    if (this.target) move(this.reticle, this.target);
  }
}
