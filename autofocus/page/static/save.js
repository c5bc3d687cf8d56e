// Hands a file that the server has just made to the visitor.
(file) => {
  if (!file) return;
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
}
