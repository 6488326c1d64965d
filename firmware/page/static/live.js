// Comfort only: the page works without. It fetches the news of a page that shows some,
// keeps the session alive while somebody types, and tells of a file that is too large
// before it is sent.
"use strict";

const byItself = { headers: { "X-By-Itself": "1" } };

// Every five seconds what is marked with data-live takes its new content.
async function renew() {
  const old = document.querySelector("[data-live]");
  if (!old || document.hidden) return;
  const net = document.getElementById("net");
  try {
    const answer = await fetch(location.pathname, byItself);
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
    if (fresh && fresh.innerHTML !== old.innerHTML) old.replaceChildren(...fresh.childNodes);
    net.hidden = true;
  } catch {
    net.hidden = false; // what stands there is old
  }
}
setInterval(renew, 5000);

// Who types is there: at most once a minute the station is told.
let told = Date.now();
document.addEventListener("input", () => {
  if (Date.now() - told < 60000) return;
  told = Date.now();
  fetch("/alive").catch(() => {});
});

for (const file of document.querySelectorAll("input[type=file][data-most]")) {
  file.addEventListener("change", () => {
    const large = [...file.files].some((f) => f.size > Number(file.dataset.most));
    file.setCustomValidity(large ? file.dataset.large : "");
    file.reportValidity();
  });
}
