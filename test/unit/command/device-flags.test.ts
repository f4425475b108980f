// What `site devices set` makes of its flags: each kind whole, and each flag that is missing or foreign named.
import * as assert from "uvu/assert";
import { deviceOfFlags, type DeviceFlags } from "../../../broker/command/device-flags.ts";
import { CommandError } from "../../../broker/command/exit-codes.ts";
import { encodeDevice, parseDevice, type Device } from "../../../shared/document/device.ts";
import type { ManifestTarget } from "../../../shared/document/manifest.ts";
import { group } from "../../support/group.ts";

const pin = Array.from({ length: 32 }, () => "AB").join(":");
const hostKeys = [
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMqTrBcFGHBx1nuDx/8O/oEI6OxFMFdddyaHkzPb2r58",
];

function deviceOf(kind: string, flags: Omit<DeviceFlags, "host">): Device {
  const target = { id: "press", kind, legacy: false } as unknown as ManifestTarget;
  return deviceOfFlags(target, { host: "10.0.0.5", ...flags });
}

function faultOf(kind: string, flags: Omit<DeviceFlags, "host">): string {
  try {
    deviceOf(kind, flags);
  } catch (thrown) {
    assert.instance(thrown, CommandError);
    assert.is((thrown as CommandError).exit, "usage");
    return (thrown as CommandError).message;
  }
  return "taken";
}

const form = { signIn: "form", form: "/login", passwordField: "pw" } as const;
const taken: readonly (readonly [note: string, string, Omit<DeviceFlags, "host">, object])[] = [
  [
    "ssh on its usual port",
    "ssh",
    { login: "service", hostKeys },
    { port: 22, login: "service", hostKeys, legacy: false },
  ],
  ["tcp with two ports", "tcp", { port: ["502", "102"] }, { ports: [502, 102] }],
  ["vnc by password alone", "vnc", {}, { port: 5900, login: null, certificate: null }],
  [
    "vnc with name and TLS",
    "vnc",
    { port: ["5911"], login: "op", certificate: pin },
    { port: 5911, login: "op", certificate: pin },
  ],
  [
    "rdp, nla and a US keyboard unless said otherwise, the pin as openssl prints it",
    "rdp",
    { login: "op", certificate: `sha256 Fingerprint=${pin.toLowerCase()}` },
    { port: 3389, login: "op", domain: null, certificate: pin, security: "nla", keyboard: "us" },
  ],
  [
    "rdp with domain, tls and a German keyboard",
    "rdp",
    {
      login: "op",
      domain: "PLANT",
      certificate: pin.replaceAll(":", ""),
      security: "tls",
      keyboard: "de",
    },
    { port: 3389, login: "op", domain: "PLANT", certificate: pin, security: "tls", keyboard: "de" },
  ],
  [
    "a panel in clear without sign-in",
    "http",
    {},
    {
      port: 80,
      secure: false,
      certificate: null,
      signIn: { how: "none" },
      start: "/",
      paths: [],
    },
  ],
  [
    "a panel on HTTPS with basic sign-in, narrowed",
    "http",
    {
      secure: true,
      certificate: pin,
      signIn: "basic",
      login: "op",
      start: "/hmi",
      path: ["/hmi", "/api"],
    },
    {
      port: 443,
      secure: true,
      certificate: pin,
      signIn: { how: "basic", login: "op" },
      start: "/hmi",
      paths: ["/hmi", "/api"],
    },
  ],
  [
    "a panel with digest sign-in",
    "http",
    { signIn: "digest", login: "op" },
    { signIn: { how: "digest", login: "op" } },
  ],
  [
    "a header",
    "http",
    { signIn: "header", header: "X-Token" },
    { signIn: { how: "header", name: "X-Token" } },
  ],
  [
    "a form with a field whose value has the sign",
    "http",
    { ...form, login: "op", loginField: "user", field: ["next=/a=b", "lang="] },
    {
      signIn: {
        how: "form",
        path: "/login",
        login: "op",
        loginField: "user",
        passwordField: "pw",
        fields: [
          { name: "next", value: "/a=b" },
          { name: "lang", value: "" },
        ],
      },
    },
  ],
  [
    "a form with a password alone",
    "http",
    form,
    {
      signIn: {
        how: "form",
        path: "/login",
        login: null,
        loginField: null,
        passwordField: "pw",
        fields: [],
      },
    },
  ],
];

const refused: readonly (readonly [note: string, string, Omit<DeviceFlags, "host">, RegExp])[] = [
  ["ssh without anything", "ssh", {}, /expected --login and --host-keys$/],
  ["tcp without port", "tcp", {}, /kind "tcp", expected --port$/],
  ["vnc with two ports", "vnc", { port: ["5900", "5901"] }, /has one --port$/],
  ["vnc with host keys", "vnc", { hostKeys }, /which has no --host-keys$/],
  ["rdp without its pin", "rdp", { login: "op" }, /kind "rdp", expected --certificate$/],
  ["rdp without login", "rdp", { certificate: pin }, /expected --login$/],
  ["a SHA-1 as pin", "rdp", { login: "op", certificate: pin.slice(0, 59) }, /expected AA:BB:…/],
  ["tcp with login", "tcp", { port: ["1"], login: "op" }, /which has no --login$/],
  ["HTTPS without its pin", "http", { secure: true }, /expected --certificate$/],
  ["a pin without HTTPS", "http", { certificate: pin }, /expected --secure$/],
  [
    "digest without login",
    "http",
    { signIn: "digest" },
    /--sign-in is "digest", expected --login$/,
  ],
  ["basic without login", "http", { signIn: "basic" }, /--sign-in is "basic", expected --login$/],
  ["header without name", "http", { signIn: "header" }, /expected --header$/],
  ["form without both", "http", { signIn: "form" }, /expected --form and --password-field$/],
  ["login without its field", "http", { ...form, login: "op" }, /expected --login-field$/],
  ["field without its login", "http", { ...form, loginField: "user" }, /expected --login$/],
  ["form fields without form", "http", { field: ["a=b"] }, /"none", which has no --field$/],
  ["login without sign-in", "http", { login: "op" }, /"none", which has no --login$/],
  ["a field without value", "http", { ...form, field: ["lang"] }, /expected name=value$/],
  ["a kind of tomorrow", "holo", {}, /kind "holo", expected one of "ssh", .*"http"$/],
];

await group("the device's flags", {}, (test) => {
  for (const [note, kind, flags, expected] of taken) {
    test(`taken: ${note}`, () => {
      const device = deviceOf(kind, flags);
      assert.equal({ ...device, ...expected }, device);
      assert.equal(parseDevice(encodeDevice(device)), device);
    });
  }
  for (const [note, kind, flags, expected] of refused) {
    test(`refused: ${note}`, () => assert.match(faultOf(kind, flags), expected));
  }
});
