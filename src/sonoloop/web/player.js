"use strict";
// Loops of one request play together under one set of controls. The page puts them in and takes
// them out again, so they are found when they come.
(() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const setUp = (section) => {
    const videos = Array.from(section.querySelectorAll("video"));
    const rate = Number(section.dataset.rate);
    const frames = Number(section.dataset.frames);
    const control = (name) => section.querySelector(`[data-do="${name}"]`);
    const shown = section.querySelector(".sl-frame");
    const master = videos[0];
    const stills = new Map();
    let playing = false;

    const frame = () => Math.min(frames - 1, Math.floor(master.currentTime * rate + 0.01));
    const each = (act) => videos.forEach(act);

    const play = () => {
      playing = true;
      control("play").textContent = "Pause";
      each((video) => video.play().catch(() => {})); // refused by the browser: the button remains
    };
    const pause = () => {
      playing = false;
      control("play").textContent = "Play";
      each((video) => video.pause());
    };
    const goTo = (number) => {
      const wanted = (number + frames) % frames;
      each((video) => (video.currentTime = (wanted + 0.5) / rate));
    };
    const step = (by) => {
      const now = frame();
      pause();
      goTo(now + by);
    };
    const again = () => {
      if (!playing) return;
      each((video) => (video.currentTime = 0));
      play();
    };

    // |frame - frame 0|, made visible; frame 0 is the still. The word is lost in the difference,
    // since it is in both, and is written anew.
    const difference = (video) => {
      const canvas = video.parentElement.querySelector("canvas");
      const still = stills.get(video);
      if (!still) return;
      const [width, height] = [still.width, still.height];
      if (canvas.width !== width) [canvas.width, canvas.height] = [width, height];
      const context = canvas.getContext("2d");
      context.globalCompositeOperation = "copy";
      context.drawImage(still, 0, 0);
      context.globalCompositeOperation = "difference";
      context.drawImage(video, 0, 0, width, height);
      context.globalCompositeOperation = "lighter";
      context.drawImage(canvas, 0, 0); // twice
      context.drawImage(canvas, 0, 0); // four times
      context.globalCompositeOperation = "source-over";
      const size = Math.max(10, Math.round(Math.min(width, height) / 22));
      context.font = `600 ${size}px system-ui, sans-serif`;
      context.fillStyle = "#fff";
      context.fillText("SYNTHETIC, 4 x difference", size / 2, height - size / 2);
    };

    const draw = () => {
      if (!section.isConnected) return;
      shown.textContent = `frame ${frame() + 1} of ${frames}`;
      if (control("difference").checked) each(difference);
      requestAnimationFrame(draw);
    };

    const ready = (video) =>
      new Promise((resolve) => {
        const keep = () => {
          const still = document.createElement("canvas");
          [still.width, still.height] = [video.videoWidth, video.videoHeight];
          still.getContext("2d").drawImage(video, 0, 0);
          stills.set(video, still);
          resolve();
        };
        if (video.readyState >= 2) keep();
        else {
          video.addEventListener("loadeddata", keep, { once: true });
          video.addEventListener("error", resolve, { once: true });
        }
      });

    control("play").addEventListener("click", () => (playing ? pause() : play()));
    control("back").addEventListener("click", () => step(-1));
    control("next").addEventListener("click", () => step(1));
    control("speed").addEventListener("change", (event) =>
      each((video) => (video.playbackRate = Number(event.target.value))),
    );
    control("difference").addEventListener("change", (event) =>
      section.querySelectorAll("canvas").forEach((c) => (c.hidden = !event.target.checked)),
    );
    section.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const onControl = event.target.closest("button, select, input, a");
      if (event.key === " " && !onControl) control("play").click();
      else if (event.key === "ArrowLeft" && !event.target.closest("select")) step(-1);
      else if (event.key === "ArrowRight" && !event.target.closest("select")) step(1);
      else if (event.key === "d") control("difference").click();
      else return;
      event.preventDefault();
    });
    master.addEventListener("ended", again);
    pause();
    Promise.all(videos.map(ready)).then(() => {
      if (!calm) play();
      draw();
      section.dataset.ready = "";
    });
  };

  const seen = new WeakSet();
  new MutationObserver(() => {
    for (const section of document.querySelectorAll(".sl-player")) {
      if (seen.has(section)) continue;
      seen.add(section);
      setUp(section);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });

  // Who leaves the page midway wants no more loops.
  addEventListener("pagehide", () => {
    for (const working of document.querySelectorAll(".sl-working")) {
      fetch(`/api/v1/jobs/${working.dataset.job}`, { method: "DELETE", keepalive: true });
    }
  });

  // Too much is refused before it is sent: a browser that is cut off while sending shows nothing.
  const refuse = (event, files) => {
    const place = document.getElementById("sl-limits");
    if (!place || !files || files.length === 0) return;
    const { maxFiles, maxMb } = place.dataset;
    const mb = Array.from(files).reduce((sum, file) => sum + file.size, 0) / 1e6;
    let sentence = "";
    if (files.length > Number(maxFiles)) {
      sentence = `${files.length} files were chosen, at most ${maxFiles} are taken at once: choose fewer.`;
    } else if (mb > Number(maxMb)) {
      sentence = `The files are ${mb.toFixed(0)} MB together, at most ${maxMb} MB are taken: choose fewer or smaller ones.`;
    }
    place.textContent = sentence;
    place.hidden = sentence === "";
    if (sentence === "") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.target.type === "file") event.target.value = "";
  };
  addEventListener("change", (event) => event.target.type === "file" && refuse(event, event.target.files), true);
  addEventListener("drop", (event) => refuse(event, event.dataTransfer && event.dataTransfer.files), true);
})();
