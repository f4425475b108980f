// Which addresses the relay may be sent to by what people enter (attack: a webhook or push address that points into the operator's own network,
// at a cloud's metadata service or at the relay's machine). Special-purpose registries of IANA (RFC 6890); the operator may allow networks.
import { BlockList, isIP } from "node:net";

const closed4 = [
  "0.0.0.0/8", // this host
  "10.0.0.0/8",
  "100.64.0.0/10", // carriers' own
  "127.0.0.0/8",
  "169.254.0.0/16", // link-local, metadata services
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays
  "192.168.0.0/16",
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, broadcast
];
const global6 = "2000::/3";
/** Inside `2000::/3`, and yet special; 6to4 and Teredo carry an IPv4 address. */
const closed6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/** Networks that are closed to outgoing messages, less those that the operator allows. */
export class AddressRules {
  readonly #closed = blockList(closed4);
  readonly #global6 = blockList([global6]);
  readonly #closed6 = blockList(closed6);
  readonly #allowed: BlockList;

  /** `allowed`: networks like `10.1.0.0/16` or `fd00::/8`. */
  constructor(allowed: readonly string[]) {
    this.#allowed = blockList(allowed);
  }

  /** Whether an IP address may be connected to. */
  mayReach(address: string): boolean {
    const plain = mapped(address.split("%")[0] ?? "");
    const family = isIP(plain) === 6 ? "ipv6" : "ipv4";
    if (isIP(plain) === 0) return false;
    if (this.#allowed.check(plain, family)) return true;
    if (family === "ipv4") return !this.#closed.check(plain, family);
    return this.#global6.check(plain, family) && !this.#closed6.check(plain, family);
  }
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", length = ""] = network.split("/");
    list.addSubnet(address, Number(length), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

// `::ffff:a.b.c.d` is that IPv4 address on the wire, however it is spelt.
function mapped(address: string): string {
  if (isIP(address) !== 6) return address;
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return address;
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [first >> 8, first & 255, second >> 8, second & 255].join(".");
}
