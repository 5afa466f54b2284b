import type { Context, MiddlewareHandler } from "hono";
import { BlockList, isIP, isIPv6 } from "node:net";

declare module "hono" {
  interface ContextVariableMap {
    clientAddress: string;
  }
}

/** Ranges that no stranger on the internet speaks from. */
const privateRanges = [
  ...["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"],
];

/**
 * Whom a request is counted for: its IPv4 address, or the /64 of its IPv6 address, since that is
 * what a single customer has.
 */
export const clientAddress = (c: Context): string => c.get("clientAddress");

/**
 * Finds out where each request came from.
 *
 * `X-Forwarded-For` is whatever a client says, and behind it what each proxy has added: the address
 * that it was called from. So it is read from its end, for as long as who wrote it is trusted.
 *
 * @param trusted the proxies' ranges. Undefined: one proxy, which is believed if its own address is
 *   private; what it says is not, since private addresses are also what members may come from
 */
export function knowAddress(trusted: string[] | undefined): MiddlewareHandler {
  const proxies = rangesOf(trusted ?? privateRanges);
  const hops = trusted === undefined ? 1 : Infinity;
  return async (c, next) => {
    const info = c.env as { remoteAddr?: Deno.NetAddr } | undefined;
    const forwarded = c.req.header("x-forwarded-for")?.split(",") ?? [];
    let address = plainAddress(info?.remoteAddr?.hostname ?? "") ?? "";
    for (let hop = 0; hop < hops && isWithin(proxies, address); hop++) {
      const before = plainAddress(forwarded.pop() ?? "");
      if (before === undefined) break;
      address = before;
    }
    c.set("clientAddress", isIPv6(address) ? networkOf(address) : address);
    await next();
  };
}

/** @param ranges as `10.0.0.0/8`, `::1/128` */
function rangesOf(ranges: string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  return list;
}

const isWithin = (list: BlockList, address: string) =>
  isIP(address) !== 0 && list.check(address, familyOf(address));

const familyOf = (address: string) => isIPv6(address) ? "ipv6" : "ipv4";

/**
 * An address without what may stand around it, a port or brackets or a zone; one that is IPv4 in
 * IPv6's clothes as IPv4. Undefined if it is none.
 */
function plainAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ??
    /^(\d+(?:\.\d+){3}):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  const address = bare.replace(/%.*$/, "");
  if (!isIPv6(address)) return isIP(address) === 0 ? undefined : address;
  const groups = groupsOf(address);
  if (groups.slice(0, 6).join(":") !== "0:0:0:0:0:ffff") return groups.join(":");
  return groups.slice(6).flatMap((group) => {
    const number = parseInt(group, 16);
    return [number >> 8, number & 255];
  }).join(".");
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): string[] {
  // A URL's host is written in the one canonical way.
  const [before = "", after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (part: string | undefined) => part ? part.split(":") : [];
  const [front, back] = [groups(before), groups(after)];
  return [...front, ...Array(8 - front.length - back.length).fill("0"), ...back];
}

const networkOf = (address: string) => `${address.split(":").slice(0, 4).join(":")}::/64`;
