// Kind `vnc`: a panel's own VNC server, signed in to by the edge, as a screen. The viewer needs no password, and gets none.
import { dialDevice } from "./device-socket.ts";
import { logInToScreen } from "./rfb/handshake.ts";
import { serveScreen } from "./rfb/screen.ts";
import { refused, type TargetKind } from "./target.ts";

export const vnc: TargetKind = {
  async open(admitted) {
    const { device, target, clock, readSecret, judgeKey: judge } = admitted;
    if (device.kind !== "vnc") throw refused(admitted, `kind "${device.kind}"`);
    const { host, port, login, certificate } = device;
    const address = { host, port, name: target.name };
    await serveScreen(admitted, {
      connect: async (stop) => {
        const secret = await readSecret();
        const socket = await dialDevice(address, { signal: stop, clock, allowHalfOpen: false });
        const { legacy } = target;
        const known = { address, login, secret, certificate, judge, legacy, clock };
        return logInToScreen(socket, known, stop);
      },
    });
  },
};
