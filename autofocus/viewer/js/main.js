// Puts a viewer on the page, under its name in the one global. Gradio hands over the element,
// `trigger`, `watch` and `props`; Python the viewer's name.

import { CONSTANTS } from './constants.js';
import { AutofocusViewer } from './viewer.js';

window.autofocus ??= {};
window.autofocus.constants ??= CONSTANTS;
window.autofocus.viewers ??= {};
window.autofocus.viewers[NAME]?.retire();
const viewer = new AutofocusViewer(element, trigger);
window.autofocus.viewers[NAME] = viewer;
watch('value', () => viewer.load(props.value));
viewer.load(props.value);
