import { limits } from "@/chat/protocol.ts";

/**
 * Whether a member is active, and after how many milliseconds to look again; null: only when
 * something happens.
 *
 * @param usedAt when they last touched the page, in milliseconds as `now` is
 */
export function activityAt(
  { isVisible, usedAt, now }: { isVisible: boolean; usedAt: number; now: number },
): { active: boolean; nextMs: number | null } {
  // A clock that was put back since counts as time that has passed.
  const leftMs = limits.activeMs - Math.abs(now - usedAt);
  if (!isVisible || leftMs <= 0) return { active: false, nextMs: null };
  return { active: true, nextMs: Math.min(leftMs, limits.activityRepeatMs) };
}
