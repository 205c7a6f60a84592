// Ticks the time that is left. Everything else on the page is plain HTML.
"use strict";

const left = document.getElementById("left");
if (left) {
  // Counted from the server's number, so a clock that is wrong here does not matter.
  const ends = performance.now() + Number(left.dataset.leftS) * 1000;
  const two = (number) => String(number).padStart(2, "0");

  const text = (seconds) => {
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    if (h > 0) return `${h} h ${two(m)} min ${two(s)} s`;
    return m > 0 ? `${m} min ${two(s)} s` : `${s} s`;
  };

  const tick = () => {
    const seconds = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    left.textContent = text(seconds);
    if (seconds > 0) return;
    clearInterval(timer);
    const message = document.createElement("p");
    message.className = "info";
    message.textContent = "The session has expired. The next request starts without one.";
    document.getElementById("messages").append(message);
  };
  const timer = setInterval(tick, 1000);
}
