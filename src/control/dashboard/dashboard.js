// The dashboard. Everything that came from elsewhere is put into the page as text, never as markup.
"use strict";

const stages = ["waiting", "fetching", "delivering", "done", "stuck"];
const pageSize = 50;
const largestHeldVideo = 256 * 1024 * 1024; // with a token the page fetches a video whole: a <video> cannot send one
const tokenKey = "seedhook.token";

const state = {
  stage: "", status: "", source: "", text: "", // of the list
  pages: 1,
  rows: new Map(), // by the task's number in the store
  open: null, // {source, id}
  shown: "", // what the open task's section was made from
  video: null, // {key, url}
  lastEvent: "",
  sources: [],
};

const $ = id => document.getElementById(id);

// An element of that class, with children that are elements or texts.
function make(tag, kind, ...children) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...children.map(c => c ?? ""));
  return element;
}

// Only words of the API's own become names of classes.
const known = (word, among) => (among.includes(word) ? word : "");
const statuses = ["queued", "processing", "succeeded", "failed", "cancelled", "expired"];
const jobStates = ["pending", "running", "blocked", "done", "rejected"];

// ---- speaking to the daemon ----

class Refused extends Error {}

async function call(path, options = {}) {
  const headers = { ...options.headers };
  const token = sessionStorage.getItem(tokenKey);
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit" });
  if (answer.status === 401) {
    if (token === sessionStorage.getItem(tokenKey)) askForToken(Boolean(token)); // else another was given meanwhile
    throw new Refused("the daemon asks for its token");
  }
  return answer;
}

async function json(path, options) {
  const answer = await call(path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body?.error?.message ?? `HTTP status ${answer.status}`);
  return body;
}

function askForToken(wasWrong) {
  sessionStorage.removeItem(tokenKey);
  if ($("ask").open) return;
  $("wrong").hidden = !wasWrong;
  $("token").value = "";
  $("ask").showModal();
}

$("ask").addEventListener("cancel", event => event.preventDefault());
$("ask").addEventListener("close", () => {
  sessionStorage.setItem(tokenKey, $("token").value);
  refreshAll();
  listenSoon(0);
});

// ---- texts ----

function age(then, now = Date.now()) {
  const seconds = Math.max(0, Math.floor((now - Date.parse(then)) / 1000));
  for (const [length, unit] of [[86400, "d"], [3600, "h"], [60, "m"]]) {
    if (seconds >= length) return `${Math.floor(seconds / length)}${unit}`;
  }
  return `${seconds}s`;
}

function clock(at) {
  const then = new Date(at);
  const today = new Date().toDateString() === then.toDateString();
  return today ? then.toLocaleTimeString([], { hour12: false })
    : then.toLocaleDateString([], { month: "short", day: "numeric" }) + " " +
      then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let n = bytes, i = 0;
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
  return `${n >= 100 || i === 0 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

function timeOf(at) {
  const element = make("time", "", clock(at));
  element.dateTime = at;
  element.title = new Date(at).toLocaleString();
  return element;
}

// ---- the list ----

const hrefOf = task => `#/task/${encodeURIComponent(task.source)}/${encodeURIComponent(task.requestId)}`;
const pathOf = (task, more = "") =>
  `/v1/tasks/${encodeURIComponent(task.requestId)}${more}?source=${encodeURIComponent(task.source)}`;

function stageMark(stage) {
  return make("span", `stage ${known(stage, stages)}`, stage);
}

function rowOf(task) {
  const link = make("a", "id", task.requestId);
  link.href = hrefOf(task);
  link.title = task.requestId;
  const row = make("tr", "", make("td", "", link), make("td", "stagecell"), make("td", "status"),
    make("td", "wide model", task.model), make("td", "wide source", task.source), make("td", "number"));
  row.addEventListener("click", event => {
    if (!event.target.closest("a, button") && !String(getSelection())) location.hash = hrefOf(task);
  });
  return row;
}

function fillRow(row, task) {
  const [, stage, status, model, source, since] = row.children;
  if (row.dataset.stage !== task.stage) {
    row.dataset.stage = task.stage;
    stage.replaceChildren(stageMark(task.stage));
    if (task.stage === "stuck") stage.append(retryButton(task, "Retry"));
  }
  row.dataset.status = task.status;
  status.textContent = task.status;
  status.className = `status ${known(task.status, statuses)}`;
  model.textContent = task.model;
  source.hidden = state.sources.length < 2;
  since.dataset.at = task.createdAt;
  since.textContent = age(task.createdAt);
  since.title = new Date(task.createdAt).toLocaleString();
  row.classList.toggle("open", state.open?.id === task.requestId && state.open?.source === task.source);
}

function listPath(cursor) {
  const query = new URLSearchParams({ limit: String(pageSize) });
  for (const [key, value] of [["stage", state.stage], ["status", state.status], ["source", state.source],
    ["q", state.text], ["cursor", cursor]]) {
    if (value) query.set(key, value);
  }
  return `/v1/tasks?${query}`;
}

const wantedList = () => [state.stage, state.status, state.source, state.text].join("\n");

async function refreshList() {
  const wanted = wantedList();
  const tasks = [];
  let cursor = "";
  // A page of a search through many tasks may come short, and the next one goes on.
  for (let asked = 0; tasks.length < state.pages * pageSize && asked < state.pages + 20; asked++) {
    const answer = await json(listPath(cursor));
    if (wanted !== wantedList()) return;
    tasks.push(...answer.tasks);
    cursor = answer.next;
    if (!cursor) break;
  }
  showList(tasks, Boolean(cursor), wanted);
}

function showList(tasks, goesOn, wanted) {
  const fresh = state.listShown === wanted; // else all of them are new to this list
  const rows = new Map();
  for (const task of tasks) {
    let row = state.rows.get(task.id);
    if (!row) {
      row = rowOf(task);
      if (fresh) row.classList.add("fresh");
    }
    fillRow(row, task);
    rows.set(task.id, row);
  }
  state.rows = rows;
  state.listShown = wanted;
  const wantedRows = [...rows.values()];
  const body = $("rows");
  wantedRows.forEach((row, i) => { if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null); });
  while (body.children.length > wantedRows.length) body.lastChild.remove();
  const narrowed = state.stage || state.status || state.source || state.text;
  $("empty").hidden = tasks.length > 0;
  $("empty").textContent = narrowed ? "No task is like this." :
    "No tasks yet. One appears here when a callback comes in, or when it is submitted through the gateway or `seedhook submit`.";
  $("more").hidden = !goesOn;
}

$("more").addEventListener("click", () => { state.pages++; soon(refreshList); });
$("search").addEventListener("input", () => narrow({ text: $("search").value.trim() }));
$("status").addEventListener("change", () => narrow({ status: $("status").value }));
$("source").addEventListener("change", () => narrow({ source: $("source").value }));

function narrow(by) {
  Object.assign(state, by, { pages: 1 });
  for (const button of $("stages").children) button.setAttribute("aria-pressed", String(button.value === state.stage));
  soon(refreshList, 150);
}

// ---- what there is to do ----

// A button that acts at once, or, with `sure`, at a second click.
function actButton(label, act, { sure = "", kind = "small" } = {}) {
  const button = make("button", kind, label);
  let asked = !sure;
  button.addEventListener("click", async event => {
    event.stopPropagation();
    if (!asked) {
      asked = true;
      button.textContent = sure;
      button.classList.add("warm");
      setTimeout(() => { asked = false; button.textContent = label; button.classList.remove("warm"); }, 4000);
      return;
    }
    button.disabled = true;
    try {
      await act();
      refreshAll();
    } catch (fault) {
      button.title = fault.message;
      say(fault);
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

function post(path, body) {
  return json(path, { method: "POST", headers: { "Content-Type": "application/json" },
    body: body ? JSON.stringify(body) : undefined });
}

function retryButton(task, label, options) {
  return actButton(label, () => post(pathOf(task, "/redeliver")), options);
}

// ---- one task ----

async function refreshDetail() {
  const open = state.open;
  if (!open) return;
  const answer = await call(pathOf({ source: open.source, requestId: open.id }));
  const task = await answer.json();
  if (open !== state.open) return;
  if (!answer.ok) {
    showMissing(open, task?.error?.message);
    return;
  }
  const text = JSON.stringify(task);
  if (text !== state.shown) {
    state.shown = text;
    showDetail(task);
  }
}

function headOf(title) {
  const close = make("button", "small", "Close");
  close.addEventListener("click", () => { location.hash = "#/"; });
  return make("header", "", make("h2", "id", title), close);
}

function showMissing(open, why) {
  $("detail").replaceChildren(headOf(open.id), make("p", "note", why ?? "There is no such task."));
}

function fact(list, name, value) {
  if (value !== null && value !== undefined && value !== "") list.append(make("dt", "", name), make("dd", "", value));
}

function showDetail(task) {
  const section = $("detail");
  const facts = make("dl", "facts");
  fact(facts, "Stage", stageMark(task.stage));
  fact(facts, "Status", make("span", known(task.status, statuses), task.status));
  fact(facts, "Error", task.error && [task.error.code, task.error.message].filter(Boolean).join(": "));
  fact(facts, "Source", task.source);
  fact(facts, "Model", task.model);
  fact(facts, "Video", task.video && `${size(task.video.size)}, ${task.video.contentType}`);
  fact(facts, "SHA-256", task.video && make("span", "id", task.video.sha256));
  fact(facts, "Fetched so far", task.fetchedBytes === null ? "" : size(task.fetchedBytes));
  fact(facts, "First seen", timeOf(task.createdAt));
  fact(facts, "Settled", task.settledAt && make("span", "", timeOf(task.settledAt), ` by ${task.settledBy}`));
  for (const [key, value] of Object.entries(task.metadata)) {
    fact(facts, `metadata.${key}`, typeof value === "string" ? value : JSON.stringify(value));
  }
  const actions = make("div", "actions");
  if (task.stage === "stuck") actions.append(retryButton(task, "Retry", { kind: "" }));
  if (task.stage === "done" && task.deliveries.length) {
    actions.append(retryButton(task, "Deliver again", { kind: "", sure: "Deliver to every sink again?" }));
  }
  if (task.stage === "waiting") {
    actions.append(actButton("Cancel", () => post(pathOf(task, "/cancel")), { kind: "", sure: "Cancel it upstream?" }));
  }
  const place = make("div", "");
  section.replaceChildren(headOf(task.requestId), place, facts, ...(actions.children.length ? [actions] : []));
  if (task.deliveries.length) section.append(make("h3", "", "Deliveries"), deliveriesOf(task));
  const jobs = task.jobs.filter(job => job.state !== "done");
  if (jobs.length) section.append(make("h3", "", "Still to do"), jobsOf(jobs));
  section.append(make("h3", "", "History"), historyOf(task.events));
  if (task.video) showVideo(task, place);
}

function deliveriesOf(task) {
  const list = make("ul", "deliveries");
  for (const d of task.deliveries) {
    const line = make("div", "line", make("b", "", d.sink), make("span", `state ${known(d.state, jobStates)}`, d.state),
      make("span", "note", d.attempts > 1 ? `${d.attempts} attempts` : ""));
    if (d.state === "rejected") {
      line.append(actButton("Retry", () => post(pathOf(task, "/redeliver"), { sink: d.sink })));
    }
    list.append(make("li", "", line, make("div", "text", d.note)));
  }
  return list;
}

function jobsOf(jobs) {
  const list = make("ul", "deliveries");
  for (const job of jobs) {
    const line = make("div", "line", make("b", "", job.kind), make("span", `state ${known(job.state, jobStates)}`, job.state),
      make("span", "note", job.state === "running" ? "" : "due ", job.state === "running" ? "" : timeOf(job.dueAt)));
    list.append(make("li", "", line, make("div", "text", job.note)));
  }
  return list;
}

const badKinds = ["conflict", "rejected", "blocked", "lost", "retry"];

function historyOf(events) {
  const list = make("ol", "history");
  for (const event of events) {
    const item = make("li", badKinds.includes(event.kind) ? "bad" : "", timeOf(event.at),
      make("div", "", make("b", "", event.kind), make("span", "text", event.detail)));
    list.append(item);
  }
  return list;
}

// The same video is not asked for again while its task changes.
function showVideo(task, place) {
  const key = `${task.source}/${task.requestId}/${task.video.sha256}`;
  if (state.video?.key !== key) {
    dropVideo();
    const element = document.createElement("video");
    element.controls = true;
    element.preload = "metadata";
    element.playsInline = true;
    state.video = { key, element, note: make("p", "note") };
    loadVideo(task, state.video);
  }
  place.append(state.video.element, state.video.note);
}

function dropVideo() {
  if (state.video?.url) URL.revokeObjectURL(state.video.url);
  state.video?.element.removeAttribute("src");
  state.video?.element.load();
  state.video = null;
}

async function loadVideo(task, video) {
  const missing = why => { video.element.hidden = true; video.note.textContent = why; };
  try {
    const there = await call(pathOf(task, "/video"), { method: "HEAD" });
    if (!there.ok) {
      missing("The video is no longer here: its sinks have it.");
    } else if (!sessionStorage.getItem(tokenKey)) {
      video.element.src = pathOf(task, "/video");
    } else if (task.video.size > largestHeldVideo) {
      missing("The video is too large to be shown here: fetch it from /v1/tasks/…/video.");
    } else {
      video.note.textContent = "Loading…";
      const blob = await (await call(pathOf(task, "/video"))).blob();
      if (state.video !== video) return;
      video.note.textContent = "";
      video.url = URL.createObjectURL(blob);
      video.element.src = video.url;
    }
  } catch (fault) {
    missing(`The video could not be loaded: ${fault.message}`);
  }
}

function follow() {
  const parts = location.hash.match(/^#\/task\/([^/]+)\/([^/]+)$/);
  let open = null;
  try {
    if (parts) open = { source: decodeURIComponent(parts[1]), id: decodeURIComponent(parts[2]) };
  } catch { /* no address of ours */ }
  if (open?.id !== state.open?.id || open?.source !== state.open?.source || !open) dropVideo();
  state.open = open;
  state.shown = "";
  $("detail").hidden = !open;
  if (open) {
    $("detail").replaceChildren(headOf(open.id));
    $("detail").focus({ preventScroll: true });
    if (matchMedia("(max-width: 900px)").matches) scrollTo(0, 0);
  }
  for (const row of state.rows.values()) {
    row.classList.toggle("open", Boolean(open) && row.querySelector("a").getAttribute("href") === location.hash);
  }
  soon(refreshDetail);
}
addEventListener("hashchange", follow);
addEventListener("keydown", event => {
  if (event.key === "Escape" && state.open && !$("ask").open) location.hash = "#/";
  if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName)) {
    event.preventDefault();
    $("search").focus();
  }
});

// ---- the whole ----

async function refreshSummary() {
  const all = await json("/v1/summary");
  $("version").textContent = all.version;
  const health = $("health");
  health.textContent = !all.ready ? "not ready" : all.degraded.length ? "degraded" : "ready";
  health.className = `pill ${!all.ready ? "bad" : all.degraded.length ? "degraded" : "ready"}`;
  const troubles = [...all.reasons, ...all.degraded];
  $("degraded").hidden = troubles.length === 0;
  $("degraded").replaceChildren(...troubles.map(text => make("li", "", text)));
  showStages(all.tasks);
  showSources(all.sources);
  $("sinklist").replaceChildren(...(all.sinks.length ? all.sinks.map(sinkCard)
    : [make("p", "note", "No sink is configured: videos are not fetched.")]));
  showRates(all.rates);
  const stuck = all.tasks.stuck ?? 0;
  document.title = stuck ? `(${stuck} stuck) seedhook` : "seedhook";
}

function showStages(counts) {
  const nav = $("stages");
  if (!nav.children.length) {
    for (const stage of ["", ...stages]) {
      const button = make("button", stage, stage || "all", make("b"));
      button.value = stage;
      button.setAttribute("aria-pressed", String(stage === state.stage));
      button.addEventListener("click", () => narrow({ stage }));
      nav.append(button);
    }
  }
  const total = stages.reduce((sum, stage) => sum + (counts[stage] ?? 0), 0);
  for (const button of nav.children) {
    const count = button.value ? counts[button.value] ?? 0 : total;
    button.querySelector("b").textContent = count.toLocaleString();
    button.classList.toggle("some", count > 0);
  }
}

function showSources(sources) {
  if (String(sources) === String(state.sources)) return;
  state.sources = sources;
  const choice = $("source");
  choice.hidden = sources.length < 2;
  const options = ["", ...sources].map(name => {
    const option = make("option", "", name || "any source");
    option.value = name;
    return option;
  });
  choice.replaceChildren(...options);
  choice.value = state.source;
  document.querySelector("th.source").hidden = sources.length < 2;
  soon(refreshList);
}

function sinkCard(sink) {
  const busy = sink.due + sink.running + sink.scheduled;
  const waiting = [[sink.running, "delivering"], [sink.due, "due"], [sink.scheduled, "to be tried again"],
    [sink.blocked, "blocked"]].filter(([n]) => n > 0).map(([n, what]) => `${n.toLocaleString()} ${what}`).join(", ");
  const head = make("div", "line",
    make("span", `dot ${sink.blocked ? "blocked" : busy || sink.delivered ? "" : "idle"}`), make("b", "", sink.name),
    make("span", "note", sink.type || "not configured"), make("span", "", waiting || "idle"));
  const card = make("div", "sink", head);
  if (sink.blocked) card.append(make("div", "text bad", sink.blockedBecause));
  card.append(lastLine(sink.lastDelivered, "last delivered", sink.delivered, "delivered"));
  if (sink.lastFailed) card.append(lastLine(sink.lastFailed, "last failure", sink.failed, "failed attempts", true));
  return card;
}

function lastLine(last, what, count, counted, why = false) {
  if (!last) return make("div", "note", "nothing delivered since the daemon started");
  const link = make("a", "id", last.requestId);
  link.href = hrefOf(last);
  const line = make("div", "note", `${what} ${age(last.at)} ago: `, link, ` · ${count.toLocaleString()} ${counted}`);
  return why ? make("div", "", line, make("div", "text", last.note)) : line;
}

// A line through half minutes: single spans are only noise.
function spark(spans) {
  const values = [];
  for (let i = spans.length % 3; i < spans.length; i += 3) values.push(spans[i] + spans[i + 1] + spans[i + 2]);
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", "0 0 84 20");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const most = Math.max(1, ...values);
  const line = document.createElementNS(ns, "polyline");
  const step = 84 / Math.max(1, values.length - 1);
  line.setAttribute("points", values.map((v, i) => `${(i * step).toFixed(1)},${(19 - 18 * v / most).toFixed(1)}`).join(" "));
  svg.append(line);
  return svg;
}

function showRates(rates) {
  const inMinute = Math.max(1, Math.round(60 / rates.spanSeconds));
  const rate = values => {
    const last = values.slice(-inMinute);
    return last.length ? last.reduce((a, b) => a + b, 0) * inMinute / last.length : 0;
  };
  const figures = [["callbacks/min", rates.callbacks, n => Math.round(n).toLocaleString()],
    ["settled/min", rates.settled, n => Math.round(n).toLocaleString()],
    ["delivered/min", rates.delivered, n => Math.round(n).toLocaleString()],
    ["fetched/min", rates.fetchedBytes, n => size(Math.round(n))]];
  $("rates").replaceChildren(...figures.map(([name, values, text]) =>
    make("div", "", make("dt", "", name), make("dd", "", spark(values), text(rate(values))))));
}

// ---- the event stream: read with fetch, as EventSource can send no token ----

let listening = null;

function listenSoon(delay) {
  listening?.abort();
  listening = new AbortController();
  const mine = listening;
  setTimeout(() => { if (mine === listening) listen(mine).catch(say); }, delay);
}

async function listen(mine) {
  try {
    const headers = state.lastEvent ? { "Last-Event-ID": state.lastEvent } : {};
    const answer = await call("/v1/events", { headers, signal: mine.signal });
    if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
    setLive(true);
    refreshAll(); // what happened before the stream began
    await readStream(answer.body.pipeThrough(new TextDecoderStream()).getReader());
  } catch (fault) {
    if (fault instanceof Refused) return; // the token's dialog listens again
  }
  if (mine === listening) {
    setLive(false);
    listenSoon(2000);
  }
}

async function readStream(reader) {
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    blocks.forEach(takeBlock);
  }
}

function takeBlock(block) {
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) state.lastEvent = line.slice(4);
    if (line.startsWith("data: ")) data += line.slice(6);
  }
  if (data) happened(JSON.parse(data));
}

function happened(event) {
  const item = make("li", badKinds.includes(event.kind) ? "bad" : "", timeOf(event.at));
  const what = make("div", "", make("b", "", event.kind));
  if (event.requestId) {
    const link = make("a", "id", event.requestId);
    link.href = hrefOf(event);
    what.append(" ", link);
  }
  what.append(make("span", "text", event.detail.split("\n")[0]));
  item.append(what);
  const feed = $("feed");
  feed.prepend(item);
  while (feed.children.length > 30) feed.lastChild.remove();
  $("quiet").hidden = true;
  soon(refreshList, 300);
  soon(refreshSummary, 700);
  if (state.open?.id === event.requestId) soon(refreshDetail, 100);
}

function setLive(yes) {
  $("live").className = yes ? "live on" : "live";
  $("live").textContent = yes ? "live" : "not connected";
}

// ---- when ----

const waiting = new Map();

// Runs `work` after a moment, once however often it is wished for, and never beside itself.
function soon(work, delay = 0) {
  const entry = waiting.get(work) ?? { timer: 0, running: false, again: false };
  waiting.set(work, entry);
  if (entry.running) {
    entry.again = true;
    return;
  }
  if (entry.timer) return;
  entry.timer = setTimeout(async () => {
    entry.timer = 0;
    entry.running = true;
    try {
      await work();
    } catch (fault) {
      say(fault);
    }
    entry.running = false;
    if (entry.again) {
      entry.again = false;
      soon(work, Math.max(delay, 300));
    }
  }, delay);
}

// What went wrong is shown where the daemon's own troubles are.
function say(fault) {
  if (fault instanceof Refused) return;
  $("health").textContent = fault instanceof TypeError ? "no answer" : fault.message;
  $("health").className = "pill bad";
}

function refreshAll() {
  soon(refreshSummary);
  soon(refreshList);
  soon(refreshDetail);
}

setInterval(() => {
  for (const cell of document.querySelectorAll("td[data-at]")) cell.textContent = age(cell.dataset.at);
}, 5000);
setInterval(() => { if (!document.hidden && !$("ask").open) soon(refreshSummary); }, 5000);

showStages({});
follow();
listenSoon(0);
