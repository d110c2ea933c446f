// The chat's page, made live: sends without leaving, shows at once, follows the events.
// Everything works without it too, by plain forms.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const words = $("words").dataset;
  const [log, typing, composer, text, picked] = ["log", "typing", "composer", "text", "files"].map($);
  const [status, problem, offline, below, file, count] =
    ["status", "problem", "offline", "below", "file", "count"].map($);
  const store = `relais-draft:${words.path}`;
  const title = document.title;
  let owner = words.owner;
  let cursor = Number(words.cursor);
  let stream = null;
  let files = [];
  let queue = Promise.resolve();
  let unread = 0;

  // What is seen ---------------------------------------------------------------------------------

  const gap = () => document.documentElement.scrollHeight - window.innerHeight - window.scrollY;
  let atEnd = true;
  const toEnd = () => {
    window.scrollTo(0, document.documentElement.scrollHeight);
    atEnd = true;
    below.hidden = true;
  };

  // An answer taller than the window is read from its first line, not from its last.
  const reveal = (first) => {
    const top = first.getBoundingClientRect().top + window.scrollY - document.querySelector(".bar").offsetHeight - 16;
    if (gap() + window.scrollY > top) window.scrollTo(0, top);
    else toEnd();
    atEnd = gap() < 48;
  };

  const mark = () => {
    document.title = unread ? `(${unread}) ${words.unread} · ${title}` : title;
  };

  const pendings = () => [...log.querySelectorAll(".line.pending")];
  const plain = (value) => value.replace(/\s+/g, " ").trim();

  const settleChoices = (said) => {
    // An offer under an answer stays good; one beside a question goes with the question.
    for (const line of log.querySelectorAll(".line:not(:has(.source))")) {
      line.querySelectorAll(".quiet").forEach((group) => group.remove());
    }
    for (const group of log.querySelectorAll(".choices")) {
      const buttons = [...group.querySelectorAll("button")];
      if (buttons.some((button) => button.disabled)) continue;
      buttons.forEach((button, index) => {
        button.disabled = true;
        if (said === plain(button.dataset.label) || said === String(index + 1)) {
          button.classList.add("chosen");
          const note = document.createElement("span");
          note.className = "unseen";
          note.textContent = `(${words.chosen})`;
          button.append(note);
        }
      });
    }
  };

  const showTyping = (on) => {
    const shown = on && owner === "bot";
    if (shown === !typing.hidden) return;
    const follow = gap() < 96;
    typing.hidden = !shown;
    if (shown && follow) toEnd();
  };

  const showMine = (said, names) => {
    const line = $("mine").content.cloneNode(true).firstElementChild;
    const body = line.querySelector(".said");
    if (said) body.textContent = said;
    else body.remove();
    for (const name of names) {
      const chip = document.createElement("p");
      chip.className = "file";
      chip.textContent = name;
      line.insertBefore(chip, line.querySelector(".fate"));
    }
    line.classList.add("pending", "fresh");
    line.dataset.text = said;
    log.append(line);
    settleChoices(plain(said));
    toEnd();
    return line;
  };

  // The line that was shown at once stays where it is, so that a screen reader does not read it twice.
  const become = (mine, node) => {
    mine.id = node.id;
    mine.dataset.day = node.dataset.day;
    mine.classList.remove("pending");
    mine.querySelector(".fate").replaceWith(node.querySelector(".fate"));
    const [shown, stored] = [mine.querySelector(".said"), node.querySelector(".said")];
    if (shown && stored && shown.innerHTML !== stored.innerHTML) shown.replaceWith(stored);
    const names = mine.querySelectorAll(".file");
    [...node.querySelectorAll(".file")].forEach((chip, index) => {
      if (names[index]) names[index].replaceWith(chip);
    });
  };

  const takeLines = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    let first = null;
    for (const node of [...holder.content.children]) {
      if (node.id && $(node.id)) continue;
      const waiting = pendings();
      if (node.classList.contains("day")) {
        const known = [...log.querySelectorAll(".line[data-day]")].pop();
        if (known && known.dataset.day !== node.dataset.day) log.insertBefore(node, waiting[0] || null);
        continue;
      }
      if (node.classList.contains("user")) {
        const mine = waiting.find((line) => plain(line.dataset.text) === plain(node.dataset.text));
        if (mine) become(mine, node);
        else {
          log.insertBefore(node, waiting[0] || null);
          settleChoices(plain(node.dataset.text));
        }
        continue;
      }
      node.classList.add("fresh");
      log.insertBefore(node, waiting[0] || null);
      first = first || node;
    }
    return first;
  };

  const takeNews = (news, id) => {
    if (news.reload) return location.reload();
    if (news.language !== document.documentElement.lang) return location.reload();
    owner = news.owner;
    if (plain(status.innerHTML) !== plain(news.status)) status.innerHTML = news.status;
    setPlaceholder();
    const stick = atEnd || gap() < 96;
    const first = news.html ? takeLines(news.html) : null;
    showTyping(news.busy || pendings().length > 0);
    if (first && document.hidden) {
      unread += 1;
      mark();
    }
    if (first && stick) reveal(first);
    else if (first) below.hidden = false;
    cursor = Math.max(cursor, id);
    return undefined;
  };

  const setPlaceholder = () => {
    const key = { queue: "placeholderQueue", agent: "placeholderAgent", closed: "placeholderClosed" }[owner];
    text.placeholder = words[key] || words.placeholder;
  };

  // Following ------------------------------------------------------------------------------------

  const follow = () => {
    if (stream) stream.close();
    stream = new EventSource(`${words.path}/events?after=${cursor}`);
    stream.addEventListener("open", () => { offline.hidden = true; });
    stream.addEventListener("chat", (event) => takeNews(JSON.parse(event.data), Number(event.lastEventId)));
    stream.addEventListener("rest", () => rest());
    stream.addEventListener("error", () => {
      // Brief cuts mend themselves; only a long one is worth a word.
      const broken = stream;
      setTimeout(() => {
        if (stream !== broken || broken.readyState === EventSource.OPEN) return;
        offline.hidden = false;
        if (broken.readyState === EventSource.CLOSED) setTimeout(follow, 5000);
      }, 4000);
    });
  };

  // Another page of the same chat took the place, or the server is stopping: wait to be looked at.
  const rest = () => {
    stream.close();
    stream = null;
    if (!document.hidden && document.hasFocus()) setTimeout(() => stream || follow(), 1000);
  };

  const wake = () => {
    if (document.hidden) return;
    unread = 0;
    mark();
    if (!stream || stream.readyState === EventSource.CLOSED) follow();
  };
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("focus", wake);
  window.addEventListener("online", () => follow());

  // Sending --------------------------------------------------------------------------------------

  const newKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

  const request = (fields, attached) => {
    const headers = { accept: "application/json" };
    if (!attached.length) {
      headers["content-type"] = "application/json";
      return { method: "POST", headers, body: JSON.stringify(fields), credentials: "same-origin" };
    }
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    for (const each of attached) form.append("file", each, each.name);
    return { method: "POST", headers, body: form, credentials: "same-origin" };
  };

  // The same key each time: however often it is tried, the message arrives once.
  const deliver = async (fields, attached) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await fetch(`${words.path}/messages`, request(fields, attached));
        if (answer.ok) return null;
        if (answer.status < 500 || attempt === 2) {
          const said = await answer.json().catch(() => ({}));
          return said.message || words.failed;
        }
      } catch {
        if (attempt === 2) return words.failed;
      }
      await pause(600 * 3 ** attempt);
    }
  };

  const fail = (line, reason, again) => {
    line.classList.remove("pending");
    line.classList.add("unsent");
    const fate = line.querySelector(".fate");
    fate.textContent = reason;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = words.again;
    button.addEventListener("click", again);
    fate.append(button);
  };

  const send = (fields, said, attached = []) => {
    problem.hidden = true;
    const line = showMine(said, attached.map((each) => each.name));
    const go = () => {
      line.classList.remove("unsent");
      line.classList.add("pending");
      line.querySelector(".fate").textContent = words.sending;
      showTyping(true);
      // One after the other, so that they arrive in the order in which they were written.
      queue = queue.then(() => deliver(fields, attached)).then((reason) => {
        if (reason) {
          fail(line, reason, go);
          showTyping(pendings().length > 0);
          return;
        }
        setTimeout(() => {
          if (line.classList.contains("pending")) follow(); // stored, but not heard of: the stream is asleep
        }, 3000);
      });
    };
    go();
  };

  const say = () => {
    const said = text.value.trim();
    if (!said && !files.length) {
      text.focus();
      return;
    }
    if ([...said].length > Number(words.maxChars)) {
      text.focus();
      return;
    }
    send({ key: newKey(), text: said }, said, files);
    text.value = "";
    files = [];
    showFiles();
    grow();
    text.focus();
  };

  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    say();
  });

  text.addEventListener("keydown", (event) => {
    const phone = window.matchMedia("(pointer: coarse)").matches;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || phone) return;
    event.preventDefault();
    say();
  });

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.target === composer || !button || !["press", "command"].includes(button.name)) return;
    event.preventDefault();
    send({ key: newKey(), [button.name]: button.value }, plain(button.dataset.label));
    text.focus({ preventScroll: true });
  });

  // Writing --------------------------------------------------------------------------------------

  const grow = () => {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
    const left = Number(words.maxChars) - [...text.value.trim()].length;
    const shown = left < 0 ? words.over : left < 300 ? words.left : "";
    count.textContent = shown.replace("#", String(Math.abs(left)));
    count.classList.toggle("over", left < 0);
    try {
      if (text.value) sessionStorage.setItem(store, text.value);
      else sessionStorage.removeItem(store);
    } catch { /* storage may be forbidden; the draft is then only on the page */ }
  };
  text.addEventListener("input", grow);

  const showFiles = () => {
    picked.replaceChildren(...files.map((each, index) => {
      const item = document.createElement("li");
      const name = document.createElement("span");
      name.className = "file-name";
      name.textContent = each.name;
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", words.remove.replace("#", each.name));
      remove.addEventListener("click", () => {
        files.splice(index, 1);
        showFiles();
        text.focus();
      });
      item.append(name, remove);
      return item;
    }));
    picked.hidden = !files.length;
    file.value = "";
  };

  const pick = (chosen) => {
    const all = [...files, ...chosen];
    const bytes = all.reduce((sum, each) => sum + each.size, 0);
    problem.hidden = bytes <= Number(words.maxBytes);
    if (problem.hidden) files = all;
    else problem.textContent = words.tooLarge;
    showFiles();
    text.focus();
  };
  file.addEventListener("change", () => pick(file.files));
  text.addEventListener("paste", (event) => {
    if (!event.clipboardData || !event.clipboardData.files.length) return;
    event.preventDefault();
    pick(event.clipboardData.files);
  });

  below.addEventListener("click", toEnd);
  window.addEventListener("scroll", () => {
    atEnd = gap() < 48;
    if (atEnd) below.hidden = true;
  }, { passive: true });

  try {
    if (!text.value) text.value = sessionStorage.getItem(store) || "";
  } catch { /* as above */ }
  grow();
  setPlaceholder();
  history.scrollRestoration = "manual";
  const begin = () => {
    const said = [...log.querySelectorAll(".line")];
    const last = said.map((line) => line.classList.contains("user")).lastIndexOf(true);
    if (said[last + 1]) reveal(said[last + 1]);
    else toEnd();
  };
  begin();
  window.addEventListener("load", begin);
  if (window.matchMedia("(pointer: fine)").matches) text.focus({ preventScroll: true });
  follow();
})();
