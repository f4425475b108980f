// Which paths of a panel may be asked for. A device reads a path in its own way, decoding it once or twice, so what could mean another path than it
// says is refused wherever paths are narrowed.
// Invariant: the login's own path is the edge's; nobody else posts there.

/** Dots and slashes in disguise, once or twice encoded; backslashes, which some servers take for slashes; control characters. */
const disguises = /%(?:25)*(?:2e|2f|5c|00)|\\|[^!-~]/i;
/** `.` and `..`, also with the parameters that some servers cut off. */
const dotSegment = /^\.{1,2}(?:;.*)?$/;

export interface PathRuleOptions {
  /** Beginnings of the paths that may be asked for; none: all. */
  readonly paths: readonly string[];
  readonly start: string;
  /** Where the login's form is posted, if there is one. */
  readonly login: string | undefined;
}

export class PathRule {
  readonly #options: PathRuleOptions;

  constructor(options: PathRuleOptions) {
    this.#options = options;
  }

  /** True if the target of a request, path and query, may be asked for. */
  mayAsk(target: string): boolean {
    const { paths, start } = this.#options;
    const path = pathOf(target);
    if (!target.startsWith("/") || /[^!-~]/.test(target)) return false;
    if (paths.length === 0) return true;
    if (disguises.test(path) || path.includes("//")) return false;
    if (path.split("/").some((segment) => dotSegment.test(segment))) return false;
    return path === pathOf(start) || paths.some((prefix) => isUnder(target, path, prefix));
  }

  /** True if a target is the login's, however it is spelt. */
  isLogin(target: string): boolean {
    const { login } = this.#options;
    return login !== undefined && sameTarget(target, login);
  }
}

/** Whether a target names the login's page: equal paths, however they are spelt, and every part of the login's query. */
export function sameTarget(target: string, login: string): boolean {
  if (plain(pathOf(target)) !== plain(pathOf(login))) return false;
  const asked = new Set(queryOf(target).split("&"));
  return queryOf(login)
    .split("&")
    .every((part) => part === "" || asked.has(part));
}

export function pathOf(target: string): string {
  return target.split(/[?#]/, 1)[0] ?? "";
}

function queryOf(target: string): string {
  const at = target.indexOf("?");
  return at < 0 ? "" : target.slice(at + 1);
}

/** What a lenient server may make of a path: decoded, without parameters, doubled slashes and dot segments, in lower case. */
function plain(path: string): string {
  let decoded = path;
  for (let round = 0; round < 2; round += 1) {
    decoded = decoded.replace(/%([0-9a-f]{2})/gi, (_found, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  const kept: string[] = [];
  for (const segment of decoded.replaceAll("\\", "/").toLowerCase().split("/")) {
    const [name = ""] = segment.split(";", 1);
    if (name === "..") kept.pop();
    else if (name !== "" && name !== ".") kept.push(name);
  }
  return kept.join("/");
}

// Whole segments: `/view` lets `/view` and `/view/…` through, and not `/viewer`.
function isUnder(target: string, path: string, prefix: string): boolean {
  if (prefix.includes("?")) return target === prefix || target.startsWith(`${prefix}&`);
  return (
    path === prefix ||
    (path.startsWith(prefix) && (prefix.endsWith("/") || path.charAt(prefix.length) === "/"))
  );
}
