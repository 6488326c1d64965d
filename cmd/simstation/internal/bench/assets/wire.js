// The wire to the bench: the stream of states in, scenario lines out, frames
// of the screens. Everything is bounded: nothing here waits for ever.

const silence = 3000; // ms without a state before the connection counts as lost
const patience = 5000; // ms for one request

// watch calls onState with every state the bench sends and onLost when it falls
// silent. It reconnects by itself.
export function watch(onState, onLost) {
  let source = null;
  let last = Date.now();
  let lost = false;

  const heard = (event) => {
    let state;
    try {
      state = JSON.parse(event.data);
    } catch {
      return; // half a state is no state
    }
    if (state === null || typeof state !== "object") return;
    last = Date.now();
    lost = false;
    onState(state);
  };
  const open = () => {
    source?.close();
    source = new EventSource("api/events");
    source.addEventListener("message", heard);
    source.addEventListener("state", heard);
  };

  fetch("api/state", { signal: AbortSignal.timeout(patience), cache: "no-store" })
    .then((reply) => (reply.ok ? reply.text() : Promise.reject(reply.status)))
    .then((text) => heard({ data: text }))
    .catch(() => {}); // the stream will say it, or its silence
  open();
  setInterval(() => {
    if (Date.now() - last < silence) return;
    if (!lost) onLost();
    lost = true;
    last = Date.now() - silence + 2000; // try again in two seconds
    open();
  }, 500);
}

let queue = Promise.resolve();
let complain = () => {};

// onTrouble sets who is told when a line could not be done.
export function onTrouble(listener) {
  complain = listener;
}

// act sends one scenario line. Lines reach the bench in the order of the calls:
// a key must not come up before it went down. The next line waits at least gap
// ms more.
export function act(line, gap = 0) {
  queue = queue.then(() => send(line)).catch((problem) => complain(line, problem));
  if (gap) queue = queue.then(() => new Promise((done) => setTimeout(done, gap)));
  return queue;
}

async function send(line) {
  const reply = await fetch("api/do", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ line }),
    signal: AbortSignal.timeout(patience),
  });
  if (reply.ok) return;
  const text = await reply.text();
  let reason = text;
  try {
    reason = JSON.parse(text).error ?? text;
  } catch {
    // plain text is a reason too
  }
  throw new Error(String(reason).trim() || `HTTP ${reply.status}`);
}

// steady returns a function that sends the newest line at most every gap ms,
// for sliders: what was passed over on the way is dropped.
export function steady(gap) {
  let waiting = null;
  let timer = 0;
  const flush = () => {
    timer = 0;
    if (waiting === null) return;
    act(waiting);
    waiting = null;
    timer = setTimeout(flush, gap);
  };
  return (line) => {
    waiting = line;
    if (!timer) flush();
  };
}

// screen keeps a canvas showing url, about three times a second, while wants()
// is true. The picture changes only when the next one is whole: no flicker.
export function screen(canvas, url, wants) {
  const pen = canvas.getContext("2d");
  const turn = async () => {
    if (wants() && !document.hidden) {
      try {
        const reply = await fetch(`${url}?t=${Date.now()}`, {
          signal: AbortSignal.timeout(patience),
          cache: "no-store",
        });
        if (reply.ok) paint(pen, await createImageBitmap(await reply.blob()));
      } catch {
        // the banner tells of a lost connection; the last picture stays
      }
    }
    if (!wants()) pen.clearRect(0, 0, canvas.width, canvas.height); // no old picture at the next start
    setTimeout(turn, 300);
  };
  turn();
}

function paint(pen, picture) {
  const { canvas } = pen;
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
  }
  pen.drawImage(picture, 0, 0);
  picture.close();
}
