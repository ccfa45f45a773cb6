"use strict";
// Loops play while they are on screen, those of a still together; one button stops them all.
// Who prefers reduced motion starts them by hand.
const loops = Array.from(document.querySelectorAll("video"));
const button = document.getElementById("play");
const onScreen = new Set();
let playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;

const start = (loop) => loop.play().catch(() => {}); // refused by the browser: controls remain

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) {
      onScreen.delete(target);
      target.pause();
    } else if (!onScreen.has(target)) {
      onScreen.add(target);
      if (playing) {
        target.currentTime = 0;
        start(target);
      }
    }
  }
});
loops.forEach((loop) => watcher.observe(loop));

// On paper every fold is open and no controls darken the frames.
let folded = [];
addEventListener("beforeprint", () => {
  loops.forEach((loop) => (loop.controls = false));
  folded = Array.from(document.querySelectorAll("details:not([open])"));
  folded.forEach((fold) => (fold.open = true));
});
addEventListener("afterprint", () => {
  loops.forEach((loop) => (loop.controls = true));
  folded.forEach((fold) => (fold.open = false));
});

const label = () => {
  button.textContent = playing ? "Pause all loops" : "Play all loops";
};
if (button && loops.length > 0) {
  button.hidden = false;
  label();
  button.addEventListener("click", () => {
    playing = !playing;
    label();
    for (const loop of loops) {
      if (!playing) {
        loop.pause();
      } else if (onScreen.has(loop)) {
        loop.currentTime = 0;
        start(loop);
      }
    }
  });
}
