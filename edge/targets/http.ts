// Kind `http`: a device's web panel. Mode `web` gives it a name of its own for the vendor's browser (right `browser`); mode `tcp` carries HTTP/1.1 of the
// vendor's own machine, over the sealed channel alone (right `connect`). Both come to one WebPanel, which signs in, rewrites and records.
import http from "node:http";
import { ChannelSocket } from "./channel-socket.ts";
import { sharedPanel, SharedPanel } from "./http/shared-panels.ts";
import { WebPanel, type WebPanelOptions } from "./http/web-panel.ts";
import type { WebDevice } from "./http/sign-in.ts";
import { withRecording } from "./recorded-stream.ts";
import {
  refused,
  requireRight,
  type AdmittedOpening,
  type Recording,
  type TargetKind,
} from "./target.ts";

/** Of a request's fields together, cookies of a long life included. */
const maxHeaderBytes = 32 * 1024;
/** Opening a connection anew costs a vendor on a slow line a round trip. */
const keepAliveMs = 5 * 60_000;
/** A browser on this machine alone: another name in Host is a page of the internet whose name was made to point here. */
const loopbackHost = /^(?:127(?:\.\d{1,3}){3}|localhost)(?::\d{1,5})?$/;

export const webPanel: TargetKind = {
  async open(admitted) {
    const { opening, device } = admitted;
    if (device.kind !== "http") throw refused(admitted, `a "${device.kind}" as web panel`);
    if (opening.mode === "web") {
      requireRight(admitted, "browser");
      await openNamed(admitted, device);
    } else if (opening.mode === "tcp") {
      requireRight(admitted, "connect");
      if (opening.port !== device.port) throw refused(admitted, `port ${opening.port}`);
      await openConnection(admitted, device);
    } else throw refused(admitted, `mode "${opening.mode}"`);
  },
};

const subject = { kind: "web", title: "web panel" } as const;

/** A name for as long as the channel is open. The device is reached and signed in to before there is one. */
async function openNamed(admitted: AdmittedOpening, device: WebDevice): Promise<void> {
  const { held, signal } = admitted;
  await withRecording(admitted, subject, async (recording) => {
    const over = AbortSignal.any([signal, recording.failed, held.gone]);
    const panel = new WebPanel({ ...optionsOf(admitted, device, recording), signal: over });
    try {
      await panel.begin();
      const web = await admitted.openWeb(panel);
      try {
        held.attach({
          onData: (_bytes, settled) => settled(),
          onEnd: () => held.channel.end(),
          onDrain: () => undefined,
          onControl: () => undefined,
        });
        const { origin, ticket } = web;
        held.channel.sendControl({ type: "web", origin, ticket });
        held.channel.sendControl({ type: "opened" });
        await aborted(over);
        if (panel.fault !== undefined) throw panel.fault;
      } finally {
        web.close();
      }
    } finally {
      panel.close();
    }
  });
}

/** One connection of the vendor's browser, to the panel that all of its session's connections share. */
async function openConnection(admitted: AdmittedOpening, device: WebDevice): Promise<void> {
  const { held, target, clock, signal } = admitted;
  const key = `${Buffer.from(held.channel.transcriptHash).toString("hex")} ${target.id}`;
  const joined = sharedPanel(key);
  if (joined !== undefined) {
    await joined.use(async () => serve(admitted, await joined.panel));
    return;
  }
  const shared = new SharedPanel(key, clock);
  try {
    await withRecording(admitted, subject, async (recording) => {
      const panel = new WebPanel(optionsOf(admitted, device, recording));
      shared.offer(panel);
      try {
        const own = shared.use(() => serve(admitted, panel));
        await aborted(AbortSignal.any([signal, recording.failed, shared.unused]));
        panel.close();
        await own;
      } finally {
        panel.close();
      }
      if (panel.fault !== undefined) throw panel.fault;
    });
  } catch (thrown) {
    shared.end(thrown);
    throw thrown;
  } finally {
    shared.end(new Error("the panel was closed"));
  }
}

async function serve({ held }: AdmittedOpening, panel: WebPanel): Promise<void> {
  const server = http.createServer({
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: 0,
    requestTimeout: 0,
  });
  server.on("request", (request, response) => {
    const origin = originOf(request);
    if (origin === undefined) refuse(response);
    else panel.handle(request, response, origin);
  });
  server.on("upgrade", (request, socket, head) => {
    const origin = originOf(request);
    if (origin === undefined) socket.destroy();
    else panel.upgrade(request, socket, head, origin);
  });
  server.on("clientError", (_fault, socket) => {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  });
  const socket = new ChannelSocket(held);
  socket.on("error", () => undefined);
  // What is destroyed in the middle of an answer is a cut.
  socket.once("close", () => {
    if (!socket.writableFinished) held.channel.abort("the connection was cut");
  });
  const onEnded = (): void => void socket.destroy();
  panel.ended.addEventListener("abort", onEnded);
  if (panel.ended.aborted) onEnded();
  held.channel.sendControl({ type: "opened" });
  server.emit("connection", socket);
  await held.closed;
  panel.ended.removeEventListener("abort", onEnded);
}

function originOf({ headers: { host = "" } }: http.IncomingMessage): string | undefined {
  return loopbackHost.test(host) ? `http://${host}` : undefined;
}

function refuse(response: http.ServerResponse): void {
  response.writeHead(421, { "content-type": "text/plain", connection: "close" });
  response.end("this address is for a browser on this machine alone\n");
}

function optionsOf(
  { target, readSecret, judgeKey: judge, touch, signal, clock }: AdmittedOpening,
  device: WebDevice,
  recording: Recording,
): WebPanelOptions {
  const { name, legacy } = target;
  return { device, name, legacy, readSecret, judge, recording, touch, signal, clock };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}
