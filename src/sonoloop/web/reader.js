"use strict";
// One loop after the other: an answer, how realistic, next. The server alone knows what is what.
const part = (id) => document.getElementById(id);
const [start, trial, end, loop] = ["start", "trial", "end", "loop"].map(part);
let reader = "";
let number = 0;
let shownAt = 0;
let busy = false;

for (let value = 1; value <= 5; value += 1) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: "realism", value: String(value), required: true });
  label.append(input, ` ${value}`);
  part("realism").append(label);
}

const ask = async (path, body) => {
  const options = body && {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(`/api/v1/reader/${path}`, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
};

const attempt = async (work) => {
  if (busy) return;
  busy = true;
  try {
    show(await work());
    part("error").hidden = true;
  } catch (error) {
    part("error").textContent = error.message;
    part("error").hidden = false;
  }
  busy = false;
};

const show = (task) => {
  start.hidden = true;
  trial.hidden = task.number === null;
  end.hidden = task.number !== null;
  if (task.number === null) {
    loop.pause();
    part("result").textContent = task.result ? `Your result: ${task.result}.` : "";
    return;
  }
  number = task.number;
  trial.reset();
  part("progress").textContent = `Loop ${task.num_done + 1} of ${task.num_clips}`;
  loop.src = `/api/v1/reader/${encodeURIComponent(reader)}/clips/${number}`;
  loop.play().catch(() => {}); // refused by the browser: space plays it
  shownAt = performance.now();
  document.activeElement.blur();
};

start.addEventListener("submit", (event) => {
  event.preventDefault();
  reader = part("name").value.trim();
  attempt(() => ask(encodeURIComponent(reader)));
});

trial.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new FormData(trial);
  const seconds = (performance.now() - shownAt) / 1000;
  const realism = Number(given.get("realism"));
  attempt(() => ask("answers", { reader, number, answer: given.get("answer"), realism, seconds }));
});

addEventListener("keydown", (event) => {
  if (trial.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  const choice = { r: "real", s: "synthetic" }[event.key.toLowerCase()];
  const input = trial.querySelector(`input[value="${choice || event.key}"]`);
  if (input && (choice || "12345".includes(event.key))) input.checked = true;
  else if (event.key === " " && event.target.tagName !== "BUTTON" && event.target.type !== "radio") {
    if (loop.paused) loop.play();
    else loop.pause();
  } else if (event.key === "Enter" && event.target.tagName !== "BUTTON") trial.requestSubmit();
  else return;
  event.preventDefault();
});
