/**
 * How often what may be done: one table, by which every call and frame is counted.
 *
 * @module
 */
import { createRateLimit, type OpenLimiter, type RateLimit } from "@/utils/rate_limit.ts";
import type { Chat } from "./chat.ts";
import { ChatError } from "./errors.ts";

type Allowance = readonly [times: number, seconds: number];

/** By whom something is counted. */
interface Rate {
  connection?: Allowance;
  member?: Allowance;
  /** Wide wherever a member is known: many may sit behind one address. */
  address?: Allowance;
  /** The address that a mail goes to. */
  recipient?: Allowance;
  /** Counted in the database, for all instances together: rare, and worth trying elsewhere. */
  shared?: true;
}

const table = {
  // Before anyone is known there is only the address.
  connect: { address: [600, 60] },
  login: { member: [10, 60], address: [60, 60], shared: true },
  register: { address: [10, 600], shared: true },
  link: { address: [60, 10] },
  refresh: { member: [30, 60], address: [600, 60], shared: true },
  mail: { member: [10, 3_600], recipient: [10, 3_600], shared: true },
  // A connection is closed for the first, so that it ends well above what the others refuse.
  frame: { connection: [300, 10] },
  open: { member: [120, 60] },
  send: { member: [60, 10], address: [1_200, 10] },
  mark: { member: [200, 10], address: [4_000, 10] },
  typing: { member: [30, 10], address: [600, 10] },
  join: { member: [60, 10], address: [1_200, 10] },
  sync: { member: [30, 10], address: [600, 10] },
  search: { member: [60, 10], address: [600, 10] },
  history: { member: [120, 10], address: [2_400, 10] },
  read: { member: [120, 10], address: [2_400, 10] },
  create: { member: [20, 60], address: [200, 60], shared: true },
  settings: { member: [60, 60], address: [600, 60] },
  subscribe: { member: [20, 60], address: [200, 60] },
} as const satisfies Record<string, Rate>;

const kinds = ["connection", "member", "address", "recipient"] as const;
type Kind = typeof kinds[number];

export type RateName = keyof typeof table;
export type Rates = Record<RateName, Partial<Record<Kind, RateLimit>>>;

/** Who does something, as far as it is known. */
export type Doer = Partial<Record<Kind, string>>;

/** @param scale multiplies every allowance */
export function createRates(
  open: { here: OpenLimiter; shared: OpenLimiter },
  scale: number,
): Rates {
  const rates = Object.entries<Rate>(table).map(([name, rate]) => {
    const openLimiter = rate.shared ? open.shared : open.here;
    const limits = kinds.flatMap((kind) => {
      const [times, seconds] = rate[kind] ?? [];
      if (times === undefined || seconds === undefined) return [];
      return [[kind, createRateLimit(openLimiter, `${name}.${kind}`, times * scale, seconds)]];
    });
    return [name, Object.fromEntries(limits)];
  });
  return Object.fromEntries(rates);
}

/**
 * Counts something that somebody does. What a member is refused does not count for their address,
 * so that nobody uses up what is there for all behind it.
 *
 * @throws {ChatError} `rate_limited`, with the seconds to wait
 */
export async function spend(chat: Chat, name: RateName, doer: Doer): Promise<void> {
  const limits = chat.rates[name];
  for (const kind of kinds) {
    const [limit, key] = [limits[kind], doer[kind]];
    if (!limit || key === undefined) continue;
    const wait = await limit.take(key);
    if (wait > 0) throw tooMany(wait);
  }
}

/** The refusal of what is done too often. */
export const tooMany = (retryAfter: number) =>
  new ChatError("rate_limited", `Too many requests: wait ${retryAfter} s`, { retryAfter });
