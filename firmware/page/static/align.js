// The live meter. It asks for what is new; the answer comes with the next reading. When
// none comes for a while no figure stays, because nobody knows how the signal is now.
"use strict";

{
  const meter = document.getElementById("meter");
  const part = (id) => document.getElementById(id);
  const on = !("off" in meter.dataset);
  const patience = 4000; // ms; the station answers every two seconds when nothing is new
  let tag = meter.dataset.tag;
  let heard = Date.now();

  const write = (id, text) => {
    const node = part(id);
    if (node.textContent !== text) node.textContent = text;
  };
  const paint = (a) => {
    meter.className = "card meter " + a.mood;
    write("now", a.now || meter.dataset.none);
    write("best", a.best);
    write("state", a.state);
    write("phase", a.phase);
    write("say", a.say);
    part("n").value = a.n;
    part("bar").style.width = 100 * a.bar + "%";
    part("bestbar").style.width = 100 * a.mark + "%";
    part("mark").style.left = 100 * a.mark + "%";
    part("mark").hidden = !(a.mark > 0);
  };
  const forget = () => {
    if (!on || Date.now() - heard < patience) return;
    meter.className = "card meter warn";
    write("now", meter.dataset.none);
    write("state", "");
    part("bar").style.width = 0;
    part("net").hidden = false;
    tag = "";
  };

  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  async function watch() {
    for (;;) {
      try {
        const answer = await fetch("/align/news?tag=" + tag, { ...byItself, signal: AbortSignal.timeout(patience) });
        if (answer.redirected) return location.reload(); // somebody has logged out
        if (!answer.ok) throw new Error(answer.status);
        heard = Date.now();
        part("net").hidden = true;
        if (answer.status === 204) continue;
        const a = await answer.json();
        if (a.on !== on) return location.reload();
        tag = answer.headers.get("X-Tag");
        if (on) paint(a);
      } catch {
        forget();
        await rest(500);
      }
    }
  }
  setInterval(forget, 500);
  if (on) {
    tag = ""; // so that the bars are drawn
    if (innerHeight < 900) meter.scrollIntoView(); // the menu takes half of a telephone
  }
  watch();

  // Done does not load the page anew: the meter goes on.
  part("acts")?.addEventListener("submit", (e) => {
    if (e.submitter?.value !== "done") return;
    e.preventDefault();
    const form = new URLSearchParams({ do: "done", n: part("n").value });
    fetch("/align", { method: "POST", body: form, redirect: "manual", signal: AbortSignal.timeout(patience) })
      .then((answer) => { if (answer.type !== "opaqueredirect") location.reload(); }) // it was refused, and the page says why
      .catch(() => { part("net").hidden = false; });
  });
}
