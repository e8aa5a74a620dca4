// What the server tells. A browser opens at most six connections to a server, so its tabs share
// one event stream: the tab that holds the lock reads it, and passes on what it hears.

const NAME = "rangeserve demo";
const KINDS = ["hello", "started", "progress", "finished", "ended"];
const KEPT = 512; // messages that are kept for a tab that comes later
const RETRY = 2000; // milliseconds

/**
 * Call `hear(kind, data)` for each message after the event whose mark is `mark`. Beside the
 * server's own kinds: "restart", when it is another server than before, and "lost".
 */
export function follow(mark, hear) {
  const channel = new BroadcastChannel(NAME);
  const kept = [];
  let leads = false;

  function take(message) {
    const { kind, id, data } = message;
    if (kind === "hello" && data.start !== mark.split("-")[0]) {
      mark = `${data.start}-0`;
      kept.length = 0;
      hear("restart", data);
    }
    if (id !== undefined) {
      if (!isNewer(id, mark)) return;
      mark = id;
      kept.push(message);
      if (kept.length > KEPT) kept.shift();
    }
    hear(kind, data);
  }

  function passOn(message) {
    channel.postMessage(message);
    take(message);
  }

  channel.addEventListener("message", ({ data: message }) => {
    if (message.kind !== "ask") {
      if (!leads) take(message);
    } else if (leads) {
      const start = mark.split("-")[0];
      channel.postMessage({ kind: "hello", data: { start } });
      for (const one of kept) if (isNewer(one.id, message.mark)) channel.postMessage(one);
    }
  });
  channel.postMessage({ kind: "ask", mark });

  function lead() {
    leads = true;
    const stream = new EventSource(`/events?after=${mark}`);
    for (const kind of KINDS) {
      stream.addEventListener(kind, (event) => {
        const id = kind === "started" || kind === "finished" ? event.lastEventId : undefined;
        passOn({ kind, id, data: JSON.parse(event.data) });
        if (kind === "ended") again();
      });
    }
    stream.addEventListener("error", () => {
      passOn({ kind: "lost", data: {} });
      if (stream.readyState === EventSource.CLOSED) again();
    });

    function again() {
      stream.close();
      setTimeout(lead, RETRY);
    }
  }

  // Without locks (a page that is not from this machine, without TLS) each tab has its own stream.
  if (navigator.locks === undefined) lead();
  else navigator.locks.request(NAME, () => (lead(), new Promise(() => {})));
}

/** Whether the event `id` comes after the event `mark` of the same server. */
function isNewer(id, mark) {
  const [start, number] = id.split("-");
  const [ours, newest] = mark.split("-");
  return start === ours && Number(number) > Number(newest);
}
