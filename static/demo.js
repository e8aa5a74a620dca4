// The live chart: one row ("lane") for each request, added when its response starts and updated
// until it has ended. A player that is dragged asks for each place that it passes: those requests
// share a lane. Positions are half-open byte ranges, as the observer gives them.

import { follow } from "./events.js";

const LANES = 50;
const PAUSE = 0.7; // seconds: requests of one page that come closer share a lane
const PATIENCE = 2500; // milliseconds without the server after which the page says so

const main = document.querySelector("main");
const video = document.getElementById("video");
const lanes = document.getElementById("lanes");
const live = document.getElementById("live");
const trouble = document.getElementById("trouble");
const size = Number(main.dataset.size);

const requests = new Map(); // number -> event
const lanesOf = new Map(); // number -> { element, events }, shared by some
let newest; // the newest lane
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

function exactly([start, stop]) {
  return `${start.toLocaleString("en")}\u2013${(stop - 1).toLocaleString("en")}`;
}

/** Which part of the file the ranges are, in a few words. */
function where({ ranges, length }) {
  if (ranges.length === 0) return "no bytes of it";
  if (ranges.length > 1) return `${ranges.length} parts`;
  const [[start, stop]] = ranges;
  if (stop - start === length) return "all of it";
  if (stop === length) return `from ${amount(start)} on`;
  return `${amount(stop - start)} from ${amount(start)} on`;
}

const HOW = { complete: "", "client gone": "client left", failed: "failed", ended: "cut off" };

/** How the response ended; empty if it is complete. */
function how({ outcome }) {
  return outcome === undefined ? "under way" : HOW[outcome];
}

// Ranges

/** Those bytes of the ranges that have been sent: `sent` bytes, from the beginning on. */
function sentOf({ ranges, sent, outcome }) {
  if (outcome === "complete") return ranges; // `sent` counts the heads of parts, too
  const parts = [];
  for (const [start, stop] of ranges) {
    const middle = Math.min(stop, start + sent);
    if (middle > start) parts.push([start, middle]);
    sent -= middle - start;
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

function fill({ element: lane, events }) {
  // A dragged player has left all but the last; a 304 says that it has these bytes.
  const shown = events.findLast((event) => event.ranges.length > 0) ?? events.at(-1);
  lane.dataset.status = shown.status;
  lane.dataset.answer = answer(shown.status);
  lane.toggleAttribute("data-open", shown.outcome === undefined);
  const track = element("div", "track");
  track.setAttribute("aria-hidden", "true");
  draw(track, shown.ranges, shown.length, "asked");
  for (const event of events) draw(track, sentOf(event), event.length, "sent");
  const line = element("p", "");
  line.append(
    element("span", "status", shown.status),
    element("span", "where", where(shown)),
    element("span", "how", [count(events.length), how(shown)].filter(Boolean).join(", ")),
    element("span", "size", amount(events.reduce((sum, event) => sum + event.sent, 0))),
  );
  line.title = `${shown.method} ${shown.path}, bytes ${shown.ranges.map(exactly).join(", ") || "none"}`;
  lane.replaceChildren(track, line);
  const reason = events.find((event) => event.reason)?.reason;
  if (reason) lane.append(element("p", "why", `Range not honoured: ${reason}.`));
}

function count(number) {
  return number > 1 ? `${number} requests` : "";
}

/** Whether a request belongs to the newest lane. */
function goesOn({ path, visit, at }) {
  const last = newest?.events.at(-1);
  return last && visit && last.visit === visit && last.path === path && at - last.at < PAUSE;
}

function take(event) {
  event = { sent: 0, ...event };
  const known = requests.get(event.number);
  if (known !== undefined) {
    Object.assign(known, event);
  } else {
    requests.set(event.number, event);
    if (!goesOn(event)) {
      newest = { element: element("li", "lane"), events: [] };
      lanes.prepend(newest.element);
      if (lanes.children.length > LANES) lanes.lastElementChild.remove();
    }
    newest.events.push(event);
    lanesOf.set(event.number, newest);
  }
  fill(lanesOf.get(event.number));
  summarise();
}

function progress({ number, sent }) {
  const event = requests.get(number);
  if (event === undefined || event.outcome !== undefined) return;
  event.sent = sent;
  fill(lanesOf.get(number));
  summarise();
}

function summarise() {
  const ours = [...requests.values()].filter((event) => event.path === source);
  const covered = merge(ours.flatMap(sentOf));
  const file = document.getElementById("file");
  file.replaceChildren();
  draw(file, covered, size, "sent");
  document.getElementById("sent").textContent = amount(ours.reduce((sum, e) => sum + e.sent, 0));
  document.getElementById("total").textContent =
    ours.length === 0 ? "no request yet" : total(ours.length, covered);
}

function total(number, covered) {
  const part = covered.reduce((sum, [start, stop]) => sum + stop - start, 0) / size;
  return `${count(number) || "1 request"} · ${Math.round(100 * part)}\u00a0% of the file`;
}

function clear() {
  requests.clear();
  lanesOf.clear();
  newest = undefined;
  lanes.replaceChildren();
  summarise();
}

// The player

function play(path, at = 0) {
  source = path;
  const visit = crypto.getRandomValues(new Uint32Array(1))[0].toString(16);
  video.src = `${path}?visit=${visit}`;
  if (at > 0) video.currentTime = at;
  summarise();
}

const ERRORS = {
  [MediaError.MEDIA_ERR_NETWORK]: "The video broke off: the connection was lost.",
  [MediaError.MEDIA_ERR_DECODE]: `${main.dataset.name} is damaged: it cannot be played on.`,
  [MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED]: `${main.dataset.name} is no video that this browser can play.`,
};

function fail() {
  if (size && released === null) say(ERRORS[video.error.code] ?? "The video was stopped.");
}

video.addEventListener("error", fail);
video.addEventListener("loadedmetadata", () => say(""));

for (const radio of document.querySelectorAll("input[name=source]")) {
  radio.addEventListener("change", () => play(radio.value));
}

for (const button of document.querySelectorAll("[data-to]")) {
  button.addEventListener("click", () => {
    if (video.duration) video.currentTime = Number(button.dataset.to) * video.duration;
  });
}

// The server

function say(sentence) {
  trouble.textContent = sentence;
  trouble.hidden = sentence === "";
}

function show(state, text) {
  live.dataset.state = state;
  live.textContent = text;
}

let waiting; // a timer, while nothing is heard
let released = null; // where the video was when the server went away

/** Let go of the video: a server that ends waits for its responses. */
function release() {
  if (released !== null) return;
  released = video.currentTime;
  video.removeAttribute("src");
  video.load();
  say("The demo has ended; this page goes on when it is started again.");
  show("off", "ended");
  for (const [number, event] of requests) {
    if (event.outcome !== undefined) continue;
    event.outcome = "ended"; // nobody is there who could tell how
    fill(lanesOf.get(number));
  }
}

/** A stream that ends is nothing special; one that does not come back is. */
function lost() {
  waiting ??= setTimeout(release, PATIENCE);
}

function found() {
  clearTimeout(waiting);
  waiting = undefined;
  show("on", "live");
  if (released === null) return;
  const at = released;
  released = null;
  say("");
  play(source, at);
}

const HEARD = {
  hello: found,
  started: take,
  progress,
  finished: take,
  ended: release,
  lost,
  restart: clear,
};

if (video.error) fail(); // it has come before this script
if (size) {
  document.getElementById("size").textContent = amount(size);
  summarise();
}
// Events since the page was made, so that the video's first request is among them.
follow(main.dataset.mark, (kind, data) => HEARD[kind](data));
