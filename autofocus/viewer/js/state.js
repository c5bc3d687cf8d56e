// What a viewer shows, as plain values: the lens by the names of Python's `Lens`, and the view.

import { CONSTANTS } from './constants.js';

export const VIEWS = ['refocused', 'photo', 'depth', 'subject'];
export const BRUSHES = ['sharp', 'blurred', 'erase'];
export const SUBJECT = VIEWS.indexOf('subject');

export function initialState() {
  return {
    ...CONSTANTS.LENS,
    view: 0,
    other: 1,
    compare: false,
    divide: 0.5,
    zoom: 1,
    pan: [0, 0],
    reach: [1, 1],
    peaking: false,
    palette: Object.keys(CONSTANTS.PALETTES)[0],
    subjectOn: 'depth',
    brush: null, // or a name of BRUSHES
    brushSize: 0.08, // its width as a share of the stage's
  };
}

// Fields of the lens that change to other values, brought into their ranges; what is no number
// and what is no field of the lens is left out.
export function lensChanges(state, wanted) {
  const changes = {};
  for (const [name, value] of Object.entries(wanted)) {
    if (!(name in CONSTANTS.LIMITS) || value === null || Number.isNaN(Number(value))) continue;
    const [low, high] = CONSTANTS.LIMITS[name];
    let number = Math.min(Math.max(Number(value), low), high);
    if (name === 'blades' && number < 3) number = 0;
    if (number !== state[name]) changes[name] = number;
  }
  return changes;
}

// The number of a view given by number or name; 0 for what is none.
export function viewNumber(view) {
  const number = typeof view === 'number' ? view : VIEWS.indexOf(String(view).toLowerCase());
  return number in VIEWS ? number : 0;
}

// Whether the subject is in sight.
export function showsSubject({ view, other, compare }) {
  return view === SUBJECT || (compare && other === SUBJECT);
}
