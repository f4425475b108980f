// The portal's service worker, served at /sw.js: shows what a push says, opens what it is about, subscribes anew when the browser's push service
// wants it, and says so when there is no connection. It caches nothing of the API and holds no key: what it shows decides nothing.

// The compiler knows windows here; this is what a worker has of its own.
interface WorkEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface PushedEvent extends WorkEvent {
  readonly data: { json(): unknown } | null;
}
interface ClickedEvent extends WorkEvent {
  readonly notification: Notification;
}
interface ChangedEvent extends WorkEvent {
  readonly oldSubscription: PushSubscription | null;
}
interface AskedEvent extends WorkEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Tab {
  readonly url: string;
  focus(): Promise<Tab>;
  postMessage(message: unknown, ports: readonly MessagePort[]): void;
}
interface Scope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: object): Promise<readonly Tab[]>;
    openWindow(url: string): Promise<Tab | null>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", act: (event: WorkEvent) => void): void;
  addEventListener(type: "push", act: (event: PushedEvent) => void): void;
  addEventListener(type: "notificationclick", act: (event: ClickedEvent) => void): void;
  addEventListener(type: "pushsubscriptionchange", act: (event: ChangedEvent) => void): void;
  addEventListener(type: "fetch", act: (event: AskedEvent) => void): void;
}

interface Pushed {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly path: string;
  readonly tag: string;
}

const scope = self as unknown as Scope;
const fallbackPath = "/requests";
/** A tab that does not answer is frozen, or shows another page. */
const tabAnswersMs = 1_000;

scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));

scope.addEventListener("push", (event) => {
  const { id, title, body, path, tag } = pushedOf(event);
  const options = { body, tag, icon: "/icon.svg", renotify: tag !== "", data: { id, path } };
  event.waitUntil(scope.registration.showNotification(title, options));
});

scope.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const told = event.notification.data as { readonly path?: unknown } | null;
  event.waitUntil(open(typeof told?.path === "string" ? told.path : fallbackPath));
});

scope.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(subscribeAnew(event.oldSubscription));
});

scope.addEventListener("fetch", (event) => {
  if (event.request.mode !== "navigate") return;
  event.respondWith(fetch(event.request).catch(() => offlinePage()));
});

// Whoever can make the browser's push service deliver something else than the relay's message shows at most a line of text and a page of ours.
function pushedOf(event: PushedEvent): Pushed {
  let told: Partial<Record<string, unknown>> = {};
  try {
    const value = event.data?.json();
    if (typeof value === "object" && value !== null) told = { ...value };
  } catch {
    // No JSON: something has come all the same, and must be shown.
  }
  const text = (key: string, other: string): string => {
    const value = told[key];
    return typeof value === "string" && value !== "" ? value : other;
  };
  return {
    id: text("id", ""),
    title: text("title", "Sallyport"),
    body: text("body", "Something is waiting for you."),
    path: ownPath(text("url", fallbackPath)),
    tag: text("tag", ""),
  };
}

/** The path of an address of these pages; any other address counts for nothing. */
function ownPath(address: string): string {
  const base = scope.registration.scope;
  const url = URL.canParse(address, base) ? new URL(address, base) : new URL(fallbackPath, base);
  return url.origin === new URL(base).origin ? `${url.pathname}${url.search}` : fallbackPath;
}

// In a tab that is open already the page goes there by itself, so that nothing that runs in it is cut.
async function open(path: string): Promise<void> {
  const tabs = await scope.clients.matchAll({ type: "window" });
  for (const tab of tabs) {
    if (!(await goesTo(tab, path))) continue;
    await tab.focus();
    return;
  }
  await scope.clients.openWindow(path);
}

function goesTo(tab: Tab, path: string): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    const limit = setTimeout(() => resolve(false), tabAnswersMs);
    port1.onmessage = () => {
      clearTimeout(limit);
      resolve(true);
    };
    tab.postMessage({ sallyport: "open 1", path }, [port2]);
  });
}

async function subscribeAnew(former: PushSubscription | null): Promise<void> {
  const { pushManager } = scope.registration;
  const key = former?.options.applicationServerKey;
  const present = await pushManager.getSubscription();
  const subscription =
    present ??
    (key
      ? await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
      : null);
  if (subscription === null) return;
  const session = await call("GET", "/api/session");
  const { sites } = (await session.json()) as { sites: readonly { site: string }[] };
  const body = JSON.stringify({ subscription: subscription.toJSON(), name: "This device" });
  await Promise.all(sites.map(({ site }) => call("PUT", `/api/sites/${site}/notify/push`, body)));
}

function call(method: string, path: string, body: string | null = null): Promise<Response> {
  return fetch(path, {
    method,
    body,
    credentials: "same-origin",
    headers: {
      "sallyport-page": "1",
      "sallyport-background": "1",
      ...(body !== null && { "content-type": "application/json" }),
    },
  });
}

function offlinePage(): Response {
  const text = `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>No connection · Sallyport</title><h1>No connection</h1>
<p>The relay cannot be reached from this device. Check its network, then <a href="">try again</a>.</p></html>`;
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'",
  };
  return new Response(text, { status: 503, headers });
}
