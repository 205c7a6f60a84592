// Ticks the times that are left, and shows live what the device does. Everything else on the page is plain HTML.
"use strict";

const words = (seconds) => {
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h} h ${two(m)} min ${two(s)} s`;
  return m > 0 ? `${m} min ${two(s)} s` : `${s} s`;
};

/** Counts down for as long as it is part of the page, and says when it is over. */
const countDown = (left, isOver = () => {}) => {
  // Counted from the server's number, so a clock that is wrong here does not matter.
  const ends = performance.now() + Number(left.dataset.leftS) * 1000;
  const timer = setInterval(() => {
    const seconds = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    left.textContent = words(seconds);
    if (seconds > 0 && left.isConnected) return;
    clearInterval(timer);
    if (seconds === 0) isOver();
  }, 1000);
};

const expiry = document.getElementById("left");
if (expiry) {
  countDown(expiry, () => {
    const message = document.createElement("p");
    message.className = "info";
    message.textContent = "The session has expired. The next request starts without one.";
    document.getElementById("messages").append(message);
  });
}

const device = document.querySelector("[data-live]");
if (device) {
  const tickProof = () => device.querySelectorAll("[data-left-s]").forEach((left) => countDown(left));
  const look = async () => {
    // A request of a page that nobody sees would make the device sign for nothing.
    if (!document.hidden) {
      const response = await fetch("/device").catch(() => undefined);
      if (response?.ok) {
        device.innerHTML = await response.text(); // escaped by the server
        tickProof();
      }
    }
    setTimeout(look, 2000);
  };
  tickProof();
  setTimeout(look, 1000);
}
