// The relay's API from its own page: cookie sign-in, so every call carries the header that a foreign page cannot set (broker/README.md, "Signing in").
import type * as v from "valibot";
import { messageOf, SallyportError } from "../../../shared/errors.ts";
import { readAnswer, type RelayCall, type RelayCaller } from "../../../shared/site/relay-call.ts";

const answerLimitMs = 15_000;
/** A call without a touch of the person before it is the page's own: it does not keep the sign-in from running out. */
const attendedMs = 60_000;

let lastTouchMs = performance.now();
for (const event of ["pointerdown", "keydown", "touchstart"]) {
  addEventListener(event, () => (lastTouchMs = performance.now()), {
    capture: true,
    passive: true,
  });
}

let behindMs = 0;

/** The relay's time in Unix milliseconds, as its newest answer told: its log is numbered by it. */
export function relayNowMs(): number {
  return Date.now() + behindMs;
}

/** `signed-out` when the relay says that nobody is signed in any more; `leaving` just before a person signs out. */
export const signedOut = new EventTarget();

export const pageRelay: RelayCaller = {
  async call<Schema extends v.GenericSchema>(
    call: RelayCall,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>> {
    const response = await send(call);
    const answer = {
      status: response.status,
      text: await response.text(),
      retryAfter: response.headers.get("retry-after") ?? undefined,
    };
    const told = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(told)) behindMs = told - Date.now();
    // Where one signs in, it says that a name or password is wrong.
    if (answer.status === 401 && !call.path.startsWith("/api/sign-in"))
      signedOut.dispatchEvent(new Event("signed-out"));
    return readAnswer(answer, call, schema);
  },
};

async function send(call: RelayCall): Promise<Response> {
  const isAttended = performance.now() - lastTouchMs < attendedMs && !call.waitMs;
  const limit = AbortSignal.timeout(answerLimitMs + (call.waitMs ?? 0));
  const body = call.body === undefined ? null : JSON.stringify(call.body);
  try {
    return await fetch(call.path, {
      method: call.method,
      body,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: call.signal ? AbortSignal.any([limit, call.signal]) : limit,
      headers: {
        accept: "application/json",
        "sallyport-page": "1",
        ...(!isAttended && { "sallyport-background": "1" }),
        ...(body !== null && { "content-type": "application/json" }),
      },
    });
  } catch (thrown) {
    call.signal?.throwIfAborted();
    throw new SallyportError("unreachable", `relay cannot be reached: ${messageOf(thrown)}`, {
      cause: thrown,
      retryable: true,
    });
  }
}
