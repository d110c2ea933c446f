// The console's own script: keys, drafts, live updates. Every action works without it.
"use strict";
(() => {
  const SEEN = "relais:seen", DRAFT = "relais:draft";
  const $ = (selector, root = document) => root.querySelector(selector);
  const app = () => $("#app");
  const openCase = () => $(".case");
  document.documentElement.classList.add("js");

  // Storage may be full or forbidden; nothing depends on it.
  const stored = (area, key) => { try { return area.getItem(key); } catch { return null; } };
  const store = (area, key, value) => {
    try { if (value) area.setItem(key, value); else area.removeItem(key); } catch { /* kept on the page only */ }
  };

  // Drafts: what is typed outlives a reload, an ended session, a lost claim ---------------------------
  const draftKey = (id) => [DRAFT, app().dataset.agent, id].join(":");

  // Near the longest length it says how many characters are left; the server counts the same way.
  function count(field) {
    const left = Number(field.dataset.most) - [...field.value.trim()].length, shown = $(".left", field.form);
    shown.classList.toggle("over", left < 0);
    const words = field.form.dataset[left < 0 ? "over" : "left"];
    shown.textContent = left < 500 ? words.replace("{n}", Math.abs(left)) : "";
  }

  function restoreDrafts() {
    for (const field of document.querySelectorAll(".write textarea")) {
      const draft = stored(sessionStorage, draftKey(field.id));
      if (!field.value && draft) field.value = draft;
      if (field.value) count(field);
    }
  }

  document.addEventListener("input", ({ target }) => {
    if (!target.matches(".write textarea")) return;
    store(sessionStorage, draftKey(target.id), target.value);
    count(target);
  });

  // What was seen: the dot goes out for a case whose latest line was open here ------------------------
  function seenTimes() {
    try { return JSON.parse(stored(localStorage, SEEN)) || {}; } catch { return {}; }
  }

  function markSeen() {
    const times = seenTimes(), shown = openCase();
    if (shown && document.visibilityState === "visible") {
      times[shown.dataset.case] = Math.max(times[shown.dataset.case] || 0, Number(shown.dataset.last));
      const recent = Object.entries(times).sort((a, b) => b[1] - a[1]).slice(0, 500);
      store(localStorage, SEEN, JSON.stringify(Object.fromEntries(recent)));
    }
    for (const row of document.querySelectorAll(".row")) {
      row.classList.toggle("is-seen", (times[row.dataset.case] || 0) >= Number(row.dataset.last));
    }
  }
  document.addEventListener("visibilitychange", markSeen);

  // Live updates ------------------------------------------------------------------------------------
  let source = null, sourceUrl = "", offlineTimer = 0;
  const stale = new Set();
  const isBusy = () => $("#progress").classList.contains("is-busy");

  // Never while the agent's own click is on its way: its form must still be there when the answer comes.
  function freshen() {
    for (const part of isBusy() ? [] : stale) {
      const it = $("#refresh-" + part);
      if (it) htmx.trigger(it, "refresh");
      stale.delete(part);
    }
  }

  function listen() {
    const url = app() && app().dataset.events;
    if (!url || (url === sourceUrl && source.readyState !== EventSource.CLOSED)) return;
    if (source) source.close();
    sourceUrl = url;
    source = new EventSource(url + (url.includes("?") ? "&" : "?") + "seen=" + $("#seen").dataset.seen);
    const refresh = (part) => () => { stale.add(part); freshen(); };
    source.addEventListener("list", refresh("list"));
    source.addEventListener("case", refresh("case"));
    source.addEventListener("ended", () => {
      source.close();
      const back = encodeURIComponent(location.pathname + location.search);
      $("#ended a").setAttribute("href", `${app().dataset.base}/login?expired=1&next=${back}`);
      $("#ended").hidden = false;
    });
    source.onopen = () => { clearTimeout(offlineTimer); offlineTimer = 0; $("#offline").hidden = true; };
    source.onerror = () => {
      offlineTimer ||= setTimeout(() => { $("#offline").hidden = false; }, 4000);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => { sourceUrl = ""; listen(); }, 5000);
    };
  }
  window.addEventListener("pagehide", () => source && source.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) { sourceUrl = ""; listen(); } });

  // Swaps: a refresh changes what is shown and keeps what the agent is doing ---------------------------
  let isRefresh = false, held = null, wish = null;
  const isRefreshing = (element) => Boolean(element && element.id && element.id.startsWith("refresh-"));

  const kept = (name, node) =>
    (name === "open" && node.matches("details")) ||
    (name === "checked" && node.matches(".mode")) ||
    (name === "value" && (node.matches("textarea") || node.name === "key"));

  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(isRefresh && kept(name, node));
  Idiomorph.defaults.callbacks.beforeNodeRemoved = (node) => !(isRefresh && node.id === "problem");
  Idiomorph.defaults.callbacks.afterNodeAdded = (node) => {
    if (isRefresh && node.nodeType === 1 && node.matches("li, .block, .system")) node.classList.add("is-new");
  };

  // The row under the pointer stays under it, whatever comes or goes above.
  function hold() {
    const row = $("#list-scroll li:hover");
    held = row && { id: row.id, top: row.getBoundingClientRect().top };
  }

  function putBack() {
    const row = held && document.getElementById(held.id), scroller = $("#list-scroll");
    if (!row) return;
    const moved = () => row.getBoundingClientRect().top - held.top;
    scroller.scrollTop += moved();
    const rest = Math.round(moved());
    if (rest < 0) scroller.style.paddingTop = (parseFloat(scroller.style.paddingTop) || 0) - rest + "px";
    if (rest > 0) {
      scroller.style.paddingBottom = scroller.clientHeight + "px";
      scroller.scrollTop += moved();
    }
  }
  document.addEventListener("mouseout", (event) => {
    const scroller = $("#list-scroll");
    if (!scroller || scroller.contains(event.relatedTarget) || !scroller.contains(event.target)) return;
    scroller.style.paddingTop = scroller.style.paddingBottom = "";
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const from = event.detail.requestConfig && event.detail.requestConfig.elt;
    isRefresh = isRefreshing(from);
    if (isRefresh && isBusy()) {
      event.detail.shouldSwap = false;
      stale.add(from.id.slice("refresh-".length));
      return;
    }
    // What was sent is a draft no more.
    if (!isRefresh && event.detail.xhr.status < 400 && from && from.dataset.write) {
      store(sessionStorage, draftKey($("textarea", from).id), "");
    }
    hold();
  });

  document.addEventListener("htmx:afterSwap", () => { putBack(); settle(); });

  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    $("#failed").hidden = true;
    if (!isRefreshing(detail.elt)) $("#progress").classList.add("is-busy");
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (isRefreshing(detail.elt)) return;
    $("#progress").classList.remove("is-busy");
    freshen();
    if (wish) setTimeout(wish); // once htmx has let go of the request
    wish = null;
  });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, ({ detail }) => {
      if (!isRefreshing(detail.elt)) $("#failed").hidden = false;
    });
  }

  let isFirst = true;
  function settle() {
    if (!app() || !app().dataset.agent) return;
    const wasRefresh = isRefresh;
    isRefresh = false;
    restoreDrafts();
    markSeen();
    if (wasRefresh) return;
    listen();
    notice();
    // On a phone the list has gone, and with it what had the focus.
    if (!isFirst && openCase() && document.activeElement === document.body && !$("#list").offsetParent) $("#case-name").focus();
    isFirst = false;
  }

  function notice() {
    const shown = $("#notice");
    if (!shown) return;
    const address = new URL(location);
    address.searchParams.delete("done");
    address.searchParams.delete("mode");
    history.replaceState(history.state, "", address);
    setTimeout(() => { shown.classList.add("is-leaving"); setTimeout(() => shown.remove(), 400); }, 4500);
  }

  // Where the form was sent without a swap, the page that follows tells that its draft was sent.
  function forgetSentDraft() {
    const mode = { replied: "reply", noted: "note" }[new URL(location).searchParams.get("done")];
    if (mode && openCase()) store(sessionStorage, draftKey(`${mode}-${openCase().dataset.case}`), "");
  }

  // Keys --------------------------------------------------------------------------------------------
  function write(mode) {
    const shown = openCase();
    if (!shown) return;
    const radio = document.getElementById(`mode-${mode}-${shown.dataset.case}`);
    radio.checked = true;
    const field = document.getElementById(`${mode}-${shown.dataset.case}`);
    if (field) field.focus();
    else ($(".locked button") || radio).focus();
  }

  function move(step) {
    const rows = [...document.querySelectorAll(".row")];
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement.closest(".row") || $(".row[aria-current]"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function claim() {
    const row = document.activeElement.closest(".row"), shown = openCase();
    const isOther = row && (!shown || row.dataset.case !== shown.dataset.case);
    if (!isOther) { const button = $("[data-claim]"); if (button) button.click(); return; }
    if (!("claimable" in row.dataset)) return;
    const form = $("#quick-claim");
    form.setAttribute("action", `${app().dataset.base}/cases/${row.dataset.case}/claim`);
    form.elements.key.value = crypto.getRandomValues(new Uint32Array(4)).join("-");
    form.elements.back.value = row.getAttribute("href");
    htmx.process(form);
    form.requestSubmit();
  }

  function resolve() {
    const menu = $("[data-resolve]");
    if (!menu) return;
    menu.open = true;
    $("button", menu).focus();
  }

  const ACTIONS = {
    j: () => move(1), k: () => move(-1), c: claim, r: () => write("reply"), n: () => write("note"),
    e: resolve, "?": () => $("#keys").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("textarea, input:not(.mode), select");
    if (field && field.form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      field.form.requestSubmit();
      return;
    }
    if (event.key === "Escape") {
      const menu = $(".menu[open]");
      if (menu) { menu.open = false; $("summary", menu).focus(); }
      else if (field) ($(".row[aria-current]") || field).focus();
      if (field) field.blur();
      return;
    }
    if (field || event.ctrlKey || event.metaKey || event.altKey || !$("#keys") || $("#keys").open) return;
    const action = ACTIONS[event.key];
    if (!action) return;
    event.preventDefault();
    // Quick fingers: what is pressed while a page is on its way is meant for that page.
    if (isBusy() && "crne".includes(event.key)) wish = action;
    else action();
  });

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-open-keys]")) $("#keys").showModal();
  });

  document.addEventListener("submit", ({ target }) => {
    if (!target.matches("[data-logout]")) return;
    // What was typed and not sent must not wait here for the next person.
    try { sessionStorage.clear(); } catch { /* nothing was stored */ }
  });

  document.addEventListener("change", ({ target }) => {
    if (target.matches(".mode")) write(target.value);
  });

  if (app()) { if (app().dataset.agent) forgetSentDraft(); settle(); }
})();
