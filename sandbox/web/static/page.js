// Opens a record beside the table. Without this script the same links open pages.
"use strict";

const drawer = document.getElementById("record");

async function open(link) {
  const response = await fetch(link.href + "?part=1");
  if (!response.ok) {
    location.assign(link.href);
    return;
  }
  const bar = document.createElement("div");
  bar.className = "drawer-bar";
  const full = document.createElement("a");
  full.href = link.href;
  full.textContent = "Open as a page";
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => drawer.close());
  bar.append(full, close);
  // Our own server's answer, in which every value of a company is escaped.
  const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
  drawer.replaceChildren(bar, ...parsed.body.childNodes);
  drawer.scrollTop = 0;
  drawer.showModal();
}

if (drawer) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.open");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(link).catch(() => location.assign(link.href));
  });
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer) drawer.close();
  });
}

document.addEventListener("keydown", (event) => {
  const search = document.getElementById("search");
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
  if (event.key === "/" && search && !typing && !drawer?.open) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});
