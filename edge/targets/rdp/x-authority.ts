// An Xauthority file of one cookie for every display (Xauth's FamilyWild), as libXau and the X server read it: the number of a display is not
// known before its server runs. Only who can read the file can connect.
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";

const familyWild = 0xff_ff;
const protocolName = "MIT-MAGIC-COOKIE-1";
const cookieBytes = 16;

/** Writes a new cookie into a new file of mode 0600. */
export async function writeAuthority(path: string): Promise<void> {
  const parts = [uint16(familyWild), counted(""), counted(""), counted(protocolName)];
  parts.push(counted(randomBytes(cookieBytes)));
  await writeFile(path, Buffer.concat(parts), { mode: 0o600, flag: "wx" });
}

function counted(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
