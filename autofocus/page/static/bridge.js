// Lets the page's scripts ask the server: 'drag', 'rest', 'auto', 'recolour'.
window.autofocusAsk = (what) => trigger(what, {});
