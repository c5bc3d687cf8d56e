// Photos may be dropped anywhere on the page, pasted or chosen: all go through the tab's upload.
const uploads = ['#upload', '#compare-upload', '#review-upload'];
const NOT_A_FILE =
  'This is a link to an image, not a file. Save it first, then drop the file here.';

// The upload of the tab that is open; the first tab's is not seen itself.
const uploadInput = () => {
  const panel = [...document.querySelectorAll('[role=tabpanel]')].find((tab) => tab.offsetParent);
  return panel?.querySelector(uploads.map((upload) => `${upload} input[type=file]`).join());
};

// Gradio breaks when a file is given to it before the server has taken the last one: what comes
// meanwhile waits, and the last of it is opened.
const taken = ['#upload', '#compare-upload']; // uploads that the server empties
const TURN = 500; // milliseconds between two looks; Gradio shows at once that it sends
const PATIENCE = 240; // looks
let sending = false, waiting;

const openFiles = (files) => {
  const input = uploadInput();
  if (sending) waiting = [...files];
  else if (input && files.length) choose(input, files);
};

const choose = (input, files) => {
  const transfer = new DataTransfer();
  for (const file of input.multiple ? files : [files[0]]) transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
};
af.open = openFiles;

const isBusy = (upload) => upload.querySelector('.uploading, .file-preview');

const openWaiting = (upload, turn = 0) =>
  setTimeout(() => {
    if (turn < PATIENCE && isBusy(upload)) return openWaiting(upload, turn + 1);
    const files = waiting;
    sending = false;
    waiting = undefined;
    if (files) choose(upload.querySelector('input[type=file]'), files);
    return undefined;
  }, TURN);

const isLink = (text) => /^(https?:|data:image|blob:)\S+$/i.test(text.trim());

const takeTransfer = (event, transfer) => {
  const files = [...(transfer?.files ?? [])];
  const link = ['text/uri-list', 'text/plain'].map((kind) => transfer?.getData(kind) ?? '').find(
    isLink,
  );
  if (!files.length && !link) return;
  event.preventDefault();
  if (files.length) openFiles(files);
  else say(NOT_A_FILE, 'error');
};

document.addEventListener('paste', (event) => {
  if (event.clipboardData?.files.length || !isTyping(event.target)) {
    takeTransfer(event, event.clipboardData);
  }
});

// Whatever is dropped outside of a text field, the browser must not leave the page for it.
document.addEventListener('dragover', (event) => {
  if (!isTyping(event.target)) event.preventDefault();
});
document.addEventListener('drop', (event) => {
  const own = event.target.closest?.(uploads.join());
  if (own && event.dataTransfer?.files.length) return;
  if (!isTyping(event.target)) event.preventDefault();
  takeTransfer(event, event.dataTransfer);
});

document.addEventListener('click', ({ target }) => {
  if (target.closest('#choose')) uploadInput()?.click();
});

// While a photo is sent, the one that is shown is not refined.
const SENDING = 2000; // milliseconds that a photo may take to reach the server
document.addEventListener('change', (event) => {
  const { target } = event, upload = target.closest(taken.join());
  if (!upload) return;
  if (sending) {
    event.stopImmediatePropagation();
    waiting = [...target.files];
    return;
  }
  sending = true;
  openWaiting(upload);
  if (!target.closest('#upload')) return;
  mainViewer()?.pause(SENDING);
  say('Sending the photo …');
}, true);
