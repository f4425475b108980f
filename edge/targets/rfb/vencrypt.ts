// The security type VeNCrypt 0.2 towards a device (rfbproto, "VeNCrypt"): a subtype is agreed, TLS begun where it has one, name and password given.
import type { Duplex } from "node:stream";
import type { DeviceReader } from "./device-reader.ts";
import { chosenSubtype, namesOf, type Means, type Subtype } from "./security.ts";

/** A device that lists more means something else. */
const maxSubtypes = 64;

/** The subtype that both take, the device being ready for its TLS; a string is why there is none. */
export async function agreeOnSubtype(
  stream: Duplex,
  reader: DeviceReader,
  means: Means,
): Promise<Subtype | string> {
  const [major, minor] = await reader.read(2, "its VeNCrypt version");
  if (major !== 0 || minor === undefined || minor < 2) {
    return `VeNCrypt ${major}.${minor} is offered, expected 0.2`;
  }
  stream.write(Uint8Array.of(0, 2));
  if ((await reader.readU8("its VeNCrypt version")) !== 0) return "VeNCrypt 0.2 is not taken";
  const count = await reader.readU8("its VeNCrypt subtypes");
  if (count > maxSubtypes) return `${count} VeNCrypt subtypes exceed ${maxSubtypes}`;
  const list = await reader.read(count * 4, "its VeNCrypt subtypes");
  const offered = Array.from({ length: count }, (_, index) => list.readUInt32BE(index * 4));
  const subtype = chosenSubtype(offered, means);
  if (subtype === undefined) return noneUsable(namesOf(offered), means);
  const answer = Buffer.alloc(4);
  answer.writeUInt32BE(subtype.number);
  stream.write(answer);
  if (subtype.tls !== undefined && (await reader.readU8("its TLS")) !== 1) {
    return `VeNCrypt subtype ${subtype.name} is offered and then not taken`;
  }
  return subtype;
}

/** Name and password as the subtypes `Plain` carry them. */
export function plainCredentials(login: string, password: string): Uint8Array {
  const parts = [Buffer.from(login, "utf8"), Buffer.from(password, "utf8")];
  const lengths = Buffer.alloc(8);
  parts.forEach((part, index) => lengths.writeUInt32BE(part.length, index * 4));
  return Buffer.concat([lengths, ...parts]);
}

/** Why nothing of what is offered can be taken. */
export function noneUsable(offered: string, means: Means): string {
  if (means.isPinned) return `${offered} is offered, a pinned certificate needs VeNCrypt with X509`;
  const has = means.hasLogin ? "a login" : "no login";
  const and = means.hasPassword ? "a password" : "no password";
  return `${offered} is offered, there is ${has} and ${and}`;
}
