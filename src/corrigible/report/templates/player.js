"use strict";
(() => {
  const root = document.documentElement;

  // Theme: the system's choice until the reader makes another, which is kept where the browser allows it.
  const toggle = document.querySelector("[data-theme-toggle]");
  const stored = (value) => {
    try {
      if (value === undefined) return localStorage.getItem("corrigible-theme");
      localStorage.setItem("corrigible-theme", value);
    } catch { /* storage is denied to some local files */ }
    return null;
  };
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const kept = stored();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  const nameToggle = () => { toggle.textContent = isDark() ? "Light" : "Dark"; };
  toggle.hidden = false;
  nameToggle();
  toggle.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    stored(root.dataset.theme);
    nameToggle();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameToggle);

  // Replays: all frames are in the page already; the player only shows one, the last at first, and hides the rest.
  const players = [];
  const noteAll = () => {
    const word = document.querySelector("[data-all-word]");
    if (!word) return;
    const playing = players.some((player) => player.playing());
    word.textContent = playing ? "Pause all" : "Play all";
    word.closest("button").classList.toggle("playing", playing);
  };
  const player = (box) => {
    const frames = [...box.querySelectorAll("[data-frame]")];
    const texts = [...box.querySelectorAll("[data-text]")].map((item) => item.textContent);
    const controls = box.querySelector("[data-controls]");
    if (!controls) return;
    const [caption, count] = [box.querySelector("[data-caption]"), box.querySelector("[data-count]")];
    const [slider, button] = [box.querySelector("[data-slider]"), box.querySelector("[data-act=play]")];
    let [at, timer] = [frames.length - 1, 0];
    const show = (next) => {
      frames[at].setAttribute("display", "none");
      at = Math.max(0, Math.min(frames.length - 1, next));
      frames[at].removeAttribute("display");
      caption.textContent = texts[at];
      count.textContent = `${at + 1} / ${frames.length}`;
      slider.value = String(at + 1);
      slider.setAttribute("aria-valuetext", `${at + 1} of ${frames.length}. ${texts[at]}`);
    };
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      button.setAttribute("aria-label", "Play");
      button.setAttribute("aria-pressed", "false");
      button.classList.remove("playing");
      noteAll();
    };
    const play = () => {
      clearInterval(timer);
      if (at === frames.length - 1) show(0);
      timer = setInterval(() => {
        show(at + 1);
        if (at === frames.length - 1) stop();
      }, Number(box.dataset.milliseconds));
      button.setAttribute("aria-label", "Pause");
      button.setAttribute("aria-pressed", "true");
      button.classList.add("playing");
      noteAll();
    };
    const step = (by) => { stop(); show(at + by); };
    box.querySelector("[data-act=back]").addEventListener("click", () => step(-1));
    box.querySelector("[data-act=forward]").addEventListener("click", () => step(1));
    button.addEventListener("click", () => (timer ? stop() : play()));
    slider.addEventListener("input", () => step(Number(slider.value) - 1 - at));
    controls.hidden = false;
    players.push({ play, stop, playing: () => timer !== 0 });
    show(at);
  };
  document.querySelectorAll("[data-replay]").forEach(player);
  const together = document.querySelector("[data-together]");
  if (together && players.length > 1) {
    together.hidden = false;
    together.querySelector("button").addEventListener("click", () => {
      const playing = players.some((one) => one.playing());
      players.forEach((one) => (playing ? one.stop() : one.play()));
    });
  }

  // The command: copied where the browser allows it, otherwise selected for the reader to copy.
  const copy = document.querySelector("[data-copy]");
  const command = document.querySelector("[data-command]");
  const said = document.querySelector("[data-copied]");
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      said.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(command);
      said.textContent = "Selected: copy it from here.";
    }
  });
})();
