// Asks local-gcp. What the page only looks at is marked so that no fault hits it and the journal leaves it out.

export class Refused extends Error {}

async function call(method, path, body, mark) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { "x-local-console": mark, ...(body && { "content-type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Refused("no answer: the connection broke");
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text && JSON.parse(text);
  } catch {
    // Not JSON: the status says enough.
  }
  if (!answer.ok) throw new Refused(value?.error?.message ?? `HTTP ${answer.status}`);
  return value;
}

export const read = (path) => call("GET", path, undefined, "read");
export const act = (method, path, body) => call(method, path, body, "act");

// All pages of a list.
export async function list(path, field) {
  const found = [];
  let token = "";
  do {
    const query = token && `${path.includes("?") ? "&" : "?"}pageToken=${encodeURIComponent(token)}`;
    const page = await read(path + query);
    found.push(...(page[field] ?? []));
    token = page.nextPageToken ?? "";
  } while (token);
  return found;
}
