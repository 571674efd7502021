// The server's JSON addresses. What goes wrong is a RequestError with one line to show.

const PATIENCE_MS = 30_000;

export class RequestError extends Error {
  constructor(status, kind, message) {
    super(message);
    this.status = status; // 0: no answer at all
    this.kind = kind;
  }
}

export function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== "");
  const query = new URLSearchParams(given).toString();
  return ask(query ? `${path}?${query}` : path, { method: "GET" });
}

export function post(path, body) {
  return ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new RequestError(0, "offline", "the server does not answer");
  }
  let answer;
  try {
    answer = await response.json();
  } catch {
    throw new RequestError(response.status, "unexpected", "the server gave no proper answer");
  }
  if (!response.ok) {
    throw new RequestError(response.status, answer.kind, answer.error);
  }
  return answer;
}
