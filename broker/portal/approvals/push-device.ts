// This device and push: what it can, what is still missing, and the subscription that its browser gives. On an iPhone push works only in a page
// that was put on the home screen.
import { fromBase64Url } from "../../../shared/bytes.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { NotifyApi, OwnNotify } from "./notify-api.ts";
import { deviceName, isApplePhone, nextPushStep, type DeviceFacts } from "./push-steps.ts";

const pushAnswersMs = 15_000;

export function deviceFacts(): DeviceFacts {
  const { userAgent, maxTouchPoints } = navigator;
  return {
    isApplePhone: isApplePhone(userAgent, maxTouchPoints),
    isInstalled:
      matchMedia("(display-mode: standalone)").matches ||
      ("standalone" in navigator && navigator.standalone === true),
    hasPush: "serviceWorker" in navigator && "PushManager" in globalThis,
    permission: "Notification" in globalThis ? Notification.permission : "unknown",
  };
}

/** Asks for the permission and subscribes; to be called in a click, because browsers ask only then. */
export async function subscribeHere(api: NotifyApi, { vapidPublicKey }: OwnNotify): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted")
    throw new SallyportError("refused", "this browser was told to show no messages of this page");
  const { pushManager } = await worker();
  const key = fromBase64Url(vapidPublicKey) as Uint8Array<ArrayBuffer>;
  const former = await pushManager.getSubscription();
  // One that was made for another key of the relay is of no use to it.
  if (former !== null && !isFor(former, key)) await former.unsubscribe();
  const options = { userVisibleOnly: true, applicationServerKey: key };
  const subscription = await inTime(pushManager.subscribe(options)).catch((cause: unknown) => {
    throw new SallyportError(
      "unreachable",
      "this browser's push service cannot be reached from here",
      { cause, retryable: true },
    );
  });
  await api.putPush(subscription.toJSON(), deviceName(navigator.userAgent));
}

/** Gives the relay this browser's present subscription again, if it has one: the browser may have changed it while no page was open. */
export async function keepSubscription(
  api: NotifyApi,
  { vapidPublicKey, channels }: OwnNotify,
): Promise<void> {
  if (nextPushStep(deviceFacts()) !== "ready") return;
  if (!channels.some(({ kind }) => kind === "push")) return;
  const { pushManager } = await worker();
  const present = await pushManager.getSubscription();
  const key = fromBase64Url(vapidPublicKey);
  if (present !== null && isFor(present, key))
    await api.putPush(present.toJSON(), deviceName(navigator.userAgent));
}

// A browser that finds no way to its push service (a plant's firewall) goes on trying without a word.
function inTime<Value>(work: Promise<Value>): Promise<Value> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error("no answer")), pushAnswersMs);
  return Promise.race([work, limit.promise]).finally(() => clearTimeout(timer));
}

async function worker(): Promise<ServiceWorkerRegistration> {
  await navigator.serviceWorker.register("/sw.js", { scope: "/" });
  return navigator.serviceWorker.ready;
}

function isFor({ options }: PushSubscription, key: Uint8Array): boolean {
  const own = options.applicationServerKey;
  if (own === null) return false;
  const bytes = new Uint8Array(own);
  return bytes.length === key.length && bytes.every((byte, at) => byte === key[at]);
}
