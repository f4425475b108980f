// Starts the signing page.
document.title = "x";
