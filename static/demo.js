// The live chart: one row ("lane") for each request, added when its response starts and updated
// when it has ended. Positions are half-open byte ranges, as the observer gives them.

const LANES = 50;

const main = document.querySelector("main");
const video = document.getElementById("video");
const lanes = document.getElementById("lanes");
const live = document.getElementById("live");
const size = Number(main.dataset.size);

const requests = new Map(); // number -> { event, lane }
let source = "/video.mp4";

// Words

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

function amount(bytes) {
  let unit = 0;
  while (bytes >= 1000 && unit < UNITS.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || bytes >= 100 ? 0 : 1;
  return `${bytes.toFixed(digits)}\u00a0${UNITS[unit]}`;
}

function exact(position) {
  return position.toLocaleString("en");
}

function where({ ranges, length }) {
  if (ranges.length === 0) return "no bytes of it";
  if (ranges.length === 1 && ranges[0][1] - ranges[0][0] === length) return "all of it";
  return ranges.map(([start, stop]) => `${exact(start)}\u2013${exact(stop - 1)}`).join(", ");
}

const HOW = { complete: "", "client gone": "client left", failed: "failed" };

/** How the response ended; empty if it is complete. */
function how({ outcome }) {
  return outcome === undefined ? "on its way" : HOW[outcome];
}

function howMuch({ ranges, sent, outcome }) {
  const decided = ranges.reduce((sum, [start, stop]) => sum + stop - start, 0);
  if (outcome === undefined) return amount(decided);
  return outcome === "complete" ? amount(sent) : `${amount(sent)} of ${amount(decided)}`;
}

// Ranges

/** The ranges divided into what has been sent and what has not. */
function divide({ ranges, sent, outcome }) {
  if (outcome === undefined) return { sent: [], unsent: ranges };
  if (outcome === "complete") return { sent: ranges, unsent: [] };
  const parts = { sent: [], unsent: [] };
  for (const [start, stop] of ranges) {
    const middle = Math.min(stop, start + sent);
    sent -= middle - start;
    if (middle > start) parts.sent.push([start, middle]);
    if (stop > middle) parts.unsent.push([middle, stop]);
  }
  return parts;
}

/** The ranges in ascending order, with those that overlap or touch merged. */
function merge(ranges) {
  const merged = [];
  for (const [start, stop] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], stop);
    else merged.push([start, stop]);
  }
  return merged;
}

function draw(track, ranges, length, className) {
  for (const [start, stop] of ranges) {
    const bar = document.createElement("i");
    bar.className = className;
    bar.style.left = `${(100 * start) / length}%`;
    bar.style.width = `${(100 * (stop - start)) / length}%`;
    track.append(bar);
  }
}

// The chart

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function answer(status) {
  if (status === 206) return "part";
  if (status === 200) return "whole";
  return status >= 400 ? "error" : "other";
}

function fill(lane, event) {
  lane.dataset.number = event.number;
  lane.dataset.status = event.status;
  lane.dataset.answer = answer(event.status);
  lane.toggleAttribute("data-open", event.outcome === undefined);
  const line = element("p", "");
  line.append(
    element("span", "status", event.status),
    element("span", "what", `${event.method} ${event.path}`),
    element("span", "where", where(event)),
    element("span", "how", how(event)),
    element("span", "size", howMuch(event)),
  );
  const track = element("div", "track");
  track.setAttribute("aria-hidden", "true");
  const { sent, unsent } = divide(event);
  draw(track, sent, event.length, "sent");
  draw(track, unsent, event.length, event.outcome === undefined ? "coming" : "unsent");
  lane.replaceChildren(line, track);
  if (event.reason) lane.append(element("p", "why", `Range not honoured: ${event.reason}.`));
}

function take(message) {
  const event = JSON.parse(message.data);
  let known = requests.get(event.number);
  if (known === undefined) {
    known = { lane: document.createElement("li") };
    known.lane.className = "lane";
    requests.set(event.number, known);
    lanes.prepend(known.lane);
    if (lanes.children.length > LANES) lanes.lastElementChild.remove();
  }
  known.event = event;
  fill(known.lane, event);
  summarise();
}

function summarise() {
  const ours = [...requests.values()].map((known) => known.event).filter((e) => e.path === source);
  const bytes = ours.reduce((sum, event) => sum + (event.sent ?? 0), 0);
  const covered = merge(ours.flatMap((event) => divide(event).sent));
  const coming = ours.filter((event) => event.outcome === undefined).flatMap((e) => e.ranges);
  const file = document.getElementById("file");
  file.replaceChildren();
  draw(file, merge(coming), size, "coming");
  draw(file, covered, size, "sent");
  document.getElementById("total").textContent =
    ours.length === 0 ? "no request yet" : total(ours.length, bytes, covered);
}

function total(count, bytes, covered) {
  const part = covered.reduce((sum, [start, stop]) => sum + stop - start, 0) / size;
  const times = count === 1 ? "1 request" : `${count} requests`;
  return `${times} · ${amount(bytes)} sent · ${Math.round(100 * part)}\u00a0% of the file`;
}

function scale() {
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => (part ? amount(size * part) : "0"));
  document
    .getElementById("scale")
    .replaceChildren(...marks.map((mark) => element("span", "", mark)));
}

// The player

for (const choice of document.querySelectorAll("input[name=source]")) {
  choice.addEventListener("change", () => {
    const { currentTime, paused } = video;
    source = choice.value;
    video.src = `${source}?visit=${main.dataset.visit}`;
    video.currentTime = currentTime;
    if (!paused) video.play();
    summarise();
  });
}

for (const button of document.querySelectorAll("button[data-to]")) {
  button.addEventListener("click", () => {
    if (video.duration) video.currentTime = video.duration * Number(button.dataset.to);
  });
}

// Events since the page was made, so that the video's first request is among them.
const events = new EventSource(`/events?after=${main.dataset.newest}`);
events.addEventListener("started", take);
events.addEventListener("finished", take);
events.addEventListener("open", () => {
  live.dataset.state = "on";
  live.textContent = "live";
});
events.addEventListener("error", () => {
  live.dataset.state = "off";
  live.textContent = "reconnecting";
});

if (size) {
  scale();
  summarise();
}
