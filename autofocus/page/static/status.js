// Says something in the line of the tab that is open.
const statusLines = '#status .note, #compare-status .note, #review-status .note';

const say = (text, kind = 'plain') => {
  const line = [...document.querySelectorAll(statusLines)].find((note) =>
    note.closest('[role=tabpanel]')?.offsetParent
  );
  if (!line) return;
  line.textContent = text;
  line.className = `note ${kind}`;
  line.setAttribute('role', kind === 'error' ? 'alert' : 'status');
};
