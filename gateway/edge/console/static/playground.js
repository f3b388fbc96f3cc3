// The playground: it asks as any client would, at the same addresses, and says what came when.
"use strict";

const bodies = {
  "anthropic-messages": (ask) => ({ model: ask.model, max_tokens: ask.most, stream: ask.stream, ...(ask.system && { system: ask.system }), messages: [{ role: "user", content: ask.message }] }),
  "openai-chat": (ask) => ({ model: ask.model, max_tokens: ask.most, stream: ask.stream, ...(ask.stream && { stream_options: { include_usage: true } }), messages: [...(ask.system ? [{ role: "system", content: ask.system }] : []), { role: "user", content: ask.message }] }),
  "openai-responses": (ask) => ({ model: ask.model, max_output_tokens: ask.most, stream: ask.stream, ...(ask.system && { instructions: ask.system }), input: ask.message }),
  "gemini": (ask) => ({ ...(ask.system && { systemInstruction: { parts: [{ text: ask.system }] } }), contents: [{ role: "user", parts: [{ text: ask.message }] }], generationConfig: { maxOutputTokens: ask.most } }),
  "ollama": (ask) => ({ model: ask.model, stream: ask.stream, options: { num_predict: ask.most }, messages: [...(ask.system ? [{ role: "system", content: ask.system }] : []), { role: "user", content: ask.message }] }),
};
const paths = {
  "anthropic-messages": () => "/v1/messages",
  "openai-chat": () => "/v1/chat/completions",
  "openai-responses": () => "/v1/responses",
  "gemini": (ask) => `/v1beta/models/${encodeURIComponent(ask.model)}:${ask.stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  "ollama": () => "/api/chat",
};
const joined = (parts) => (parts || []).map((part) => part.text || "").join("");
// The text in one event or in a whole reply.
const texts = {
  "anthropic-messages": (found) => found.delta?.text || joined(found.content),
  "openai-chat": (found) => found.choices?.[0]?.delta?.content || found.choices?.[0]?.message?.content || "",
  "openai-responses": (found) => found.type === "response.output_text.delta" ? found.delta : (found.output || []).map((item) => joined(item.content)).join(""),
  "gemini": (found) => joined(found.candidates?.[0]?.content?.parts),
  "ollama": (found) => found.message?.content || "",
};

const form = document.querySelector("[data-play]");
const place = (name) => document.querySelector(`[data-${name}]`);
let stop = new AbortController();

function asked() {
  const data = new FormData(form);
  return {
    dialect: data.get("dialect"), model: data.get("model"), most: Number(data.get("most")) || 1024,
    stream: data.get("stream") !== null, system: data.get("system"), message: data.get("message"), key: data.get("key"),
  };
}
function fields(ask) {
  const found = { "content-type": "application/json" };
  if (ask.key) found.authorization = `Bearer ${ask.key}`;
  if (ask.dialect === "anthropic-messages") found["anthropic-version"] = "2023-06-01";
  return found;
}
function fact(name, words) {
  document.querySelector(`[data-fact=${name}]`).textContent = words;
}
async function decide(ask, body) {
  const where = new URLSearchParams({ path: paths[ask.dialect](ask).split("?")[0] });
  const answer = await fetch(`/v1/explain?${where}`, { method: "POST", headers: fields(ask), body });
  const said = await answer.json();
  const words = said.words || [said.error?.message || `it cannot be explained (${answer.status})`];
  place("decision").replaceChildren(...words.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}
function events(text) {
  // Server-sent events and lines of JSON alike: each line that holds an object is one.
  const lines = text.split("\n").map((line) => line.replace(/^data: ?/, "").trim()).filter((line) => line.startsWith("{"));
  return lines.flatMap((line) => { try { return [JSON.parse(line)]; } catch { return []; } });
}
async function read(answer, ask, began) {
  const raw = place("raw");
  const reply = place("reply");
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  let text = "";
  let rest = "";
  let bytes = 0;
  let first = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    first = first || performance.now();
    bytes += value.length;
    const piece = decoder.decode(value, { stream: true });
    raw.append(piece);
    text += piece;
    if (ask.stream && answer.ok) {
      rest += piece;
      const end = rest.lastIndexOf("\n") + 1;
      for (const found of events(rest.slice(0, end))) {
        const failed = found.error?.message || (found.type === "error" && found.message);
        // A stream of responses tells the whole again at its end.
        const added = ask.dialect === "openai-responses" && !found.type?.endsWith(".delta") ? "" : texts[ask.dialect](found);
        if (added || failed) reply.append(added || `\n${failed}`);
      }
      rest = rest.slice(end);
    }
    fact("bytes", bytes.toLocaleString("en"));
    fact("first", `${Math.round(first - began)} ms`);
    fact("took", `${Math.round(performance.now() - began)} ms`);
  }
  if (!ask.stream || !answer.ok) {
    let found;
    try { found = JSON.parse(text); } catch { found = null; }
    reply.textContent = found ? texts[ask.dialect](found) || found.error?.message || found.error || text : text;
  }
}
async function send(event) {
  event.preventDefault();
  stop.abort();
  stop = new AbortController();
  const ask = asked();
  const body = JSON.stringify(bodies[ask.dialect](ask));
  place("sent").textContent = `POST ${paths[ask.dialect](ask)}\n\n${JSON.stringify(JSON.parse(body), null, 2)}`;
  place("raw").textContent = place("reply").textContent = "";
  place("facts").hidden = place("stop").hidden = false;
  const began = performance.now();
  try {
    await decide(ask, body);
    const answer = await fetch(paths[ask.dialect](ask), { method: "POST", headers: fields(ask), body, signal: stop.signal });
    fact("status", answer.status);
    await read(answer, ask, began);
  } catch (failure) {
    place("reply").append(failure.name === "AbortError" ? " (stopped)" : String(failure));
  }
  place("stop").hidden = true;
}
form.addEventListener("submit", send);
form.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(); });
place("stop").addEventListener("click", () => stop.abort());
