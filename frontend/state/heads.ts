import { type Head, limits } from "@/chat/protocol.ts";
import type { ChatState } from "./apply.ts";

/**
 * How far the page has come in the conversations it holds, the most recent ones first.
 *
 * @param end the time of the oldest conversation loaded, null when all are
 */
export function headsOf(
  state: ChatState,
  end: string | null,
): { heads: Record<string, Head>; since: string | null } {
  const held = [...state.held.values()]
    .sort((a, b) => b.view.updatedAt.localeCompare(a.view.updatedAt))
    .slice(0, limits.syncHeads);
  const heads: Record<string, Head> = {};
  for (const { view, windowRev } of held) {
    heads[view.id] = { rev: windowRev ?? view.rev, marksRev: view.marksRev };
  }
  const isCut = state.held.size > limits.syncHeads;
  return { heads, since: isCut ? held[held.length - 1]?.view.updatedAt ?? end : end };
}
