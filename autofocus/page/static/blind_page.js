// Keys 1, 2 and 0 are the three answers, also where a viewer has the keyboard.
const answers = element.closest('#judge-stage').querySelector('#judge-answers');
const answer = (event) => {
  if (!answers.isConnected) {
    document.removeEventListener('keydown', answer, true);
    return;
  }
  const typing = event.target.closest?.('input:not([type=range]), textarea');
  if (typing || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!['0', '1', '2'].includes(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  document.getElementById(`judge-${event.key}`)?.click();
};
document.addEventListener('keydown', answer, true);
