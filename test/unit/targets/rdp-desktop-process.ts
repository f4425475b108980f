// An edge in small, to be killed: one desktop, open until then. Says `opened` when it is.
import type { RdpDevice } from "../../plant/rdp.ts";
import { openOn } from "../../support/opened-target.ts";
import { opening } from "./rdp-under-test.ts";

type Given = Omit<RdpDevice, "screen" | "screenshot" | "output"> & {
  readonly scratch: string;
};

const given = JSON.parse(process.env["DESKTOP"] ?? "") as Given;
const { host, port, login, password, certificate, security, keyboard, scratch } = given;
const opened = await openOn(
  {
    device: { kind: "rdp", host, port, login, domain: null, certificate, security, keyboard },
    secret: { kind: "password", password },
    scratch,
  },
  opening,
);
await opened.vendor.message("opened");
process.stdout.write("opened\n");
await opened.served;
