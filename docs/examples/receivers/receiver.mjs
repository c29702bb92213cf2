import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const TOLERANCE_SECONDS = 300;
const secrets = process.env.HOOK_SECRET.split(" "); // one, or both while they are changed
const taken = new Set(); // in earnest: a table with a unique column

/** Checks a request by Standard Webhooks; body is the request's, byte for byte. Returns what is wrong, or undefined. */
function problem(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": given } = headers;
  if (!id || !timestamp || !given) {
    return "a header is missing: webhook-id, webhook-timestamp or webhook-signature";
  }
  if (!/^[0-9]{1,15}$/.test(timestamp)) return "webhook-timestamp is no number of seconds";
  for (const secret of secrets) {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const made = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
    const expected = Buffer.from(`v1,${made}`);
    for (const signature of given.split(" ").map((text) => Buffer.from(text))) {
      // throws for different lengths; takes as long wherever they differ
      if (signature.length === expected.length && timingSafeEqual(signature, expected)) {
        const age = Math.round(Date.now() / 1000) - Number(timestamp);
        if (Math.abs(age) <= TOLERANCE_SECONDS) return undefined;
        return `signed ${age} seconds ago: a clock is wrong, or an old request is sent again`;
      }
    }
  }
  return "the secret is another one, or the body was altered on its way";
}

function take({ event, action, payload }) {
  // a later version may send other events and other actions: ignore them
  if (event === "workflow") console.log(payload.workflow.workflow_id, action);
}

createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const wrong = problem(request.headers, body);
  if (wrong) return response.writeHead(401).end(`${wrong}\n`);
  if (!taken.has(request.headers["webhook-id"])) {
    taken.add(request.headers["webhook-id"]);
    take(JSON.parse(body));
  }
  response.end("ok\n");
}).listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
