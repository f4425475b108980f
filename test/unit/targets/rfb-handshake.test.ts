// Devices that attack or fail while the edge signs in: scripted byte by byte, as no real server does it. Real ones are in vnc.test.ts.
import { once } from "node:events";
import net from "node:net";
import { setImmediate as immediate } from "node:timers/promises";
import * as assert from "uvu/assert";
import { logInToScreen, type ScreenLogin } from "../../../edge/targets/rfb/handshake.ts";
import { chosenSubtype, chosenType } from "../../../edge/targets/rfb/security.ts";
import { isVncPassword, vncResponse } from "../../../edge/targets/rfb/vnc-auth.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";

/** What a device says, in turn; a number waits until the edge has said so many more bytes. */
type Script = readonly (Uint8Array | string | number)[];

const u32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const serverInit = Buffer.concat([
  bytes(2, 0, 1, 0),
  Buffer.alloc(16),
  u32(5),
  Buffer.from("panel"),
]);

async function device(script: Script, end: "stays" | "hangs up" = "stays") {
  const heard: Buffer[] = [];
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket.on("error", () => undefined));
    void play(socket);
  });
  async function play(socket: net.Socket): Promise<void> {
    let wanted = 0;
    let had = 0;
    socket.on("data", (chunk: Buffer) => {
      heard.push(chunk);
      had += chunk.length;
    });
    for (const step of script) {
      if (typeof step === "number") {
        wanted += step;
        while (had < wanted && !socket.destroyed) await immediate();
      } else socket.write(step);
    }
    if (end === "hangs up") socket.end();
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    get heard() {
      return Buffer.concat(heard);
    },
    sockets,
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

type Changes = Partial<Pick<ScreenLogin, "login" | "secret" | "certificate" | "clock">>;

async function logIn(port: number, changes: Changes = {}, stop = new AbortController().signal) {
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect");
  const login = {
    address: { host: "127.0.0.1", port, name: "Press 7" },
    login: null,
    secret: { kind: "password", password: "secret" } as const,
    certificate: null,
    legacy: false,
    clock: new TurnedClock(),
    ...changes,
  };
  const result = await logInToScreen(socket, login, stop).catch((thrown: unknown) => {
    assert.ok(socket.destroyed, "the socket is gone");
    if (thrown instanceof SallyportError) return thrown;
    throw thrown;
  });
  return { socket, result };
}

async function failure(script: Script, changes: Changes = {}, end?: "hangs up") {
  using peer = await device(script, end);
  const { result, socket } = await logIn(peer.port, changes);
  socket.destroy();
  if (!(result instanceof SallyportError)) throw new Error("it signed in");
  return { code: result.code, message: result.message, heard: peer.heard, read: socket.bytesRead };
}

const versions: readonly (readonly [string, string, Script])[] = [
  ["RFB 003.003\n", "RFB 003.003\n", [u32(1), 1]],
  // Neither is known to anybody, so RFC 6143 §7.1.1 takes them for 3.3.
  ["RFB 003.005\n", "RFB 003.003\n", [u32(1), 1]],
  ["RFB 003.007\n", "RFB 003.007\n", [bytes(1, 1), 2]],
  ["RFB 003.008\n", "RFB 003.008\n", [bytes(1, 1), 1, u32(0), 1]],
  ["RFB 003.889\n", "RFB 003.008\n", [bytes(1, 1), 1, u32(0), 1]],
  ["RFB 004.001\n", "RFB 003.008\n", [bytes(1, 1), 1, u32(0), 1]],
];

const hostile: readonly (readonly [string, Script, RegExp])[] = [
  ["greets by HTTP", ["HTTP/1.1 400 Bad Request\r\n\r\n"], /begins with "HTTP\/1\.1 400"$/],
  ["greets by SSH", ["SSH-2.0-OpenSSH_9.2\r\n"], /begins with "SSH-2\.0-Open"$/],
  [
    "greets by control characters",
    ["\u001b[2J\u0007\u0000\u0001RFB 003.0"],
    /begins with "\[2J RFB 0"$/,
  ],
  ["has version 1", ["RFB 001.000\n"], /begins with "RFB 001\.000"$/],
  ["offers nothing that is known", ["RFB 003.008\n", bytes(2, 30, 113)], /30, 113 is offered/],
  [
    "refuses without end",
    ["RFB 003.008\n", bytes(0), u32(0xffffffff), Buffer.alloc(100_000, "no ")],
    /: no security type: "(no ){170}no"$/,
  ],
  [
    "decides for VeNCrypt in 3.3",
    ["RFB 003.003\n", u32(19)],
    /VeNCrypt is offered, there is no login and a password/,
  ],
  [
    "speaks another VeNCrypt",
    ["RFB 003.008\n", bytes(1, 19), 13, bytes(0, 1)],
    /VeNCrypt 0\.1 is offered, expected 0\.2/,
  ],
  [
    "lists subtypes without end",
    ["RFB 003.008\n", bytes(1, 19), 13, bytes(0, 2), 2, bytes(0, 255)],
    /255 VeNCrypt subtypes exceed 64/,
  ],
  [
    "offers no TLS after all",
    ["RFB 003.008\n", bytes(1, 19), 13, bytes(0, 2), 2, bytes(0, 1), u32(258), 4, bytes(0)],
    /TLSVnc is offered and then not taken/,
  ],
  [
    "answers TLS by something else",
    [
      "RFB 003.008\n",
      bytes(1, 19),
      13,
      bytes(0, 2),
      2,
      bytes(0, 1),
      u32(258),
      4,
      bytes(1),
      5,
      "HTTP/1.1 400\n",
    ],
    /TLS failed/,
  ],
  [
    "has a name of 4 GB",
    [
      "RFB 003.008\n",
      bytes(1, 1),
      13,
      u32(0),
      1,
      bytes(2, 0, 1, 0),
      Buffer.alloc(16),
      u32(0xffffffff),
    ],
    /name of 4294967295 bytes exceeds 4096/,
  ],
];

const means = { hasPassword: true, hasLogin: true, isPinned: false, isCurious: false };
const every = [256, 257, 258, 259, 260, 261, 262];

await group("targets/rfb-handshake", { timeoutMs: 20_000 }, (test) => {
  for (const [greeting, answer, script] of versions) {
    test(`a device of ${greeting.trim()} is answered by ${answer.trim()}`, async () => {
      using peer = await device([greeting, 12, ...script, serverInit, "later"]);
      const { result, socket } = await logIn(peer.port);
      if (result instanceof SallyportError) throw result;
      assert.is(`${result.width}x${result.height} ${result.name}`, "512x256 panel");
      while (socket.readableLength < 5) await immediate();
      assert.is(String(socket.read()), "later", "what follows is left to the screen");
      socket.destroy();
      assert.ok(peer.heard.toString("latin1").startsWith(answer));
    });
  }
  for (const [what, script, expected] of hostile) {
    test(`a device that ${what} is refused`, async () => {
      const { code, message } = await failure(script);
      assert.is(code, "device_refused");
      assert.match(message, expected);
    });
  }
  for (const [what, script] of hostile.slice(0, 5)) {
    test(`a device that ${what} hears no more than a version`, async () => {
      assert.ok((await failure(script)).heard.length <= 12);
    });
  }
  test("a device that hangs up at any byte of its sign-in is unreachable", async () => {
    const version = Buffer.from("RFB 003.008\n");
    const challenge = Buffer.alloc(16, 7);
    const whole = Buffer.concat([version, bytes(1, 2), challenge, u32(0), serverInit]);
    for (let cut = 0; cut < whole.length; cut += 1) {
      const { code, message } = await failure([whole.subarray(0, cut)], {}, "hangs up");
      assert.is(code, "device_unreachable", `cut at ${cut}`);
      assert.match(message, /closed the connection before/);
    }
  });
  test("a device that says a byte now and then has twenty seconds in all", async () => {
    using peer = await device(["RFB 003.0"]);
    const clock = new TurnedClock();
    const login = logIn(peer.port, { clock });
    while (peer.sockets.length === 0) await immediate();
    for (let second = 0; second < 19; second += 1) {
      clock.advanceMs(1000);
      await immediate();
    }
    peer.sockets[0]?.write("0");
    await immediate();
    clock.advanceMs(1001);
    const { result } = await login;
    assert.ok(result instanceof SallyportError);
    assert.is(result.code, "device_unreachable");
    assert.match(result.message, /no login in 20 s/);
  });
  test("a TLS that never answers has no more time", async () => {
    const script = ["RFB 003.008\n", bytes(1, 19), 13, bytes(0, 2), 2, bytes(0, 1), u32(258), 4];
    using peer = await device([...script, bytes(1)]);
    const clock = new TurnedClock();
    const login = logIn(peer.port, { clock });
    // The hello of TLS has come.
    while (peer.heard.length < 100) await immediate();
    clock.advanceMs(20_001);
    const { result } = await login;
    assert.ok(result instanceof SallyportError);
    assert.match(result.message, /no login in 20 s/);
  });
  test("a session that ends meanwhile ends the sign-in", async () => {
    using peer = await device(["RFB 003.008\n"]);
    const stop = new AbortController();
    const login = logIn(peer.port, {}, stop.signal);
    while (peer.heard.length < 12) await immediate();
    stop.abort();
    assert.ok((await login).result instanceof SallyportError);
  });
  test("a device that pours during its sign-in is not kept", async () => {
    const pouring = Buffer.alloc(64 * 1024 * 1024);
    const script = ["RFB 003.008\n", bytes(1, 1), 13, u32(1), u32(0xfffffff0), pouring];
    const { message, read } = await failure(script);
    assert.match(message, /wrong password or login: ""/);
    assert.ok(read < 1024 * 1024, `${read} bytes were read`);
  });
  test("of VncAuth's password eight characters of Latin-1 count", () => {
    const answer = vncResponse("password-and-more", Buffer.alloc(16));
    assert.equal(answer, vncResponse("password", Buffer.alloc(16)));
    assert.is(answer.length, 16);
    assert.is(isVncPassword("Grün"), true);
    assert.is(isVncPassword("пароль"), false);
  });
  test("under a pin nothing but X509 is taken, whatever else is offered", () => {
    const pinned = { ...means, isPinned: true };
    assert.is(chosenType([1, 2], pinned), undefined);
    assert.is(chosenType([1, 2, 19], pinned), 19);
    assert.is(chosenSubtype(every, pinned)?.name, "X509Plain");
    assert.is(chosenSubtype([256, 257, 258, 259], pinned), undefined);
    assert.is(chosenSubtype(every, { ...pinned, hasLogin: false })?.name, "X509Vnc");
    const bare = { ...pinned, hasLogin: false, hasPassword: false };
    assert.is(chosenSubtype(every, bare)?.name, "X509None");
    assert.is(chosenSubtype([261, 262], bare), undefined);
  });
  test("without one TLS comes before none, and the stronger proof first", () => {
    assert.is(chosenType([1, 2, 19], means), 19);
    assert.is(chosenType([1, 2], means), 2);
    assert.is(chosenType([1], means), 1);
    assert.is(chosenSubtype(every, means)?.name, "TLSPlain");
    assert.is(chosenSubtype([256, 257, 258], means)?.name, "TLSVnc");
    assert.is(chosenSubtype([256, 257], means)?.name, "Plain");
    assert.is(chosenSubtype([257, 261], means)?.name, "TLSNone");
    const bare = { ...means, hasLogin: false, hasPassword: false };
    assert.is(chosenType([2], bare), undefined);
    assert.is(chosenType([1, 19], bare), 1);
    assert.is(chosenSubtype([256, 258, 259], bare), undefined);
  });
});
